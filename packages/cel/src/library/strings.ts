import { declareFunction, type FunctionDeclaration, member, overload } from '../declare/function-declaration.ts';
import type { CelLibrary } from '../declare/library.ts';
import { CelError } from '../values/cel-error.ts';
import { INT, listType, STRING } from '../values/cel-type.ts';
import type { CelResult, CelValue } from '../values/cel-value.ts';
import { approximate, type CelInt } from '../values/numbers.ts';
import { CodePoints } from './code-points.ts';
import { elementsCost, rebuildCost, resultCost, walkCost } from './costs.ts';
import { formatFunction } from './string-format.ts';

function outOfRange(position: CelInt): CelError {
  return new CelError(`index out of range: ${position}`);
}

function charAt(text: string, index: CelInt): CelResult {
  const points = new CodePoints(text);
  const position = approximate(index);
  if (position < 0 || position > points.length) return outOfRange(index);
  return points.slice(position, position + 1);
}

function indexOf(text: string, part: string, offset: CelInt = 0): CelResult {
  const from = approximate(offset);
  if (part === '') return from < 0 ? outOfRange(offset) : Math.min(from, new CodePoints(text).length);
  const points = new CodePoints(text);
  if (from < 0) return outOfRange(offset);
  if (from >= points.length) return -1;
  const found = text.indexOf(part, points.toUnits(from));
  return found < 0 ? -1 : points.fromUnits(found);
}

function lastIndexOf(text: string, part: string, offset?: CelInt): CelResult {
  const points = new CodePoints(text);
  const from = offset === undefined ? points.length : approximate(offset);
  if (from < 0) return outOfRange(offset ?? 0);
  if (part === '') return Math.min(from, points.length);
  if (offset !== undefined && from >= points.length) return -1;
  const found = text.lastIndexOf(part, points.toUnits(from));
  return found < 0 ? -1 : points.fromUnits(found);
}

const TEXT_LIMIT = 16 * 1024 * 1024;
const TOO_LONG = new CelError('resulting string is too long');

function join(list: readonly CelValue[], separator = ''): CelResult {
  let length = 0;
  for (const item of list) {
    if (typeof item !== 'string') return new CelError(`join: invalid input: ${String(item)}`);
    length += item.length + separator.length;
  }
  return length > TEXT_LIMIT ? TOO_LONG : list.join(separator);
}

function replace(text: string, from: string, to: string, limit: CelInt = -1): CelResult {
  const count = approximate(limit);
  if (count === 0) return text;
  const pieces = from === '' ? [...text] : text.split(from);
  const replaced = Math.min(
    count < 0 ? Number.POSITIVE_INFINITY : count,
    from === '' ? pieces.length + 1 : pieces.length - 1,
  );
  if (text.length + replaced * to.length > TEXT_LIMIT) return TOO_LONG;
  if (count < 0) return from === '' ? surround(pieces, to, pieces.length + 1) : pieces.join(to);
  if (from === '') return surround(pieces, to, replaced);
  return (
    pieces.slice(0, replaced + 1).join(to) +
    pieces
      .slice(replaced + 1)
      .map((piece) => from + piece)
      .join('')
  );
}

/** As Go replaces the empty string: before each character and at the end, `count` times. */
function surround(characters: readonly string[], to: string, count: number): string {
  let result = '';
  for (let index = 0; index <= characters.length; index++) {
    result += (index < count ? to : '') + (characters[index] ?? '');
  }
  return result;
}

function split(text: string, separator: string, limit: CelInt = -1): CelResult {
  const count = approximate(limit);
  if (count === 0) return [];
  if (count === 1) return [text];
  const pieces = separator === '' ? [...text] : text.split(separator);
  if (count < 0 || pieces.length <= count) return pieces;
  return [...pieces.slice(0, count - 1), pieces.slice(count - 1).join(separator)];
}

