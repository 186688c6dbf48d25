import type { Places } from './places.ts';

/** Where a reader of block YAML stands in a document. Moved by all functions of this folder. */
export interface Cursor {
  readonly text: string;
  /** Behind the last character of the document. */
  readonly end: number;
  at: number;
  /** The column of what `at` stands before; -1 behind the last line. */
  indent: number;
  /** Something was met that only the library understands: the document is handed over. */
  refused: boolean;
  /** What the last plain scalar ended before, blanks left out. */
  to: number;
  /** Of the characters of the last plain scalar. */
  hash: number;
  /** Behind the last value. */
  valueEnd: number;
  /** Behind the line of the last value. */
  behind: number;
  /** Notes where everything is written; absent while nobody asks. */
  readonly places: Places | undefined;
}

export const TAB = 0x09;
export const NEWLINE = 0x0a;
export const SPACE = 0x20;
export const DOUBLE_QUOTE = 0x22;
export const HASH = 0x23;
export const SINGLE_QUOTE = 0x27;
export const PLUS = 0x2b;
export const COMMA = 0x2c;
export const DASH = 0x2d;
export const DOT = 0x2e;
export const COLON = 0x3a;
export const GREATER = 0x3e;
export const OPEN_BRACKET = 0x5b;
export const BACKSLASH = 0x5c;
export const CLOSE_BRACKET = 0x5d;
export const OPEN_BRACE = 0x7b;
export const BAR = 0x7c;
export const CLOSE_BRACE = 0x7d;

export function createCursor(text: string, start: number, end: number, places?: Places): Cursor {
  return {
    text,
    end,
    at: start,
    indent: -1,
    refused: false,
    to: start,
    hash: 0,
    valueEnd: start,
    behind: start,
    places,
  };
}

/** Ends the reading: every loop stops at a cursor behind the last line. */
export function refuse(cursor: Cursor): null {
  cursor.refused = true;
  cursor.at = cursor.end;
  cursor.indent = -1;
  return null;
}

/** From the start of a line to the next thing that is neither blank nor comment. */
export function toNextLine(cursor: Cursor): void {
  const { text, end } = cursor;
  let at = cursor.at;
  while (at < end) {
    const start = at;
    while (at < end && text.charCodeAt(at) === SPACE) at += 1;
    if (at >= end) break;
    const code = text.charCodeAt(at);
    if (code === NEWLINE) at += 1;
    else if (code === HASH) at = lineEnd(text, at, end) + 1;
    else if (code === TAB) return void refuse(cursor);
    else {
      cursor.indent = at - start;
      cursor.at = at;
      return;
    }
  }
  cursor.indent = -1;
  cursor.at = end;
}

/** Where the line ends: at its line feed or at the end of the document. */
export function lineEnd(text: string, from: number, end: number): number {
  const found = text.indexOf('\n', from);
  return found < 0 || found > end ? end : found;
}

/** Over what may follow a value on its line, which is blanks and a comment, to the next line. */
export function endLine(cursor: Cursor): void {
  skipSpaces(cursor);
  const { text, end, at } = cursor;
  if (at < end) {
    const code = text.charCodeAt(at);
    if (code === HASH && text.charCodeAt(at - 1) === SPACE) cursor.at = lineEnd(text, at, end);
    else if (code !== NEWLINE) return void refuse(cursor);
  }
  cursor.at += 1;
  cursor.behind = cursor.at;
  toNextLine(cursor);
}

export function skipSpaces(cursor: Cursor): void {
  const { text, end } = cursor;
  while (cursor.at < end && text.charCodeAt(cursor.at) === SPACE) cursor.at += 1;
}

/** Whether nothing follows the character at `at` directly: a blank, the end of the line or of the document. */
export function isLast({ text, end }: Cursor, at: number): boolean {
  if (at + 1 >= end) return true;
  const next = text.charCodeAt(at + 1);
  return next === SPACE || next === NEWLINE;
}
