import { CelError } from '../values/cel-error.ts';
import type { CelValue } from '../values/cel-value.ts';
import { CelUint, toDouble, toInt, toUint } from '../values/numbers.ts';
import { encodeUtf8 } from '../values/utf8.ts';
import type { TokenKind } from './lexer.ts';

/** The value of a literal token; `undefined` when it has none. */
export function parseConstant(kind: TokenKind, text: string): CelValue | undefined {
  switch (kind) {
    case 'int':
      return parseIntLiteral(text);
    case 'uint':
      return parseUintLiteral(text);
    case 'double':
      return parseDoubleLiteral(text);
    case 'string':
      return parseStringLiteral(text);
    case 'bytes':
      return parseBytesLiteral(text);
    case 'null':
      return null;
    default:
      return kind === 'true';
  }
}

/** The int of a literal, its sign included; `undefined` when it does not fit 64 bits. */
function parseIntLiteral(text: string): CelValue | undefined {
  const negative = text.startsWith('-');
  const size = BigInt(negative ? text.slice(1) : text);
  const value = toInt(negative ? -size : size);
  return value instanceof CelError ? undefined : value;
}

function parseUintLiteral(text: string): CelUint | undefined {
  const value = toUint(BigInt(text.slice(0, -1)));
  return value instanceof CelUint ? value : undefined;
}

function parseDoubleLiteral(text: string): CelValue | undefined {
  const value = Number(text);
  return Number.isFinite(value) ? toDouble(value) : undefined;
}

const SIMPLE_ESCAPES = new Map([
  ['a', '\x07'],
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
  ['v', '\v'],
  ['"', '"'],
  ["'", "'"],
  ['\\', '\\'],
  ['?', '?'],
  ['`', '`'],
]);

interface Body {
  readonly text: string;
  readonly raw: boolean;
}

/** The string of a literal with its quotes; `undefined` when an escape names no code point. */
function parseStringLiteral(text: string): string | undefined {
  const body = unwrap(text);
  if (body.raw) return body.text;
  let result = '';
  for (const part of escapesOf(body.text)) {
    if (typeof part === 'string') result += part;
    else if (part.code > 0x10ffff || (part.code >= 0xd800 && part.code <= 0xdfff)) return undefined;
    else result += String.fromCodePoint(part.code);
  }
  return result;
}

/** The bytes of a literal: `\x` and octal escapes are bytes, everything else UTF-8. Unicode escapes are refused. */
function parseBytesLiteral(text: string): Uint8Array | undefined {
  const body = unwrap(text.replace(/^[bB]|(?<=^[rR])[bB]/, ''));
  if (body.raw) return encodeUtf8(body.text);
  const parts: Uint8Array[] = [];
  for (const part of escapesOf(body.text)) {
    if (typeof part === 'string') parts.push(encodeUtf8(part));
    else if (part.unicode) return undefined;
    else parts.push(Uint8Array.of(part.code));
  }
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

function unwrap(text: string): Body {
  const raw = /^[rR]/.test(text);
  const quoted = raw ? text.slice(1) : text;
  const size = quoted.length >= 6 && quoted.startsWith(quoted.charAt(0).repeat(3)) ? 3 : 1;
  // Line endings of literals over several lines are one character, whatever the editor wrote.
  return { text: quoted.slice(size, -size).replaceAll('\r\n', '\n').replaceAll('\r', '\n'), raw };
}

interface Escape {
  readonly code: number;
  readonly unicode: boolean;
}

function* escapesOf(text: string): Generator<string | Escape> {
  let offset = 0;
  while (offset < text.length) {
    const next = text.indexOf('\\', offset);
    if (next !== offset) {
      yield next < 0 ? text.slice(offset) : text.slice(offset, next);
      if (next < 0) return;
    }
    const letter = text.charAt(next + 1);
    const simple = SIMPLE_ESCAPES.get(letter);
    const length = simple === undefined ? escapeLength(letter) : 2;
    if (simple !== undefined) yield simple;
    else yield numericEscape(letter, text.slice(next + 1, next + length));
    offset = next + length;
  }
}

function escapeLength(letter: string): number {
  if (letter === 'U') return 10;
  return letter === 'u' ? 6 : 4;
}

function numericEscape(letter: string, body: string): Escape {
  const octal = letter >= '0' && letter <= '3';
  return {
    code: Number.parseInt(octal ? body : body.slice(1), octal ? 8 : 16),
    unicode: letter === 'u' || letter === 'U',
  };
}
