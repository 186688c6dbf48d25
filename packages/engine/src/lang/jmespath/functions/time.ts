import { formatDuration, parseDuration } from '../../../kernel/duration.ts';
import { EvaluationError } from '../../../kernel/evaluation-error.ts';
import type { Json } from '../../../kernel/json.ts';
import { formatRfc3339 } from '../time/format.ts';
import { calendarOf, type Instant, toUtc, truncateInstant, utcInstant } from '../time/instant.ts';
import { RFC3339 } from '../time/layout.ts';
import { parseInstant, parseRfc3339 } from '../time/parse.ts';
import { type CallContext, definePure, type FunctionBody, type FunctionDefinition, parameter } from './definition.ts';

/** Functions on times (RFC 3339 unless a Go layout is given) and Go durations. The local zone is UTC. */
export const TIME_FUNCTIONS: readonly FunctionDefinition[] = [
  definePure({
    name: 'time_since',
    parameters: [parameter('layout', 'string'), parameter('start', 'string'), parameter('end', 'string')],
    returns: 'string',
    summary: 'the duration between two times; an empty layout is RFC 3339, an empty end is now',
    example: {
      expression: "time_since('', '2021-01-02T15:04:05-07:00', '2021-01-10T03:14:05-07:00')",
      result: '180h10m0s',
    },
    call: ([layout, start, end], context) => timeSince(layout as string, start as string, end as string, context),
  }),
  definePure({
    name: 'time_now',
    parameters: [],
    returns: 'string',
    summary: 'the time of the decision',
    example: { expression: 'time_now()', result: '2024-02-29T12:00:00Z' },
    call: (_, context) => now(context, formatRfc3339),
  }),
  definePure({
    name: 'time_now_utc',
    parameters: [],
    returns: 'string',
    summary: 'the time of the decision, in UTC',
    example: { expression: 'time_now_utc()', result: '2024-02-29T12:00:00Z' },
    call: (_, context) => now(context, formatRfc3339),
  }),
  definePure({
    name: 'time_add',
    parameters: [parameter('time', 'string'), parameter('duration', 'string')],
    returns: 'string',
    summary: 'a time moved by a duration',
    example: { expression: "time_add('2021-01-02T15:04:05-07:00', '3h')", result: '2021-01-02T18:04:05-07:00' },
    call: withTimeAndDuration((time, duration) => printable({ ...time, nanoseconds: time.nanoseconds + duration })),
  }),
  definePure({
    name: 'time_parse',
    parameters: [parameter('layout', 'string'), parameter('time', 'string')],
    returns: 'string',
    summary: 'a time in a Go layout as RFC 3339; a layout that is a number means seconds since 1970',
    example: { expression: "time_parse('02 Jan 2006', '31 Oct 2025')", result: '2025-10-31T00:00:00Z' },
    call: ([layout, time]) => timeParse(layout as string, time as string),
  }),
  definePure({
    name: 'time_to_cron',
    parameters: [parameter('time', 'string')],
    returns: 'string',
    summary: 'minute, hour, day, month and weekday of a time, as a cron schedule has them',
    example: { expression: "time_to_cron('2023-02-02T15:04:05Z')", result: '4 15 2 2 4' },
    call: withTimes(([time]) => {
      const { minute, hour, day, month, weekday } = calendarOf(time);
      return `${minute} ${hour} ${day} ${month} ${weekday}`;
    }),
  }),
  definePure({
    name: 'time_utc',
    parameters: [parameter('time', 'string')],
    returns: 'string',
    summary: 'a time in UTC',
    example: { expression: "time_utc('2021-01-02T15:04:05-07:00')", result: '2021-01-02T22:04:05Z' },
    call: withTimes(([time]) => printable(toUtc(time))),
  }),
  definePure({
    name: 'time_diff',
    parameters: [parameter('start', 'string'), parameter('end', 'string')],
    returns: 'string',
    summary: 'the duration from one time to another',
    example: { expression: "time_diff('2021-01-02T15:00:00Z', '2021-01-02T16:30:00Z')", result: '1h30m0s' },
    call: withTimes(([start, end]) => durationBetween(start, end)),
  }),
  definePure({
    name: 'time_before',
    parameters: [parameter('a', 'string'), parameter('b', 'string')],
    returns: 'boolean',
    summary: 'whether the first time is before the second',
    example: { expression: "time_before('2021-01-02T15:00:00Z', '2021-01-02T16:00:00Z')", result: true },
    call: withTimes(([a, b]) => a.nanoseconds < b.nanoseconds),
  }),
  definePure({
    name: 'time_after',
    parameters: [parameter('a', 'string'), parameter('b', 'string')],
    returns: 'boolean',
    summary: 'whether the first time is after the second',
    example: { expression: "time_after('2021-01-02T15:00:00Z', '2021-01-02T16:00:00Z')", result: false },
    call: withTimes(([a, b]) => a.nanoseconds > b.nanoseconds),
  }),
  definePure({
    name: 'time_between',
    parameters: [parameter('time', 'string'), parameter('start', 'string'), parameter('end', 'string')],
    returns: 'boolean',
    summary: 'whether a time lies between two others, neither of them included',
    example: {
      expression: "time_between('2021-01-02T15:30:00Z', '2021-01-02T15:00:00Z', '2021-01-02T16:00:00Z')",
      result: true,
    },
    call: withTimes(([time, start, end]) => time.nanoseconds > start.nanoseconds && time.nanoseconds < end.nanoseconds),
  }),
  definePure({
    name: 'time_truncate',
    parameters: [parameter('time', 'string'), parameter('duration', 'string')],
    returns: 'string',
    summary: 'a time rounded down to a multiple of a duration',
    example: { expression: "time_truncate('2021-01-02T15:04:05Z', '1h')", result: '2021-01-02T15:00:00Z' },
    call: withTimeAndDuration((time, duration) => printable(truncateInstant(time, duration))),
  }),
];

