import type { Json } from '@vouchsafe/engine/kernel';
import {
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COLON,
  COMMA,
  type Cursor,
  DOUBLE_QUOTE,
  isLast,
  NEWLINE,
  OPEN_BRACE,
  OPEN_BRACKET,
  refuse,
  SINGLE_QUOTE,
  SPACE,
  skipSpaces,
} from './cursor.ts';
import { resolvePlain } from './plain-scalar.ts';
import { readQuoted } from './quoted-scalar.ts';

/**
 * A list or mapping in brackets, nested at most so deep; leaves `at` behind it. Its further lines are indented by more
 * than `column`, the collection's that it is a value of.
 */
export function readFlow(cursor: Cursor, column: number, depth: number): Json {
  if (depth <= 0) return refuse(cursor);
  const { text, at } = cursor;
  return text.charCodeAt(at) === OPEN_BRACKET ? readList(cursor, column, depth) : readMapping(cursor, column, depth);
}

function readList(cursor: Cursor, column: number, depth: number): Json {
  const list: Json[] = [];
  if (isEmpty(cursor, column, CLOSE_BRACKET)) return list;
  do {
    const from = cursor.at;
    list.push(readItem(cursor, column, depth));
    cursor.places?.addItem(list, from, cursor.valueEnd);
  } while (hasMore(cursor, column, CLOSE_BRACKET));
  return list;
}

function readMapping(cursor: Cursor, column: number, depth: number): Json {
  const object: Record<string, Json> = {};
  if (isEmpty(cursor, column, CLOSE_BRACE)) return object;
  do {
    const from = cursor.at;
    const isQuoted = isQuote(cursor.text.charCodeAt(from));
    const key = readScalar(cursor);
    const { text, at } = cursor;
    const separates = text.charCodeAt(at) === COLON && (isQuoted || isLast(cursor, at));
    if (typeof key !== 'string' || key === '__proto__' || !separates) return refuse(cursor);
    if (cursor.places?.addKey(object, key, from, cursor.valueEnd) === false) return refuse(cursor);
    cursor.at += 1;
    skipBlanks(cursor, column);
    object[key] = readItem(cursor, column, depth);
  } while (hasMore(cursor, column, CLOSE_BRACE));
  return object;
}

/** Over spaces and line ends. Comments are the library's. */
function skipBlanks(cursor: Cursor, column: number): void {
  skipSpaces(cursor);
  const { text, end } = cursor;
  while (cursor.at < end && text.charCodeAt(cursor.at) === NEWLINE) {
    const start = cursor.at + 1;
    cursor.at = start;
    skipSpaces(cursor);
    const isBlank = cursor.at >= end || text.charCodeAt(cursor.at) === NEWLINE;
    if (!isBlank && cursor.at - start <= column) refuse(cursor);
  }
}

function isEmpty(cursor: Cursor, column: number, close: number): boolean {
  cursor.at += 1;
  skipBlanks(cursor, column);
  if (cursor.text.charCodeAt(cursor.at) !== close) return false;
  cursor.at += 1;
  cursor.valueEnd = cursor.at;
  return true;
}

/** Over a comma; `false` behind the closing bracket. */
function hasMore(cursor: Cursor, column: number, close: number): boolean {
  if (cursor.refused) return false;
  skipBlanks(cursor, column);
  const code = cursor.text.charCodeAt(cursor.at);
  cursor.at += 1;
  cursor.valueEnd = cursor.at;
  if (code === close) return false;
  if (code !== COMMA) refuse(cursor);
  skipBlanks(cursor, column);
  return code === COMMA;
}

function readItem(cursor: Cursor, column: number, depth: number): Json {
  const code = cursor.text.charCodeAt(cursor.at);
  return code === OPEN_BRACKET || code === OPEN_BRACE ? readFlow(cursor, column, depth - 1) : readScalar(cursor);
}

function isQuote(code: number): boolean {
  return code === SINGLE_QUOTE || code === DOUBLE_QUOTE;
}

/** Letters, digits and what names, versions and paths are made of: anything else may mean something. */
const PLAIN = /[A-Za-z0-9._/$(-][A-Za-z0-9._/$()@+*= -]*/y;

function readScalar(cursor: Cursor): Json {
  const { text } = cursor;
  if (isQuote(text.charCodeAt(cursor.at))) {
    const quoted = readQuoted(cursor);
    cursor.valueEnd = cursor.at;
    skipSpaces(cursor);
    return quoted;
  }
  PLAIN.lastIndex = cursor.at;
  const [found = ''] = PLAIN.exec(text) ?? [];
  if (found === '' || /^-(?: |$)/.test(found)) return refuse(cursor);
  cursor.at += found.length;
  const written = trimEnd(found);
  cursor.valueEnd = cursor.at - found.length + written.length;
  const value = resolvePlain(written);
  return value === undefined ? refuse(cursor) : value;
}

function trimEnd(text: string): string {
  let length = text.length;
  while (length > 0 && text.charCodeAt(length - 1) === SPACE) length -= 1;
  return text.slice(0, length);
}
