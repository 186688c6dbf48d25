import { BACKSLASH, type Cursor, DOUBLE_QUOTE, NEWLINE, refuse, SINGLE_QUOTE, SPACE } from './cursor.ts';

/** A quoted scalar on one line, in either kind of quotes; leaves `at` behind it. */
export function readQuoted(cursor: Cursor): string {
  return cursor.text.charCodeAt(cursor.at) === SINGLE_QUOTE ? readSingle(cursor) : readDouble(cursor);
}

function readSingle(cursor: Cursor): string {
  const { text, end } = cursor;
  const from = cursor.at + 1;
  let hasQuotes = false;
  for (let at = from; at < end; at += 1) {
    const code = text.charCodeAt(at);
    if (code < SPACE) break;
    if (code !== SINGLE_QUOTE) continue;
    if (at + 1 < end && text.charCodeAt(at + 1) === SINGLE_QUOTE) {
      hasQuotes = true;
      at += 1;
      continue;
    }
    cursor.at = at + 1;
    const inner = text.slice(from, at);
    return hasQuotes ? inner.replaceAll("''", "'") : inner;
  }
  refuse(cursor);
  return '';
}

function readDouble(cursor: Cursor): string {
  const { text, end } = cursor;
  const from = cursor.at + 1;
  let hasEscapes = false;
  for (let at = from; at < end; at += 1) {
    const code = text.charCodeAt(at);
    if (code < SPACE) break;
    if (code === BACKSLASH) {
      hasEscapes = true;
      at += 1;
      if (text.charCodeAt(at) === NEWLINE) break;
    } else if (code === DOUBLE_QUOTE) {
      cursor.at = at + 1;
      return hasEscapes ? fromEscapes(cursor, from - 1, at + 1) : text.slice(from, at);
    }
  }
  refuse(cursor);
  return '';
}

/** Escapes that JSON has mean the same in YAML; the others are left to the library. */
function fromEscapes(cursor: Cursor, from: number, to: number): string {
  try {
    const value: unknown = JSON.parse(cursor.text.slice(from, to));
    if (typeof value === 'string') return value;
  } catch {
    // An escape of YAML's own.
  }
  refuse(cursor);
  return '';
}
