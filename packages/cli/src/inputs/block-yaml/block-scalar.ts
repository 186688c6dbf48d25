import {
  type Cursor,
  DASH,
  GREATER,
  HASH,
  lineEnd,
  NEWLINE,
  PLUS,
  refuse,
  SPACE,
  skipSpaces,
  TAB,
  toNextLine,
} from './cursor.ts';

/** A literal (`|`) or folded (`>`) scalar of a collection at `column`; goes on to the line behind it. */
export function readBlockScalar(cursor: Cursor, column: number): string {
  const isFolded = cursor.text.charCodeAt(cursor.at) === GREATER;
  const keepsEnd = readHeader(cursor);
  const lines = readLines(cursor, column, isFolded);
  if (cursor.refused) return '';
  cursor.valueEnd = cursor.at;
  cursor.behind = cursor.at;
  toNextLine(cursor);
  let count = lines.length;
  while (count > 0 && lines[count - 1] === '') count -= 1;
  const body = lines.slice(0, count);
  if (body.length === 0) return '';
  return (isFolded ? fold(body) : body.join('\n')) + (keepsEnd ? '\n' : '');
}

/** Whether the scalar ends with a line feed. Indentation indicators and kept blank lines are the library's. */
function readHeader(cursor: Cursor): boolean {
  const { text, end } = cursor;
  cursor.at += 1;
  const sign = text.charCodeAt(cursor.at);
  if (sign === PLUS) refuse(cursor);
  else if (sign === DASH) cursor.at += 1;
  const before = cursor.at;
  skipSpaces(cursor);
  if (cursor.at < end) {
    const code = text.charCodeAt(cursor.at);
    if (code === HASH && cursor.at > before) cursor.at = lineEnd(text, cursor.at, end);
    else if (code !== NEWLINE) refuse(cursor);
  }
  cursor.at += 1;
  return sign !== DASH;
}

/** The lines without their indentation, which is that of the first one that is not blank. */
function readLines(cursor: Cursor, column: number, isFolded: boolean): readonly string[] {
  const { text, end } = cursor;
  const lines: string[] = [];
  let base = -1;
  let widestBlank = 0;
  while (cursor.at < end) {
    const start = cursor.at;
    let at = start;
    while (at < end && text.charCodeAt(at) === SPACE) at += 1;
    const stop = lineEnd(text, at, end);
    const width = at - start;
    if (at === stop) {
      if (base >= 0 && width > base) refuse(cursor);
      widestBlank = Math.max(widestBlank, width);
      lines.push('');
    } else {
      if (base < 0) {
        if (width <= column) return lines;
        if (widestBlank > width) refuse(cursor);
        base = width;
      }
      if (width <= column) return lines;
      const isDeeper = width > base || text.charCodeAt(at) === TAB;
      if (width < base || (isFolded && isDeeper)) refuse(cursor);
      lines.push(text.slice(start + base, stop));
    }
    if (cursor.refused) return lines;
    cursor.at = stop + 1;
  }
  return lines;
}

/** Line feeds between texts become blanks; of more in a row the first is dropped. */
function fold(lines: readonly string[]): string {
  let folded = '';
  let blanks = 0;
  let isFirst = true;
  for (const line of lines) {
    if (line === '') {
      blanks += 1;
      continue;
    }
    folded += blanks > 0 ? '\n'.repeat(blanks) : isFirst ? '' : ' ';
    folded += line;
    blanks = 0;
    isFirst = false;
  }
  return folded;
}
