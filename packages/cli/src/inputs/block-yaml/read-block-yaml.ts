import type { Json } from '@vouchsafe/engine/kernel';
import { readBlockScalar } from './block-scalar.ts';
import {
  BAR,
  COLON,
  type Cursor,
  createCursor,
  DASH,
  DOT,
  DOUBLE_QUOTE,
  endLine,
  GREATER,
  HASH,
  isLast,
  NEWLINE,
  OPEN_BRACE,
  OPEN_BRACKET,
  refuse,
  SINGLE_QUOTE,
  skipSpaces,
  toNextLine,
} from './cursor.ts';
import { readFlow } from './flow-collection.ts';
import type { Places } from './places.ts';
import { plainValue, scanPlain } from './plain-scalar.ts';
import { readQuoted } from './quoted-scalar.ts';

/** Deeper nesting is the library's to judge. */
const DEPTH = 64;

/**
 * One document of block YAML as Kubernetes' tools write it, read in one pass: mappings, lists, scalars of every style on
 * one line and block scalars, brackets on one line, comments. `undefined` for anything else, which may be valid or not:
 * it is for the library to read. What is answered is what the library answers.
 *
 * @param start of the document in `text`, at the start of a line: behind the `---` if there is one
 * @param end behind the document; no carriage returns are before it
 * @param places notes where everything is written
 * @returns null for a document that says nothing
 */
export function readBlockYaml(text: string, start: number, end: number, places?: Places): Json | undefined {
  const cursor = createCursor(text, start, end, places);
  toNextLine(cursor);
  if (cursor.indent < 0) return cursor.refused ? undefined : null;
  const from = cursor.at;
  const code = text.charCodeAt(from);
  const isFlow = code === OPEN_BRACE || code === OPEN_BRACKET;
  const value = isFlow ? ended(cursor, readFlow(cursor, -1, DEPTH), -1) : readNode(cursor, DEPTH);
  places?.setRoot(from, cursor.valueEnd);
  return cursor.refused || cursor.indent >= 0 ? undefined : value;
}

/** A collection that begins where the cursor stands. */
function readNode(cursor: Cursor, depth: number): Json {
  if (depth === 0) return refuse(cursor);
  if (isEntry(cursor)) return readList(cursor, cursor.indent, depth);
  const { at, indent } = cursor;
  const key = readKey(cursor);
  return key === undefined ? null : readMapping(cursor, indent, { key, at }, depth);
}

function isEntry(cursor: Cursor): boolean {
  return cursor.text.charCodeAt(cursor.at) === DASH && isLast(cursor, cursor.at);
}

/** A mapping whose keys are at `column`, the first of which is read. */
function readMapping(cursor: Cursor, column: number, first: { key: string; at: number }, depth: number): Json {
  const object: Record<string, Json> = {};
  let key: string | undefined = first.key;
  let { at } = first;
  while (key !== undefined) {
    if (cursor.places?.addKey(object, key, at, cursor.to) === false) return refuse(cursor);
    object[key] = readValue(cursor, column, depth);
    at = cursor.at;
    key = cursor.indent === column ? readKey(cursor) : undefined;
  }
  cursor.valueEnd = cursor.behind;
  return cursor.indent > column ? refuse(cursor) : object;
}

/** To behind its colon. `undefined`: refused. */
function readKey(cursor: Cursor): string | undefined {
  const { text, at: from } = cursor;
  const code = text.charCodeAt(from);
  let key: Json | undefined;
  if (code === DOUBLE_QUOTE || code === SINGLE_QUOTE) {
    key = readQuoted(cursor);
    cursor.to = cursor.at;
    if (text.charCodeAt(cursor.at) !== COLON || !isLast(cursor, cursor.at)) key = undefined;
  } else if (startsPlain(cursor, code) && scanPlain(cursor)) {
    key = plainValue(cursor, from);
  }
  if (cursor.refused || typeof key !== 'string' || key === '__proto__' || key.length > LONGEST_KEY) {
    refuse(cursor);
    return undefined;
  }
  cursor.at += 1;
  return key;
}

/** A longer one is none to YAML. */
const LONGEST_KEY = 512;

/** What begins no plain scalar, or may begin something else. */
const INDICATORS = new Set([...'?:,[]{}#&*!|>\'"%@`'].map((character) => character.charCodeAt(0)));

