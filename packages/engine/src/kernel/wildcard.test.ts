import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileWildcard, matchWildcard } from './wildcard.ts';

describe('matchWildcard', () => {
  it.each<[string, string, boolean]>([
    ['', '', true],
    ['', 'a', false],
    ['*', '', true],
    ['?', '', false],
    ['?', 'a', true],
    ['?', 'ab', false],
    ['?', '𝒳', true],
    ['??', '𝒳', false],
    ['?*', '', false],
    ['?*', '𝒳', true],
    ['a*', 'a/b/c', true],
    ['*c', 'a/b/c', true],
    ['a*b*c', 'abc', true],
    ['a*b*c', 'acb', false],
    ['ab*ba', 'aba', false],
    ['*:latest', 'nginx:latest', true],
    ['!*:*', '!*:*', true],
    ['a.c', 'abc', false],
    ['a\\*', 'a*', false],
    ['*a?c*', 'xxabcx', true],
    ['*?b', 'b', false],
    ['**', 'x', true],
    ['192.168.?.*', '192.168.1.77', true],
    ['A', 'a', false],
  ])('%j ~ %j is %s', (pattern, text, expected) => {
    expect(matchWildcard(pattern, text)).toBe(expected);
  });

  it('agrees with the plain definition', () => {
    const alphabet = fc.array(fc.constantFrom('a', 'b', '*', '?', '𝒳'), { maxLength: 8 });
    const texts = fc.array(fc.constantFrom('a', 'b', '𝒳'), { maxLength: 8 });
    fc.assert(
      fc.property(alphabet, texts, (pattern, text) => {
        expect(matchWildcard(pattern.join(''), text.join(''))).toBe(matchesByDefinition(pattern, text));
      }),
      { numRuns: 5000 },
    );
  });

  it.each([
    [`*${'a'.repeat(100_000)}b*`, 'a'.repeat(200_000)],
    [`${'*a'.repeat(5000)}*b`, 'a'.repeat(200_000)],
    [`*${'a'.repeat(20_000)}?b*`, 'a'.repeat(100_000)],
  ])('is fast on hostile texts', (pattern, text) => {
    const started = performance.now();
    expect(compileWildcard(pattern)(text)).toBe(false);
    expect(performance.now() - started).toBeLessThan(1500);
  });
});

function matchesByDefinition(pattern: readonly string[], text: readonly string[]): boolean {
  const [first, ...rest] = pattern;
  if (first === undefined) return text.length === 0;
  if (first === '*')
    return matchesByDefinition(rest, text) || (text.length > 0 && matchesByDefinition(pattern, text.slice(1)));
  return text.length > 0 && (first === '?' || first === text[0]) && matchesByDefinition(rest, text.slice(1));
}
