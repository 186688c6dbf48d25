import { describe, expect, it } from 'vitest';
import { formatLabelSelector, type LabelSelector, matchesLabelSelector } from './label-selector.ts';

const labels = { app: 'web', tier: '', constructor: 'x' };

describe('matchesLabelSelector', () => {
  it.each<[string, LabelSelector | undefined, Record<string, string> | undefined, boolean]>([
    ['absent selector', undefined, labels, false],
    ['empty selector', {}, undefined, true],
    ['equal', { matchLabels: { app: 'web' } }, labels, true],
    ['not equal', { matchLabels: { app: 'db' } }, labels, false],
    ['empty value is a value', { matchLabels: { tier: '' } }, labels, true],
    ['empty value is not absence', { matchLabels: { zone: '' } }, labels, false],
    ['inherited names are no labels', { matchExpressions: [{ key: 'toString', operator: 'Exists' }] }, labels, false],
    ['own name of the prototype', { matchLabels: { constructor: 'x' } }, labels, true],
    ['In', { matchExpressions: [{ key: 'app', operator: 'In', values: ['db', 'web'] }] }, labels, true],
    ['In without values', { matchExpressions: [{ key: 'app', operator: 'In' }] }, labels, false],
    ['NotIn', { matchExpressions: [{ key: 'app', operator: 'NotIn', values: ['web'] }] }, labels, false],
    ['NotIn on an absent key', { matchExpressions: [{ key: 'zone', operator: 'NotIn', values: ['a'] }] }, labels, true],
    ['Exists', { matchExpressions: [{ key: 'tier', operator: 'Exists' }] }, labels, true],
    ['DoesNotExist', { matchExpressions: [{ key: 'zone', operator: 'DoesNotExist' }] }, labels, true],
    [
      'DoesNotExist with values',
      { matchExpressions: [{ key: 'zone', operator: 'DoesNotExist', values: ['a'] }] },
      labels,
      false,
    ],
    ['unknown operator', { matchExpressions: [{ key: 'app', operator: 'in', values: ['web'] }] }, labels, false],
    [
      'all must hold',
      { matchLabels: { app: 'web' }, matchExpressions: [{ key: 'zone', operator: 'Exists' }] },
      labels,
      false,
    ],
  ])('%s', (_, selector, given, expected) => {
    expect(matchesLabelSelector(selector, given)).toBe(expected);
  });
});

it('formatLabelSelector', () => {
  expect(
    formatLabelSelector({
      matchLabels: { a: 'b' },
      matchExpressions: [
        { key: 'c', operator: 'In', values: ['d', 'e'] },
        { key: 'f', operator: 'NotIn', values: ['g'] },
        { key: 'h', operator: 'Exists' },
        { key: 'i', operator: 'DoesNotExist' },
      ],
    }),
  ).toBe('a=b,c in (d,e),f notin (g),h,!i');
  expect(formatLabelSelector({})).toBe('');
});
