// biome-ignore-all lint/suspicious/noTemplateCurlyInString: Go's replacement templates look like JavaScript's.
import fc from 'fast-check';
import { RE2JS } from 're2js';
import { describe, expect, it } from 'vitest';
import { EvaluationError } from './evaluation-error.ts';
import { compileRegExp, type Regexp } from './regexp.ts';

function compiled(source: string): Regexp {
  const regexp = compileRegExp(source);
  if (regexp instanceof EvaluationError) throw new Error(regexp.message);
  return regexp;
}

describe('test', () => {
  it.each<[string, string, boolean]>([
    ['b+', 'abbc', true],
    ['^b', 'ab', false],
    ['(?i)ABC', 'xabcx', true],
    ['^https://github\\.com/.+$', 'https://github.com/a', true],
    ['\\pL', 'ä', true],
    ['a$', 'a\n', false],
    ['', 'x', true],
    ['^$', '', true],
    ['^$', 'a', false],
    ['.', '\n', false],
  ])('%j on %j is %s', (source, text, expected) => {
    expect(compiled(source).test(text)).toBe(expected);
  });

  it.each(['(', 'a(?=b)', '(?<=a)b', '\\1', '[', 'a{1001}', 'x'.repeat(20_000)])('%j is refused', (source) => {
    const error = compileRegExp(source);
    expect(error).toBeInstanceOf(EvaluationError);
    expect((error as EvaluationError).message).toMatch(/^error parsing regexp: /);
  });

  it('plain sources agree with the machine', () => {
    const pieces = fc
      .array(fc.constantFrom('a', 'b', '-', '/', ' ', ':', 'é'), { maxLength: 4 })
      .map((all) => all.join(''));
    const sources = fc
      .tuple(fc.boolean(), pieces, fc.boolean())
      .map(([start, body, end]) => `${start ? '^' : ''}${body}${end ? '$' : ''}`);
    fc.assert(
      fc.property(sources, pieces, (source, text) => {
        expect(compiled(source).test(text)).toBe(RE2JS.compile(source).matcher(text).find());
      }),
      { numRuns: 2000 },
    );
  });

  it('is linear on hostile texts', () => {
    const started = performance.now();
    expect(compiled('^(a+)+$').test(`${'a'.repeat(50_000)}b`)).toBe(false);
    expect(performance.now() - started).toBeLessThan(2000);
  });
});

describe('replaceAll', () => {
  it.each<[string, string, string, string]>([
    ['([Hh]e|G)l', 'Hello world, helworldlo', '${2}G', 'Glo world, Gworldlo'],
    ['(?P<x>b)', 'abc', '[$x]', 'a[b]c'],
    ['b', 'abc', '$$', 'a$c'],
    ['(b)', 'abc', '$1x', 'ac'],
    ['(b)', 'abc', '${1}x', 'abxc'],
    ['b', 'abc', '$-', 'a$-c'],
    ['a*', 'baaac', 'x', 'xbxcx'],
    ['', '𝒳y', '-', '-𝒳-y-'],
    ['z', 'abc', 'x', 'abc'],
    ['(b)', 'abc', '${constructor}', 'ac'],
  ])('%j in %j by %j', (source, text, replacement, expected) => {
    expect(compiled(source).replaceAll(text, replacement)).toBe(expected);
  });

  it('takes a literal as it is', () => {
    expect(compiled('b').replaceAll('abc', '$0', { literal: true })).toBe('a$0c');
  });
});
