import { describe, expect, it } from 'vitest';
import { PlaceholderProblem, scanPlaceholders } from './scan-placeholders.ts';

/** Placeholders in brackets, so that a row is one line. */
function shown(text: string): string {
  const segments = scanPlaceholders(text);
  if (segments instanceof PlaceholderProblem) return segments.message;
  return segments.map((segment) => (segment.kind === 'text' ? segment.text : `[${segment.expression}]`)).join('');
}

describe('placeholders', () => {
  it.each([
    ['plain', 'plain'],
    ['(( a ))', '[a]'],
    ['x-(( a ))-(( b ))', 'x-[a]-[b]'],
    ['(( f(g(a)) ))', '[f(g(a))]'],
    ['((f(a)))', '[f(a)]'],
    // The first `))` at depth 0 ends it, not one in a text.
    [`(( '))' ))`, `['))']`],
    [`(( "a\\"))" ))`, `["a\\"))"]`],
    ['\\(( a ))', '(( a ))'],
    ['a ) b )) c', 'a ) b )) c'],
    ['(', '('],
    ['(())', 'empty placeholder at offset 0'],
    ['ab(( ))', 'empty placeholder at offset 2'],
    ['(( a', "unterminated placeholder starting at offset 0: missing closing '))'"],
    ['(( a )', 'unbalanced parenthesis in placeholder starting at offset 0'],
    ["x(( 'a ))", 'unterminated string literal in placeholder starting at offset 1'],
    // Triple quotes are three quotes to it: as upstream, what stands in them can be misread, but only as an error.
    [`(( '''it's''' ))`, 'unterminated string literal in placeholder starting at offset 0'],
  ])('%s', (text, expected) => {
    expect(shown(text)).toBe(expected);
  });

  it('reads a hundred thousand openings in one walk', () => {
    expect(shown('(('.repeat(100_000))).toContain('missing closing');
    expect(shown('\\(('.repeat(100_000))).toHaveLength(200_000);
  });
});
