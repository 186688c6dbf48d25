/** How a scalar is written, as the reader of YAML calls it. */
export type ScalarStyle = 'PLAIN' | 'QUOTE_SINGLE' | 'QUOTE_DOUBLE' | 'BLOCK_LITERAL' | 'BLOCK_FOLDED';

/**
 * Where a character of a scalar's value is written, as an offset into the source. Folding and indentation change white space
 * alone, so the characters between are counted; `undefined` when the source does not hold as many.
 *
 * @param start where the scalar begins: its quote, the header of its block
 * @param offset in UTF-16 units of the value
 */
export function placeInScalar(
  source: string,
  start: number,
  style: ScalarStyle,
  value: string,
  offset: number,
): number | undefined {
  let wanted = value.slice(0, offset).replace(/\s+/g, '').length;
  // The end of the value, or white space: right behind what is before it.
  const isBehind = offset >= value.length || /\s/.test(value.charAt(offset));
  if (isBehind) wanted -= 1;
  if (wanted < 0) return start;
  let at = bodyOf(source, start, style);
  while (at < source.length) {
    const [length, shown] = tokenAt(source, at, style);
    if (length === 0) return undefined;
    if (shown > 0) {
      if (wanted < shown) return isBehind ? at + length : at;
      wanted -= shown;
    }
    at += length;
  }
  return undefined;
}

/** Where the text itself begins. */
function bodyOf(source: string, start: number, style: ScalarStyle): number {
  if (style === 'PLAIN') return start;
  if (style === 'QUOTE_SINGLE' || style === 'QUOTE_DOUBLE') return start + 1;
  const end = source.indexOf('\n', start);
  return end < 0 ? source.length : end + 1;
}

/** The next piece of the source: its length (0 at the end of the scalar), and how many characters it shows that are not white. */
function tokenAt(source: string, at: number, style: ScalarStyle): readonly [length: number, shown: number] {
  const character = source.charAt(at);
  if (style === 'QUOTE_SINGLE' && character === "'") return source.charAt(at + 1) === "'" ? [2, 1] : [0, 0];
  if (style === 'QUOTE_DOUBLE') {
    if (character === '"') return [0, 0];
    if (character === '\\') return escapeAt(source, at);
  }
  return [1, /\s/.test(character) ? 0 : 1];
}

const HEX_LENGTHS: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };

function escapeAt(source: string, at: number): readonly [length: number, shown: number] {
  const character = source.charAt(at + 1);
  const digits = HEX_LENGTHS[character];
  if (digits === undefined) return [2, /[\snrtvfNLP_]/.test(character) ? 0 : 1];
  const code = Number.parseInt(source.slice(at + 2, at + 2 + digits), 16);
  const text = Number.isNaN(code) || code > 0x10ffff ? '' : String.fromCodePoint(code);
  return [2 + digits, text.replace(/\s+/g, '').length];
}
