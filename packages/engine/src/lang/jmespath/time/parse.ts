import { EvaluationError } from '../../../kernel/evaluation-error.ts';
import { utf8Bytes } from '../base64.ts';
import { daysInMonth, type Instant, nanosecondsOf } from './instant.ts';
import { type LayoutPart, MONTHS, parseLayout, RFC3339, WEEKDAYS } from './layout.ts';

/** Layouts and times are short; longer ones are refused unread. */
const LENGTH_LIMIT = 256;

const RFC3339_PARTS = parseLayout(RFC3339);

/** Go's `time.Parse(time.RFC3339, text)`. */
export function parseRfc3339(text: string): Instant | EvaluationError {
  return parseWith(RFC3339_PARTS, RFC3339, text);
}

/** Go's `time.Parse(layout, text)` in a process whose local zone is UTC. Errors in Go's words. */
export function parseInstant(layout: string, text: string): Instant | EvaluationError {
  if (layout.length > LENGTH_LIMIT) return new EvaluationError('time layout is too long');
  return parseWith(parseLayout(layout), layout, text);
}

interface Fields {
  year: number | undefined;
  month: number | undefined;
  day: number | undefined;
  yearDay: number | undefined;
  hour: number;
  minute: number;
  second: number;
  nanosecond: number;
  afternoon: boolean | undefined;
  offset: number | undefined;
  zone: string;
}

/** What an element read: the length of its text, or nothing when the text does not fit, or that it is out of range. */
type Taken = number | undefined | 'out of range';

function parseWith(parts: readonly LayoutPart[], layout: string, text: string): Instant | EvaluationError {
  const fail = (message: string): EvaluationError => new EvaluationError(`parsing time ${quote(text)}${message}`);
  const cannot = (rest: string, spelling: string): EvaluationError =>
    fail(` as ${quote(layout)}: cannot parse ${quote(rest)} as ${quote(spelling)}`);
  if (text.length > LENGTH_LIMIT) return new EvaluationError('time is too long');
  const fields = emptyFields();
  let rest = text;
  for (const [index, part] of parts.entries()) {
    if ('text' in part) {
      const after = skipText(rest, part.text);
      if (after === undefined) return cannot(rest, part.text);
      rest = after;
      continue;
    }
    const taken = readElement(part, rest, fields, parts[index + 1]);
    if (taken === undefined) return cannot(rest, part.spelling);
    if (taken === 'out of range') return fail(`: ${RANGE_NAMES[part.element] ?? 'value'} out of range`);
    rest = rest.slice(taken);
  }
  if (rest !== '') return fail(`: extra text: ${quote(rest)}`);
  return toInstant(fields) ?? fail(': day out of range');
}

const RANGE_NAMES: Readonly<Partial<Record<string, string>>> = {
  month: 'month',
  'zero-month': 'month',
  hour: 'hour',
  'hour-12': 'hour',
  'zero-hour-12': 'hour',
  minute: 'minute',
  'zero-minute': 'minute',
  second: 'second',
  'zero-second': 'second',
  zone: 'time zone offset hour',
};

function emptyFields(): Fields {
  return {
    year: undefined,
    month: undefined,
    day: undefined,
    yearDay: undefined,
    hour: 0,
    minute: 0,
    second: 0,
    nanosecond: 0,
    afternoon: undefined,
    offset: undefined,
    zone: '',
  };
}

/** A blank in the layout stands for any number of blanks. */
function skipText(rest: string, text: string): string | undefined {
  let value = rest;
  for (const char of text) {
    if (char === ' ') {
      if (value !== '' && !value.startsWith(' ')) return undefined;
      value = value.replace(/^ +/, '');
    } else {
      if (!value.startsWith(char)) return undefined;
      value = value.slice(char.length);
    }
  }
  return value;
}

