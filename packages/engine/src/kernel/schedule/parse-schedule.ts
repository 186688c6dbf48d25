import { parseDuration } from '../duration.ts';
import { createClockSchedule, createIntervalSchedule, type Schedule } from './schedule.ts';
import { DAYS_OF_MONTH, DAYS_OF_WEEK, FIELDS, type Field, parseDays, parseField } from './schedule-field.ts';

/** Whose grammar: that of DeletingPolicies (kyverno-cel §1.6), or that of CleanupPolicies (kyverno-core §1.4). */
export type ScheduleGrammar = 'cronexpr' | 'standard';

const ALIASES = new Map([
  ['@yearly', '0 0 1 1 *'],
  ['@annually', '0 0 1 1 *'],
  ['@monthly', '0 0 1 * *'],
  ['@weekly', '0 0 * * 0'],
  ['@daily', '0 0 * * *'],
  ['@midnight', '0 0 * * *'],
  ['@hourly', '0 * * * *'],
]);

const LENGTH_LIMIT = 1000;

/**
 * A schedule in UTC, or what is wrong with it. `standard` has five fields; `cronexpr` has also six (with years) and seven (with
 * seconds and years), and days like `L`, `15W` and `5#2`. Both have aliases; `standard` also `@every <duration>`.
 */
export function parseSchedule(text: string, grammar: ScheduleGrammar): Schedule | string {
  const trimmed = text.trim();
  if (trimmed.length > LENGTH_LIMIT) return `schedule is longer than ${LENGTH_LIMIT} characters`;
  if (grammar === 'standard' && trimmed.startsWith('@every ')) return parseInterval(trimmed.slice('@every '.length));
  const fields = (ALIASES.get(trimmed.toLowerCase()) ?? trimmed).split(/\s+/).filter((field) => field !== '');
  const most = grammar === 'standard' ? 5 : 7;
  if (fields.length < 5)
    return `expected ${grammar === 'standard' ? 'exactly' : 'at least'} 5 fields, found ${fields.length}`;
  if (fields.length > most) return `expected at most ${most} fields, found ${fields.length}`;
  return parseFields(fields.length === 7 ? fields : ['0', ...fields], grammar === 'cronexpr');
}

function parseInterval(text: string): Schedule | string {
  const interval = parseDuration(text.trim());
  if (interval === undefined) return `failed to parse duration @every ${text.trim()}`;
  // As the standard grammar has it: whole seconds, one at least.
  return createIntervalSchedule(Math.max(1, Math.floor(Number(interval) / 1e9)) * 1000);
}

/** In the order second, minute, hour, day of month, month, day of week, year; the year may be left out. */
function parseFields(fields: readonly string[], isExtended: boolean): Schedule | string {
  const [second = '', minute = '', hour = '', dayOfMonth = '', month = '', dayOfWeek = '', year = '*'] = fields;
  const numbers: Record<keyof typeof FIELDS, readonly number[]> = {
    second: [],
    minute: [],
    hour: [],
    month: [],
    year: [],
  };
  const written: readonly (readonly [keyof typeof FIELDS, string])[] = [
    ['second', second],
    ['minute', minute],
    ['hour', hour],
    ['month', month],
    ['year', year],
  ];
  for (const [name, text] of written) {
    const values = parseField(text, FIELDS[name]);
    if (values === undefined) return problem(FIELDS[name], text);
    numbers[name] = values;
  }
  const ofMonth = parseDays(dayOfMonth, DAYS_OF_MONTH, isExtended);
  if (!ofMonth) return problem(DAYS_OF_MONTH, dayOfMonth);
  const ofWeek = parseDays(dayOfWeek, DAYS_OF_WEEK, isExtended);
  if (!ofWeek) return problem(DAYS_OF_WEEK, dayOfWeek);
  return createClockSchedule({ ...numbers, ofMonth, ofWeek });
}

function problem({ name }: Field, text: string): string {
  return `syntax error in ${name} field: '${text}'`;
}
