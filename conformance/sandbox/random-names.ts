import { randomBytes } from 'node:crypto';

/** Replaces the kind, group, manager and object names of the recordings by random ones of the same order. */
export function randomNames(): (text: string) => string {
  const letters = (length: number): string =>
    Array.from(randomBytes(length), (byte) => 'abcdefghijklmnopqrstuvwxyz'.charAt(byte % 26)).join('');
  const word = `q${letters(7)}`;
  const kind = `${word.charAt(0).toUpperCase()}${word.slice(1)}`;
  const group = `${letters(6)}.${letters(4)}.io`;
  const replacements: readonly (readonly [RegExp, string])[] = [
    [/Widget/g, kind],
    [/Gadget/g, `Z${letters(6)}`],
    [/widget/g, word],
    // The quoted one stands in a fixed error text.
    [/(?<!')example\.com/g, group],
    [/\bfm\b/g, `fm${letters(3)}`],
    [/\bzzz\b/g, `zz${letters(4)}`],
    [/\bcolor\b/g, `color${letters(3)}`],
    [/\bred\b/g, letters(5)],
    [/\bwd\b/g, `w${letters(3)}`],
  ];
  const fixed = replacements.map(([pattern, value]) => [pattern, value] as const);
  return (text) => fixed.reduce((result, [pattern, value]) => result.replaceAll(pattern, value), text);
}