function readElement(
  part: Extract<LayoutPart, { element: string }>,
  rest: string,
  fields: Fields,
  next: LayoutPart | undefined,
): Taken {
  switch (part.element) {
    case 'long-year':
      return readNumber(rest, 4, 4, 0, 9999, (value) => {
        fields.year = value;
      });
    case 'year':
      return readNumber(rest, 2, 2, 0, 99, (value) => {
        fields.year = value >= 69 ? 1900 + value : 2000 + value;
      });
    case 'month':
    case 'zero-month':
      return readNumber(rest, part.element === 'month' ? 1 : 2, 2, 1, 12, (value) => {
        fields.month = value;
      });
    case 'long-month':
    case 'short-month':
      return readName(rest, MONTHS, part.element === 'short-month', (index) => {
        fields.month = index + 1;
      });
    case 'long-weekday':
    case 'short-weekday':
      return readName(rest, WEEKDAYS, part.element === 'short-weekday', () => undefined);
    case 'day':
    case 'under-day':
    case 'zero-day':
      return readPadded(part.element === 'under-day', rest, part.element === 'zero-day' ? 2 : 1, 2, (value) => {
        fields.day = value;
      });
    case 'under-year-day':
    case 'zero-year-day':
      return readPadded(part.element === 'under-year-day', rest, 3, 3, (value) => {
        fields.yearDay = value;
      });
    case 'hour':
      return readNumber(rest, 1, 2, 0, 23, (value) => {
        fields.hour = value;
      });
    case 'hour-12':
    case 'zero-hour-12':
      return readNumber(rest, part.element === 'hour-12' ? 1 : 2, 2, 0, 12, (value) => {
        fields.hour = value;
      });
    case 'minute':
    case 'zero-minute':
      return readNumber(rest, part.element === 'minute' ? 1 : 2, 2, 0, 59, (value) => {
        fields.minute = value;
      });
    case 'second':
    case 'zero-second':
      return readSecond(part.element === 'second' ? 1 : 2, rest, fields, next);
    case 'PM':
    case 'pm':
      return readHalfOfDay(part.element, rest, fields);
    case 'zone-name':
      return readZoneName(rest, fields);
    case 'zone':
      return readZone(part.spelling, rest, fields);
    case 'fraction-0': {
      const found = new RegExp(`^[.,][0-9]{${part.digits ?? 0}}`).exec(rest)?.[0];
      if (found !== undefined) fields.nanosecond = fraction(found);
      return found?.length;
    }
    case 'fraction-9': {
      // Read already by the seconds, or absent.
      const found = /^[.,][0-9]{1,9}/.exec(rest)?.[0];
      if (found !== undefined) fields.nanosecond = fraction(found);
      return found?.length ?? 0;
    }
  }
}

function readNumber(
  rest: string,
  fewest: number,
  most: number,
  low: number,
  high: number,
  set: (value: number) => void,
): Taken {
  let length = 0;
  while (length < most && rest.charAt(length) >= '0' && rest.charAt(length) <= '9') length++;
  if (length < fewest) return undefined;
  const value = Number(rest.slice(0, length));
  if (value < low || value > high) return 'out of range';
  set(value);
  return length;
}

function readPadded(blank: boolean, rest: string, fewest: number, most: number, set: (value: number) => void): Taken {
  const blanks = blank ? (/^ {0,2}/.exec(rest)?.[0].length ?? 0) : 0;
  const taken = readNumber(rest.slice(blanks), blanks > 0 ? 1 : fewest, most, 0, 999, set);
  return typeof taken === 'number' ? taken + blanks : taken;
}

function readName(
  rest: string,
  names: readonly string[],
  short: boolean,
  set: (index: number) => void,
): number | undefined {
  const lower = rest.toLowerCase();
  const index = names.findIndex((name) => lower.startsWith((short ? name.slice(0, 3) : name).toLowerCase()));
  const name = names[index];
  if (name === undefined) return undefined;
  set(index);
  return short ? 3 : name.length;
}

/** A fraction may follow the seconds although the layout has none. */
function readSecond(fewest: number, rest: string, fields: Fields, next: LayoutPart | undefined): Taken {
  const taken = readNumber(rest, fewest, 2, 0, 59, (value) => {
    fields.second = value;
  });
  if (typeof taken !== 'number') return taken;
  if (next && 'element' in next && next.element.startsWith('fraction')) return taken;
  const found = /^[.,][0-9]+/.exec(rest.slice(taken))?.[0];
  if (found === undefined) return taken;
  fields.nanosecond = fraction(found);
  return taken + found.length;
}

