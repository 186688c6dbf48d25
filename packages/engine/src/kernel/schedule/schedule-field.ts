import type { DaySpec } from './schedule.ts';

/** One field of a schedule: what numbers and words it holds. */
export interface Field {
  readonly name: string;
  readonly least: number;
  readonly most: number;
  readonly words?: readonly string[];
}

const MONTHS = [
  'january',
  'february',
  'march',
  'april',
  'may',
  'june',
  'july',
  'august',
  'september',
  'october',
  'november',
  'december',
];
const WEEKDAYS = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];

export const FIELDS = {
  second: { name: 'second', least: 0, most: 59 },
  minute: { name: 'minute', least: 0, most: 59 },
  hour: { name: 'hour', least: 0, most: 23 },
  month: { name: 'month', least: 1, most: 12, words: MONTHS },
  year: { name: 'year', least: 1970, most: 2099 },
} as const satisfies Readonly<Record<string, Field>>;

export const DAYS_OF_MONTH: Field = { name: 'day-of-month', least: 1, most: 31 };
/** Sunday is 0 and 7. */
export const DAYS_OF_WEEK: Field = { name: 'day-of-week', least: 0, most: 7, words: WEEKDAYS };

/** `*`, `*\/5`, `1,5-9`, `1-30/2`, `10/5`, `jan-mar`: the numbers in ascending order; `undefined` for anything else. */
export function parseField(text: string, field: Field): readonly number[] | undefined {
  const found = new Set<number>();
  for (const item of text.split(',')) {
    const range = parseRange(item, field);
    if (!range) return undefined;
    for (let value = range.first; value <= range.last; value += range.step) found.add(value);
  }
  return [...found].sort((a, b) => a - b);
}

interface Range {
  readonly first: number;
  readonly last: number;
  readonly step: number;
}

function parseRange(text: string, field: Field): Range | undefined {
  const [span = '', stepText, ...rest] = text.split('/');
  if (rest.length > 0) return undefined;
  const step = stepText === undefined ? 1 : toNumber(stepText);
  if (step === undefined || step < 1) return undefined;
  if (span === '*' || span === '?') return { first: field.least, last: field.most, step };
  const [from = '', to, ...more] = span.split('-');
  if (more.length > 0) return undefined;
  const first = toValue(from, field);
  // With a step and no end it goes on to the last one there is.
  const last = to === undefined ? (stepText === undefined ? first : field.most) : toValue(to, field);
  if (first === undefined || last === undefined || last < first) return undefined;
  return { first, last, step };
}

function toNumber(text: string): number | undefined {
  return /^[0-9]{1,4}$/.test(text) ? Number(text) : undefined;
}

/** A number, or a word by its first three letters or whole. */
function toValue(text: string, { least, most, words = [] }: Field): number | undefined {
  const number = toNumber(text);
  if (number !== undefined) return number >= least && number <= most ? number : undefined;
  const wanted = text.toLowerCase();
  const index = words.findIndex((word) => word === wanted || word.slice(0, 3) === wanted);
  return index < 0 ? undefined : index + (least === 1 ? 1 : 0);
}

/** The days of one of the two day fields; in the extended grammar also `L`, `LW`, `15W`, `5L` and `5#2`. */
export function parseDays(text: string, field: Field, isExtended: boolean): DaySpec | undefined {
  const isOfWeek = field === DAYS_OF_WEEK;
  const plain: number[] = [];
  const special: DaySpec['special'][number][] = [];
  for (const item of text.split(',')) {
    const extra = isExtended ? parseSpecial(item, isOfWeek) : undefined;
    if (extra) {
      special.push(extra);
      continue;
    }
    const values = parseField(item, field);
    if (!values) return undefined;
    plain.push(...values.map((value) => (isOfWeek ? value % 7 : value)));
  }
  return { isAny: text === '*' || text === '?', days: new Set(plain), special };
}

function parseSpecial(item: string, isOfWeek: boolean): DaySpec['special'][number] | undefined {
  const text = item.toUpperCase();
  if (!isOfWeek) {
    if (text === 'L') return { kind: 'last-day' };
    if (text === 'LW') return { kind: 'last-workday' };
    const [, near] = /^([0-9]{1,2})W$/.exec(text) ?? [];
    const day = Number(near);
    return near !== undefined && day >= 1 && day <= 31 ? { kind: 'workday-near', day } : undefined;
  }
  const [, name = '', nth] = /^([0-9A-Z]{1,9})(?:L|#([1-5]))$/.exec(text) ?? [];
  const weekday = toValue(name, DAYS_OF_WEEK);
  if (weekday === undefined) return undefined;
  return nth === undefined
    ? { kind: 'last-weekday', weekday: weekday % 7 }
    : { kind: 'nth-weekday', weekday: weekday % 7, nth: Number(nth) };
}
