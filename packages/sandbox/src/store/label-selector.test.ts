import { describe, expect, it } from 'vitest';
import { parseLabelSelector, selectorFromObject } from './label-selector.ts';

describe('parseLabelSelector', () => {
  const labels = { app: 'web', tier: 'front', n: '5', empty: '' };

  it.each([
    ['', true],
    ['app=web', true],
    ['app==web,tier=front', true],
    ['app!=web', false],
    ['missing!=x', true],
    ['app', true],
    ['!app', false],
    ['!missing', true],
    ['app in (web, api)', true],
    ['app notin (web,api)', false],
    ['missing notin (a)', true],
    ['n>4,n<6', true],
    ['n>5', false],
    ['empty=', true],
    ['in in (x)', false],
    ['app in (web),!missing , tier', true],
  ])('%s selects: %s', (text, expected) => {
    const parsed = parseLabelSelector(text);
    expect(parsed.ok && parsed.selector.matches(labels)).toBe(expected);
  });

  it.each([
    ['a===b in', "unable to parse requirement: found '=', expected: identifier"],
    ['a in b', "unable to parse requirement: found 'b' expected: '('"],
    ['a,,b', "found ',', expected: identifier after ','"],
    ['=a', "found '=', expected: !, identifier, or 'end of string'"],
    ['a b', "unable to parse requirement: found 'b', expected: notin, =, ==, !=, gt, lt, in"],
  ])('refuses %s', (text, message) => {
    expect(parseLabelSelector(text)).toEqual({ ok: false, message });
  });

  it('does not take inherited members for labels', () => {
    const parsed = parseLabelSelector('constructor');
    expect(parsed.ok && parsed.selector.matches({})).toBe(false);
  });
});

describe('selectorFromObject', () => {
  it.each([
    ['nothing when absent', undefined, false],
    ['everything when empty', {}, true],
    ['by labels', { matchLabels: { a: 'b' } }, true],
    ['by another value', { matchLabels: { a: 'c' } }, false],
    ['by expression', { matchExpressions: [{ key: 'a', operator: 'In', values: ['b', 'c'] }] }, true],
    ['by absence', { matchExpressions: [{ key: 'z', operator: 'DoesNotExist' }] }, true],
    ['nothing for an unknown operator', { matchExpressions: [{ key: 'a', operator: 'Like', values: ['b'] }] }, false],
  ])('selects %s', (_name, selector, expected) => {
    expect(selectorFromObject(selector).matches({ a: 'b' })).toBe(expected);
  });
});