/** Reads all arguments as RFC 3339 before `body`. There are as many as the definition has parameters, three at most. */
function withTimes(body: (times: readonly [Instant, Instant, Instant]) => Json | EvaluationError): FunctionBody {
  return (args) => {
    const times: Instant[] = [];
    for (const arg of args) {
      const time = parseRfc3339(arg as string);
      if (time instanceof EvaluationError) return time;
      times.push(time);
    }
    const [first = EPOCH, second = EPOCH, third = EPOCH] = times;
    return body([first, second, third]);
  };
}

const EPOCH = utcInstant(0);

function withTimeAndDuration(body: (time: Instant, duration: bigint) => Json | EvaluationError): FunctionBody {
  return ([time, duration]) => {
    const parsed = parseRfc3339(time as string);
    if (parsed instanceof EvaluationError) return parsed;
    const length = parseDuration(duration as string);
    return length === undefined ? invalidDuration(duration as string) : body(parsed, length);
  };
}

/** Why Go's `time.ParseDuration` refuses a text. */
function invalidDuration(text: string): EvaluationError {
  const shown = `duration ${JSON.stringify(text)}`;
  for (const term of text.replace(/^[+-]/, '').matchAll(/([0-9]*\.?[0-9]*)([^0-9.]*)/g)) {
    const [, digits = '', unit = ''] = term;
    if (digits === '' || digits === '.') break;
    if (unit === '') return new EvaluationError(`time: missing unit in ${shown}`);
    if (!DURATION_UNITS.has(unit)) return new EvaluationError(`time: unknown unit ${JSON.stringify(unit)} in ${shown}`);
  }
  return new EvaluationError(`time: invalid ${shown}`);
}

const DURATION_UNITS: ReadonlySet<string> = new Set(['ns', 'us', 'µs', 'μs', 'ms', 's', 'm', 'h']);

const NO_CLOCK = new EvaluationError('the current time is not known here');

function now(context: CallContext, body: (time: Instant) => Json | EvaluationError): Json | EvaluationError {
  return Number.isFinite(context.now) ? body(utcInstant(context.now)) : NO_CLOCK;
}

function timeSince(layout: string, start: string, end: string, context: CallContext): Json | EvaluationError {
  const from = parseInstant(layout === '' ? RFC3339 : layout, start);
  if (from instanceof EvaluationError) return from;
  if (end === '') return now(context, (time) => durationBetween(from, time));
  const to = parseInstant(layout === '' ? RFC3339 : layout, end);
  return to instanceof EvaluationError ? to : durationBetween(from, to);
}

function timeParse(layout: string, text: string): Json | EvaluationError {
  if (!isInt64(layout)) {
    const time = parseInstant(layout, text);
    return time instanceof EvaluationError ? time : printable(time);
  }
  if (!isInt64(text)) return new EvaluationError(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  return printable({ nanoseconds: BigInt(text.replace('+', '')) * 1_000_000_000n, offset: 0, zone: 'UTC' });
}

function isInt64(text: string): boolean {
  if (!/^[+-]?[0-9]{1,19}$/.test(text)) return false;
  const value = BigInt(text.replace('+', ''));
  return value < 2n ** 63n && value >= -(2n ** 63n);
}

const YEARS = { first: -62_167_219_200_000_000_000n, last: 253_402_300_799_999_999_999n };

/** RFC 3339 text; years outside 0000 to 9999 have none. */
function printable(time: Instant): string | EvaluationError {
  const isInside = time.nanoseconds >= YEARS.first && time.nanoseconds <= YEARS.last;
  return isInside ? formatRfc3339(time) : new EvaluationError('time is outside of the years 0000 to 9999');
}

const LONGEST = 2n ** 63n - 1n;

/** As Go's `Sub`: a duration that does not fit 64 bits is the longest there is. */
function durationBetween(start: Instant, end: Instant): string {
  const length = end.nanoseconds - start.nanoseconds;
  if (length > LONGEST) return formatDuration(LONGEST);
  return formatDuration(length < -LONGEST - 1n ? -LONGEST - 1n : length);
}