function substring(text: string, start: CelInt, end?: CelInt): CelResult {
  const points = new CodePoints(text);
  const from = approximate(start);
  const to = end === undefined ? points.length : approximate(end);
  if (end !== undefined && from > to) {
    return new CelError(`invalid substring range. start: ${start}, end: ${end}`);
  }
  if (from < 0 || from > points.length) return outOfRange(start);
  if (to < 0 || to > points.length) return outOfRange(end ?? to);
  return points.slice(from, to);
}

// Unicode's White_Space, as the specification lists it.
const SPACE = '[\\u0009-\\u000d\\u0020\\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]';
const LEADING = new RegExp(`^${SPACE}+`);
const SPACE_CHARACTER = new RegExp(SPACE);

function trim(text: string): string {
  const start = LEADING.exec(text)?.[0].length ?? 0;
  let end = text.length;
  while (end > start && SPACE_CHARACTER.test(text.charAt(end - 1))) end--;
  return text.slice(start, end);
}

const lowerAscii = (text: string): string => text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
const upperAscii = (text: string): string => text.replace(/[a-z]+/g, (letters) => letters.toUpperCase());
const reverse = (text: string): string => [...text].reverse().join('');

const ESCAPES = new Map([
  ['\x07', '\\a'],
  ['\b', '\\b'],
  ['\f', '\\f'],
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
  ['\v', '\\v'],
  ['\\', '\\\\'],
  ['"', '\\"'],
]);

/** A literal that reads as this text: quotes, backslashes and control characters escaped. */
export function quote(text: string): string {
  let result = '"';
  for (const character of text.toWellFormed()) result += ESCAPES.get(character) ?? character;
  return `${result}"`;
}

const BASE: readonly FunctionDeclaration[] = [
  declareFunction('charAt', member('string_char_at_int', [STRING, INT], STRING, charAt)),
  declareFunction(
    'indexOf',
    member('string_index_of_string', [STRING, STRING], INT, indexOf, elementsCost),
    member('string_index_of_string_int', [STRING, STRING, INT], INT, indexOf, elementsCost),
  ),
  declareFunction(
    'lastIndexOf',
    member('string_last_index_of_string', [STRING, STRING], INT, lastIndexOf, elementsCost),
    member('string_last_index_of_string_int', [STRING, STRING, INT], INT, lastIndexOf, elementsCost),
  ),
  declareFunction(
    'join',
    member('list_join', [listType(STRING)], STRING, join, resultCost),
    member('list_join_string', [listType(STRING), STRING], STRING, join, resultCost),
  ),
  declareFunction('lowerAscii', member('string_lower_ascii', [STRING], STRING, lowerAscii, walkCost)),
  declareFunction('upperAscii', member('string_upper_ascii', [STRING], STRING, upperAscii, walkCost)),
  declareFunction(
    'replace',
    member('string_replace_string_string', [STRING, STRING, STRING], STRING, replace, rebuildCost),
    member('string_replace_string_string_int', [STRING, STRING, STRING, INT], STRING, replace, rebuildCost),
  ),
  declareFunction(
    'split',
    member('string_split_string', [STRING, STRING], listType(STRING), split, rebuildCost),
    member('string_split_string_int', [STRING, STRING, INT], listType(STRING), split, rebuildCost),
  ),
  declareFunction(
    'substring',
    member('string_substring_int', [STRING, INT], STRING, substring, walkCost),
    member('string_substring_int_int', [STRING, INT, INT], STRING, substring, walkCost),
  ),
  declareFunction('trim', member('string_trim', [STRING], STRING, trim, walkCost)),
];

/** The strings extension: version 1 adds `format` and `strings.quote`, version 3 `reverse`. */
export function stringsLibrary(version = 2): CelLibrary {
  const functions = [...BASE];
  if (version >= 1) {
    functions.push(
      formatFunction(),
      declareFunction('strings.quote', overload('strings_quote', [STRING], STRING, quote, walkCost)),
    );
  }
  if (version >= 3)
    functions.push(declareFunction('reverse', member('string_reverse', [STRING], STRING, reverse, walkCost)));
  return { name: 'strings', functions };
}
