/** A moment as Go's `time.Time` holds it. */
export interface Instant {
  /** Nanoseconds since 1970 in UTC. */
  readonly nanoseconds: bigint;
  /** Seconds east of UTC: the zone it was written in and is printed in. */
  readonly offset: number;
  /** Abbreviation of the zone, when it was written with one; `UTC` for UTC. */
  readonly zone: string;
}

/** The fields of an instant in its own zone. `month` counts from 1, `weekday` from 0, Sunday. */
export interface Calendar {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly nanosecond: number;
  readonly weekday: number;
  readonly yearDay: number;
}

const NANOSECONDS = 1_000_000_000n;
const DAY_SECONDS = 86_400;

export function utcInstant(milliseconds: number): Instant {
  return { nanoseconds: BigInt(Math.trunc(milliseconds)) * 1_000_000n, offset: 0, zone: 'UTC' };
}

export function toUtc(instant: Instant): Instant {
  return { nanoseconds: instant.nanoseconds, offset: 0, zone: 'UTC' };
}

/** The calendar fields. Dates follow the Gregorian calendar for all years, as in Go. */
export function calendarOf({ nanoseconds, offset }: Instant): Calendar {
  const local = nanoseconds + BigInt(offset) * NANOSECONDS;
  const seconds = Number(floorDivide(local, NANOSECONDS));
  const days = Math.floor(seconds / DAY_SECONDS);
  const rest = seconds - days * DAY_SECONDS;
  const date = civilFromDays(days);
  return {
    ...date,
    hour: Math.floor(rest / 3600),
    minute: Math.floor((rest % 3600) / 60),
    second: rest % 60,
    nanosecond: Number(local - floorDivide(local, NANOSECONDS) * NANOSECONDS),
    weekday: (((days + 4) % 7) + 7) % 7,
    yearDay: days - daysFromCivil(date.year, 1, 1) + 1,
  };
}

/** Nanoseconds since 1970 of calendar fields taken as UTC. */
export function nanosecondsOf(fields: {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly nanosecond: number;
}): bigint {
  const days = daysFromCivil(fields.year, fields.month, fields.day);
  const seconds = days * DAY_SECONDS + fields.hour * 3600 + fields.minute * 60 + fields.second;
  return BigInt(seconds) * NANOSECONDS + BigInt(fields.nanosecond);
}

export function daysInMonth(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/** Rounds down to a multiple of `unit` nanoseconds since the year 1, Go's zero time. */
export function truncateInstant(instant: Instant, unit: bigint): Instant {
  if (unit <= 0n) return instant;
  const sinceYearOne = instant.nanoseconds - YEAR_ONE;
  return { ...instant, nanoseconds: YEAR_ONE + floorDivide(sinceYearOne, unit) * unit };
}

const YEAR_ONE = BigInt(daysFromCivil(1, 1, 1) * DAY_SECONDS) * NANOSECONDS;

function floorDivide(value: bigint, divisor: bigint): bigint {
  const quotient = value / divisor;
  return value % divisor < 0n ? quotient - 1n : quotient;
}

/** Days since 1970-01-01, counting eras of 400 years that begin in March. */
function daysFromCivil(year: number, month: number, day: number): number {
  const shifted = month <= 2 ? year - 1 : year;
  const era = Math.floor(shifted / 400);
  const yearOfEra = shifted - era * 400;
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

function civilFromDays(days: number): { readonly year: number; readonly month: number; readonly day: number } {
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const marchMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9;
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * marchMonth + 2) / 5) + 1,
  };
}
