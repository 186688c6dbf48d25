import type { Json } from '@vouchsafe/engine/kernel';
import {
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COLON,
  COMMA,
  type Cursor,
  DOUBLE_QUOTE,
  isLast,
  OPEN_BRACE,
  OPEN_BRACKET,
  refuse,
  SINGLE_QUOTE,
  SPACE,
  skipSpaces,
} from './cursor.ts';
import { resolvePlain } from './plain-scalar.ts';
import { readQuoted } from './quoted-scalar.ts';

/** A list or mapping in brackets on one line, nested at most so deep; leaves `at` behind it. */
export function readFlow(cursor: Cursor, depth: number): Json {
  if (depth === 0) return refuse(cursor);
  return cursor.text.charCodeAt(cursor.at) === OPEN_BRACKET ? readList(cursor, depth) : readMapping(cursor, depth);
}

function readList(cursor: Cursor, depth: number): Json {
  const list: Json[] = [];
  if (isEmpty(cursor, CLOSE_BRACKET)) return list;
  do list.push(readItem(cursor, depth));
  while (hasMore(cursor, CLOSE_BRACKET));
  return list;
}

function readMapping(cursor: Cursor, depth: number): Json {
  const object: Record<string, Json> = {};
  if (isEmpty(cursor, CLOSE_BRACE)) return object;
  do {
    const isQuoted = isQuote(cursor.text.charCodeAt(cursor.at));
    const key = readScalar(cursor);
    const { text, at } = cursor;
    const separates = text.charCodeAt(at) === COLON && (isQuoted || isLast(cursor, at));
    if (typeof key !== 'string' || key === '__proto__' || !separates) return refuse(cursor);
    cursor.at += 1;
    skipSpaces(cursor);
    object[key] = readItem(cursor, depth);
  } while (hasMore(cursor, CLOSE_BRACE));
  return object;
}

function isEmpty(cursor: Cursor, close: number): boolean {
  cursor.at += 1;
  skipSpaces(cursor);
  if (cursor.text.charCodeAt(cursor.at) !== close) return false;
  cursor.at += 1;
  return true;
}

/** Over a comma; `false` behind the closing bracket. */
function hasMore(cursor: Cursor, close: number): boolean {
  if (cursor.refused) return false;
  skipSpaces(cursor);
  const code = cursor.text.charCodeAt(cursor.at);
  cursor.at += 1;
  if (code === close) return false;
  if (code !== COMMA) refuse(cursor);
  skipSpaces(cursor);
  return code === COMMA;
}

function readItem(cursor: Cursor, depth: number): Json {
  const code = cursor.text.charCodeAt(cursor.at);
  return code === OPEN_BRACKET || code === OPEN_BRACE ? readFlow(cursor, depth - 1) : readScalar(cursor);
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
    skipSpaces(cursor);
    return quoted;
  }
  PLAIN.lastIndex = cursor.at;
  const [found = ''] = PLAIN.exec(text) ?? [];
  if (found === '' || /^-(?: |$)/.test(found)) return refuse(cursor);
  cursor.at += found.length;
  const value = resolvePlain(trimEnd(found));
  return value === undefined ? refuse(cursor) : value;
}

function trimEnd(text: string): string {
  let length = text.length;
  while (length > 0 && text.charCodeAt(length - 1) === SPACE) length -= 1;
  return text.slice(0, length);
}
