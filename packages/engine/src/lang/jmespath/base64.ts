import { EvaluationError } from '../../kernel/evaluation-error.ts';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const VALUES: ReadonlyMap<string, number> = new Map([...ALPHABET].map((char, index) => [char, index]));

/** The standard alphabet with padding, of the UTF-8 bytes of `text`. */
export function encodeBase64(text: string): string {
  const bytes = utf8Bytes(text);
  const parts: string[] = [];
  for (let at = 0; at < bytes.length; at += 3) {
    const left = bytes.length - at;
    const group = ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
    parts.push(
      ALPHABET.charAt(group >> 18) + ALPHABET.charAt((group >> 12) & 63),
      left > 1 ? ALPHABET.charAt((group >> 6) & 63) : '=',
      left > 2 ? ALPHABET.charAt(group & 63) : '=',
    );
  }
  return parts.join('');
}

/**
 * The text behind the standard, padded alphabet; line breaks are skipped, bytes that are no UTF-8 become U+FFFD. Errors
 * name the byte, as Go's decoder.
 */
export function decodeBase64(text: string): string | EvaluationError {
  const bytes: number[] = [];
  let group = 0;
  let count = 0;
  let at = 0;
  for (; at < text.length; at++) {
    const char = text.charAt(at);
    if (char === '\n' || char === '\r') continue;
    const value = VALUES.get(char);
    if (value === undefined) break;
    group = (group << 6) | value;
    if (++count === 4) {
      bytes.push((group >> 16) & 255, (group >> 8) & 255, group & 255);
      group = 0;
      count = 0;
    }
  }
  const padding = text.slice(at).replace(/[\r\n]/g, '');
  if (padding !== PADDINGS[count]) return illegalByte(padding === '' ? text.length - count : at);
  if (count >= 2) bytes.push((group >> (count === 2 ? 4 : 10)) & 255);
  if (count === 3) bytes.push((group >> 2) & 255);
  return utf8Text(bytes);
}

/** The end of the text after so many characters of the last group; one alone is never right. */
const PADDINGS: readonly (string | undefined)[] = ['', undefined, '==', '='];

function illegalByte(at: number): EvaluationError {
  return new EvaluationError(`illegal base64 data at input byte ${at}`);
}

/** The UTF-8 bytes of a text. */
export function utf8Bytes(text: string): number[] {
  const bytes: number[] = [];
  for (const char of text) {
    const point = char.codePointAt(0) ?? 0;
    if (point < 0x80) bytes.push(point);
    else if (point < 0x800) bytes.push(0xc0 | (point >> 6), tail(point));
    else if (point < 0x10000) bytes.push(0xe0 | (point >> 12), tail(point >> 6), tail(point));
    else bytes.push(0xf0 | (point >> 18), tail(point >> 12), tail(point >> 6), tail(point));
  }
  return bytes;
}

function tail(bits: number): number {
  return 0x80 | (bits & 0x3f);
}

function utf8Text(bytes: readonly number[]): string {
  const parts: string[] = [];
  let at = 0;
  while (at < bytes.length) {
    const { point, length } = readPoint(bytes, at);
    parts.push(String.fromCodePoint(point));
    at += length;
  }
  return parts.join('');
}

const REPLACEMENT = 0xfffd;

/** The code point at `at`; a byte that starts none, an overlong form or a surrogate is U+FFFD of length 1. */
function readPoint(bytes: readonly number[], at: number): { readonly point: number; readonly length: number } {
  const first = bytes[at] ?? 0;
  if (first < 0x80) return { point: first, length: 1 };
  const length =
    first >= 0xf0 && first < 0xf5 ? 4 : first >= 0xe0 && first < 0xf0 ? 3 : first >= 0xc2 && first < 0xe0 ? 2 : 0;
  let point = first & (0x7f >> length);
  for (let index = 1; index < length; index++) {
    const next = bytes[at + index] ?? 0;
    if ((next & 0xc0) !== 0x80) return { point: REPLACEMENT, length: 1 };
    point = (point << 6) | (next & 0x3f);
  }
  const smallest = length === 4 ? 0x10000 : length === 3 ? 0x800 : 0x80;
  const isValid = length > 0 && point >= smallest && point <= 0x10ffff && (point < 0xd800 || point > 0xdfff);
  return isValid ? { point, length } : { point: REPLACEMENT, length: 1 };
}
