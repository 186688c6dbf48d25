import { CelError } from './cel-error.ts';
import { CelObject } from './cel-object.ts';
import { type CelType, DURATION, TIMESTAMP } from './cel-type.ts';
import type { CelValue } from './cel-value.ts';

export const NANOS_PER_SECOND = 1_000_000_000n;

/** A span of time in nanoseconds, within ±2^63 (about 292 years), as in Go. */
export class CelDuration extends CelObject {
  readonly nanos: bigint;

  constructor(nanos: bigint) {
    super();
    this.nanos = nanos;
  }

  get celType(): CelType {
    return DURATION;
  }

  equals(other: CelValue): boolean {
    return other instanceof CelDuration && other.nanos === this.nanos;
  }
}

/** A moment in nanoseconds since 1970-01-01T00:00:00Z, in the years 1 to 9999. */
export class CelTimestamp extends CelObject {
  readonly nanos: bigint;

  constructor(nanos: bigint) {
    super();
    this.nanos = nanos;
  }

  get celType(): CelType {
    return TIMESTAMP;
  }

  equals(other: CelValue): boolean {
    return other instanceof CelTimestamp && other.nanos === this.nanos;
  }
}

export const DURATION_OVERFLOW = new CelError('duration overflow');
export const TIMESTAMP_OVERFLOW = new CelError('timestamp overflow');

const DURATION_MAX = 2n ** 63n - 1n;
const DURATION_MIN = -(2n ** 63n);
const TIMESTAMP_MIN = -62_135_596_800n * NANOS_PER_SECOND;
const TIMESTAMP_MAX = 253_402_300_800n * NANOS_PER_SECOND - 1n;

export function toDuration(nanos: bigint): CelDuration | CelError {
  return nanos < DURATION_MIN || nanos > DURATION_MAX ? DURATION_OVERFLOW : new CelDuration(nanos);
}

export function toTimestamp(nanos: bigint): CelTimestamp | CelError {
  return nanos < TIMESTAMP_MIN || nanos > TIMESTAMP_MAX ? TIMESTAMP_OVERFLOW : new CelTimestamp(nanos);
}

const UNITS = new Map<string, bigint>([
  ['ns', 1n],
  ['us', 1_000n],
  ['µs', 1_000n],
  ['μs', 1_000n],
  ['ms', 1_000_000n],
  ['s', NANOS_PER_SECOND],
  ['m', 60n * NANOS_PER_SECOND],
  ['h', 3600n * NANOS_PER_SECOND],
]);
const TERM = /^(\d*)(?:(\.)(\d*))?(ns|us|µs|μs|ms|s|m|h)/;
const DURATION_LENGTH_LIMIT = 256;

/** Parses Go's duration syntax (`1h30m`, `-1.5s`); `undefined` when malformed or out of range. */
export function parseDuration(text: string): CelDuration | undefined {
  if (text.length > DURATION_LENGTH_LIMIT) return undefined;
  const negative = text.startsWith('-');
  let rest = negative || text.startsWith('+') ? text.slice(1) : text;
  if (rest === '0') return new CelDuration(0n);
  if (rest === '') return undefined;
  let total = 0n;
  while (rest !== '') {
    const found = TERM.exec(rest);
    if (!found) return undefined;
    const [all, whole = '', , fraction = '', unit = ''] = found;
    if (whole === '' && fraction === '') return undefined;
    const size = UNITS.get(unit) ?? 0n;
    total += BigInt(whole || '0') * size + (BigInt(fraction || '0') * size) / 10n ** BigInt(fraction.length);
    rest = rest.slice(all.length);
  }
  const result = toDuration(negative ? -total : total);
  return result instanceof CelError ? undefined : result;
}

/** Seconds with as many decimals as needed and an `s`: `3600s`, `1.5s`. */
export function formatDuration({ nanos }: CelDuration): string {
  return `${nanos < 0n ? '-' : ''}${decimalSeconds(nanos < 0n ? -nanos : nanos)}s`;
}

function decimalSeconds(nanos: bigint): string {
  const fraction = (nanos % NANOS_PER_SECOND).toString().padStart(9, '0').replace(/0+$/, '');
  return `${nanos / NANOS_PER_SECOND}${fraction === '' ? '' : `.${fraction}`}`;
}

const RFC_3339 = /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:[.,](\d+))?(?:([Zz])|([+-])(\d\d):(\d\d))$/;
const TIMESTAMP_LENGTH_LIMIT = 64;

/** Parses RFC 3339; `undefined` when malformed or outside the years 1 to 9999. */
export function parseTimestamp(text: string): CelTimestamp | undefined {
  if (text.length > TIMESTAMP_LENGTH_LIMIT) return undefined;
  const found = RFC_3339.exec(text);
  if (!found) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = found.slice(1, 7).map(Number);
  const offset = Number(found[10] ?? 0) * 60 + Number(found[11] ?? 0);
  const valid =
    month >= 1 && month <= 12 && day >= 1 && day <= daysInMonth(year, month) && hour < 24 && minute < 60 && second < 60;
  if (!valid || Number(found[10] ?? 0) > 24 || Number(found[11] ?? 0) >= 60) return undefined;
  const minutes = hour * 60 + minute - (found[9] === '-' ? -offset : offset);
  const seconds = BigInt(daysFromCivil(year, month, day)) * 86_400n + BigInt(minutes * 60 + second);
  const fraction = BigInt((found[7] ?? '').slice(0, 9).padEnd(9, '0'));
  const result = toTimestamp(seconds * NANOS_PER_SECOND + fraction);
  return result instanceof CelError ? undefined : result;
}

/** RFC 3339 in UTC, with up to nine decimals. */
export function formatTimestamp({ nanos }: CelTimestamp): string {
  const { days, nanosOfDay } = splitDay(nanos);
  const { year, month, day } = civilFromDays(days);
  const seconds = Number(nanosOfDay / NANOS_PER_SECOND);
  const fraction = (nanosOfDay % NANOS_PER_SECOND).toString().padStart(9, '0').replace(/0+$/, '');
  const date = `${String(year).padStart(4, '0')}-${pad(month)}-${pad(day)}`;
  const time = `${pad(Math.floor(seconds / 3600))}:${pad(Math.floor(seconds / 60) % 60)}:${pad(seconds % 60)}`;
  return `${date}T${time}${fraction === '' ? '' : `.${fraction}`}Z`;
}

function pad(value: number): string {
  return String(value).padStart(2, '0');
}

export function splitDay(nanos: bigint): { readonly days: number; readonly nanosOfDay: bigint } {
  const day = 86_400n * NANOS_PER_SECOND;
  const nanosOfDay = ((nanos % day) + day) % day;
  return { days: Number((nanos - nanosOfDay) / day), nanosOfDay };
}

export function daysInMonth(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/** Days from 1970-01-01 to a date of the proleptic Gregorian calendar. */
export function daysFromCivil(year: number, month: number, day: number): number {
  // Counted in eras of 400 years from March, so that leap days come last.
  const shifted = month <= 2 ? year - 1 : year;
  const era = Math.floor(shifted / 400);
  const yearOfEra = shifted - era * 400;
  const dayOfYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

export function civilFromDays(days: number): { readonly year: number; readonly month: number; readonly day: number } {
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  return { year, month, day: dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1 };
}