function startsPlain(cursor: Cursor, code: number): boolean {
  if (code === DASH) return !isLast(cursor, cursor.at);
  // Three dots end a document.
  return !INDICATORS.has(code) && !(code === DOT && cursor.text.startsWith('...', cursor.at));
}

/** What follows a key of a mapping at `column`; goes on to the line behind it. */
function readValue(cursor: Cursor, column: number, depth: number): Json {
  if (!standsOnLine(cursor)) {
    if (cursor.indent > column) return readNode(cursor, depth - 1);
    return cursor.indent === column && isEntry(cursor) ? readList(cursor, column, depth - 1) : null;
  }
  const from = cursor.at;
  const code = cursor.text.charCodeAt(from);
  if (!startsPlain(cursor, code)) return readStyled(cursor, code, column, depth);
  return scanPlain(cursor) ? refuse(cursor) : endPlain(cursor, from, column);
}

/** Whether something follows on the line; else to the next one. */
function standsOnLine(cursor: Cursor): boolean {
  const before = cursor.at;
  skipSpaces(cursor);
  const { text, at, end } = cursor;
  if (at < end) {
    const code = text.charCodeAt(at);
    if (code !== NEWLINE && (code !== HASH || at === before)) return true;
  }
  endLine(cursor);
  return false;
}

function endPlain(cursor: Cursor, from: number, column: number): Json {
  const value = plainValue(cursor, from);
  cursor.valueEnd = cursor.to;
  endLine(cursor);
  // A deeper line would go on with the text.
  return value === undefined || cursor.indent > column ? refuse(cursor) : value;
}

/** A value that an indicator begins. */
function readStyled(cursor: Cursor, code: number, column: number, depth: number): Json {
  switch (code) {
    case BAR:
    case GREATER:
      return readBlockScalar(cursor, column);
    case DOUBLE_QUOTE:
    case SINGLE_QUOTE:
      return ended(cursor, readQuoted(cursor), column);
    case OPEN_BRACKET:
    case OPEN_BRACE:
      return ended(cursor, readFlow(cursor, column, depth), column);
    default:
      return refuse(cursor);
  }
}

function ended(cursor: Cursor, value: Json, column: number): Json {
  cursor.valueEnd = cursor.at;
  endLine(cursor);
  return cursor.indent > column ? refuse(cursor) : value;
}

/** A list whose dashes are at `column`. */
function readList(cursor: Cursor, column: number, depth: number): Json {
  if (depth <= 0) return refuse(cursor);
  const list: Json[] = [];
  while (cursor.indent === column && isEntry(cursor)) {
    const dash = cursor.at;
    cursor.at += 1;
    list.push(readEntry(cursor, column, dash, list, depth));
  }
  cursor.valueEnd = cursor.behind;
  return cursor.indent > column ? refuse(cursor) : list;
}

function readEntry(cursor: Cursor, column: number, dash: number, list: object, depth: number): Json {
  if (standsOnLine(cursor)) {
    const from = cursor.at;
    cursor.indent = column + from - dash;
    const value = readOnLine(cursor, column, from, depth);
    cursor.places?.addItem(list, from, cursor.valueEnd);
    return value;
  }
  const isNull = cursor.indent <= column;
  const from = isNull ? dash + 1 : cursor.at;
  const value = isNull ? null : readNode(cursor, depth - 1);
  cursor.places?.addItem(list, from, isNull ? from : cursor.valueEnd);
  return value;
}

/** What follows a dash on its line. */
function readOnLine(cursor: Cursor, column: number, from: number, depth: number): Json {
  if (isEntry(cursor)) return readList(cursor, cursor.indent, depth - 1);
  const { text } = cursor;
  const code = text.charCodeAt(from);
  if (code === DOUBLE_QUOTE || code === SINGLE_QUOTE) {
    const quoted = readQuoted(cursor);
    if (text.charCodeAt(cursor.at) !== COLON) return ended(cursor, quoted, column);
    cursor.at = from;
    return cursor.refused ? null : readNode(cursor, depth - 1);
  }
  if (!startsPlain(cursor, code)) return readStyled(cursor, code, column, depth);
  if (!scanPlain(cursor)) return endPlain(cursor, from, column);
  cursor.at = from;
  return readNode(cursor, depth - 1);
}