/** Nanoseconds of `.5`; digits past the ninth are cut. */
function fraction(text: string): number {
  return Number(text.slice(1, 10).padEnd(9, '0'));
}

function readHalfOfDay(element: 'PM' | 'pm', rest: string, fields: Fields): number | undefined {
  const mark = rest.slice(0, 2);
  const [morning, afternoon] = element === 'PM' ? ['AM', 'PM'] : ['am', 'pm'];
  if (mark !== morning && mark !== afternoon) return undefined;
  fields.afternoon = mark === afternoon;
  return 2;
}

function readZone(spelling: string, rest: string, fields: Fields): Taken {
  if (spelling.startsWith('Z') && rest.startsWith('Z')) {
    fields.offset = 0;
    fields.zone = 'UTC';
    return 1;
  }
  const pattern = spelling.slice(1).replaceAll(/[0-9]{2}/g, '([0-9]{2})');
  const found = new RegExp(`^([+-])${pattern}`).exec(rest);
  if (!found) return undefined;
  const [whole, sign, hours = '0', minutes = '0', seconds = '0'] = found;
  if (Number(hours) > 24 || Number(minutes) > 60 || Number(seconds) > 60) return 'out of range';
  const offset = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
  fields.offset = sign === '-' ? -offset : offset;
  return whole.length;
}

/** Abbreviations say nothing of the offset, except UTC and `GMT+3`. */
function readZoneName(rest: string, fields: Fields): number | undefined {
  if (rest.startsWith('UTC')) {
    fields.offset ??= 0;
    fields.zone = 'UTC';
    return 3;
  }
  const signed = /^(?:GMT)?([+-])([0-9]{1,2})(?![0-9:])/.exec(rest);
  if (signed && Number(signed[2]) <= 23) {
    fields.offset ??= Number(`${signed[1]}${signed[2]}`) * 3600;
    fields.zone = signed[0];
    return signed[0].length;
  }
  const name = /^(?:ChST|MeST|WITA|[A-Z]{3}(?![A-Z])|[A-Z]{3}T(?![A-Z])|[A-Z]{4}T(?![A-Z]))/.exec(rest)?.[0];
  if (name === undefined) return undefined;
  fields.zone = name;
  return name.length;
}

function toInstant(fields: Fields): Instant | undefined {
  const year = fields.year ?? 0;
  const date = monthAndDay(year, fields);
  if (!date) return undefined;
  const hour = hourOfDay(fields);
  const offset = fields.offset ?? 0;
  const { minute, second, nanosecond } = fields;
  const local = nanosecondsOf({ year, ...date, hour, minute, second, nanosecond });
  const zone = fields.zone !== '' ? fields.zone : fields.offset === undefined || offset === 0 ? 'UTC' : '';
  return { nanoseconds: local - BigInt(offset) * 1_000_000_000n, offset, zone };
}

function monthAndDay(year: number, fields: Fields): { readonly month: number; readonly day: number } | undefined {
  if (fields.yearDay === undefined) {
    const month = fields.month ?? 1;
    const day = fields.day ?? 1;
    return day >= 1 && day <= daysInMonth(year, month) ? { month, day } : undefined;
  }
  let month = 1;
  let day = fields.yearDay;
  while (month <= 12 && day > daysInMonth(year, month)) day -= daysInMonth(year, month++);
  if (month > 12 || day < 1) return undefined;
  const agrees = (fields.month ?? month) === month && (fields.day ?? day) === day;
  return agrees ? { month, day } : undefined;
}

function hourOfDay({ hour, afternoon }: Fields): number {
  if (afternoon === undefined) return hour;
  if (afternoon) return hour < 12 ? hour + 12 : hour;
  return hour === 12 ? 0 : hour;
}

/** As Go quotes times: bytes outside of printable ASCII in hexadecimal. */
function quote(text: string): string {
  const shown = utf8Bytes(text).map((byte) => {
    if (byte < 0x20 || byte >= 0x80) return `\\x${byte.toString(16).padStart(2, '0')}`;
    const char = String.fromCharCode(byte);
    return char === '"' || char === '\\' ? `\\${char}` : char;
  });
  return `"${shown.join('')}"`;
}
