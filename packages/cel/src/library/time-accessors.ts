import { declareFunction, type FunctionDeclaration, member } from '../declare/function-declaration.ts';
import { CelError } from '../values/cel-error.ts';
import { DURATION, INT, STRING, TIMESTAMP } from '../values/cel-type.ts';
import type { CelResult } from '../values/cel-value.ts';
import { toInt } from '../values/numbers.ts';
import {
  type CelDuration,
  CelTimestamp,
  civilFromDays,
  daysFromCivil,
  NANOS_PER_SECOND,
  splitDay,
} from '../values/time.ts';

const NANOS_PER_MILLI = 1_000_000n;
const OFFSET = /^([+-])?(\d\d):(\d\d)$/;

const ZONE_NAME = /^[A-Za-z][A-Za-z0-9_+\-/]{0,63}$/;
const ZONE_LIMIT = 64;

/** Time zones of one environment: fixed offsets or IANA names, whose tables the platform has. */
class Zones {
  readonly #formats = new Map<string, Intl.DateTimeFormat | undefined>();

  /** The moment whose UTC reading is the local reading of a moment in a zone. */
  toLocal(moment: CelTimestamp, zone: string): CelTimestamp | CelError {
    const fixed = OFFSET.exec(zone);
    const seconds = fixed
      ? (Number(fixed[2]) * 60 + Number(fixed[3])) * (fixed[1] === '-' ? -60 : 60)
      : this.#offsetSeconds(moment, zone);
    if (seconds === undefined) return new CelError(`unknown time zone ${zone}`);
    return new CelTimestamp(moment.nanos + BigInt(seconds) * NANOS_PER_SECOND);
  }

  #offsetSeconds({ nanos }: CelTimestamp, zone: string): number | undefined {
    if (zone === '' || zone === 'UTC') return 0;
    const format = this.#format(zone);
    if (format === undefined) return undefined;
    const milliseconds = Number(nanos / NANOS_PER_MILLI);
    const parts = new Map(format.formatToParts(milliseconds).map(({ type, value }) => [type, value]));
    const part = (type: Intl.DateTimeFormatPartTypes): number => Number(parts.get(type) ?? 0);
    const year = parts.get('era') === 'BC' ? 1 - part('year') : part('year');
    const days = daysFromCivil(year, part('month'), part('day'));
    const local = days * 86_400 + part('hour') * 3600 + part('minute') * 60 + part('second');
    return local - Math.floor(milliseconds / 1000);
  }

  #format(zone: string): Intl.DateTimeFormat | undefined {
    if (this.#formats.has(zone)) return this.#formats.get(zone);
    const format = ZONE_NAME.test(zone) ? createFormat(zone) : undefined;
    if (this.#formats.size >= ZONE_LIMIT) this.#formats.clear();
    this.#formats.set(zone, format);
    return format;
  }
}

function createFormat(timeZone: string): Intl.DateTimeFormat | undefined {
  const numeric = 'numeric';
  try {
    return new Intl.DateTimeFormat('en-US', {
      timeZone,
      hourCycle: 'h23',
      year: numeric,
      month: numeric,
      day: numeric,
      hour: numeric,
      minute: numeric,
      second: numeric,
      era: 'short',
    });
  } catch {
    // The platform refuses names of zones it does not know by throwing.
    return undefined;
  }
}

function date(moment: CelTimestamp): { readonly year: number; readonly month: number; readonly day: number } {
  return civilFromDays(splitDay(moment.nanos).days);
}

function secondOfDay({ nanos }: CelTimestamp): number {
  return Number(splitDay(nanos).nanosOfDay / NANOS_PER_SECOND);
}

function dayOfYear(moment: CelTimestamp): number {
  return splitDay(moment.nanos).days - daysFromCivil(date(moment).year, 1, 1);
}

function dayOfWeek({ nanos }: CelTimestamp): number {
  // 1970-01-01 was a Thursday.
  return (((splitDay(nanos).days + 4) % 7) + 7) % 7;
}

function milliseconds({ nanos }: CelTimestamp): number {
  return Number((splitDay(nanos).nanosOfDay % NANOS_PER_SECOND) / NANOS_PER_MILLI);
}

const READINGS: readonly (readonly [name: string, read: (moment: CelTimestamp) => number])[] = [
  ['getFullYear', (moment) => date(moment).year],
  ['getMonth', (moment) => date(moment).month - 1],
  ['getDate', (moment) => date(moment).day],
  ['getDayOfMonth', (moment) => date(moment).day - 1],
  ['getDayOfWeek', dayOfWeek],
  ['getDayOfYear', dayOfYear],
  ['getHours', (moment) => Math.floor(secondOfDay(moment) / 3600)],
  ['getMinutes', (moment) => Math.floor(secondOfDay(moment) / 60) % 60],
  ['getSeconds', (moment) => secondOfDay(moment) % 60],
  ['getMilliseconds', milliseconds],
];

const UNITS: ReadonlyMap<string, (nanos: bigint) => bigint> = new Map([
  ['getHours', (nanos: bigint) => nanos / (3600n * NANOS_PER_SECOND)],
  ['getMinutes', (nanos: bigint) => nanos / (60n * NANOS_PER_SECOND)],
  ['getSeconds', (nanos: bigint) => nanos / NANOS_PER_SECOND],
  ['getMilliseconds', (nanos: bigint) => (nanos % NANOS_PER_SECOND) / NANOS_PER_MILLI],
]);

function accessor(name: string, read: (moment: CelTimestamp) => number, zones: Zones): FunctionDeclaration {
  const inLocal = (moment: CelTimestamp, zone: string): CelResult => {
    const local = zones.toLocal(moment, zone);
    return local instanceof CelError ? local : read(local);
  };
  const unit = UNITS.get(name);
  const overloads = [
    member(`timestamp_to_${name}`, [TIMESTAMP], INT, read),
    member(`timestamp_to_${name}_with_tz`, [TIMESTAMP, STRING], INT, inLocal),
  ];
  if (unit !== undefined) {
    overloads.push(member(`duration_to_${name}`, [DURATION], INT, ({ nanos }: CelDuration) => toInt(unit(nanos))));
  }
  return declareFunction(name, ...overloads);
}

/** `getFullYear` and its like, in UTC or in a named zone; on durations, whole units. */
export function timeAccessors(): readonly FunctionDeclaration[] {
  const zones = new Zones();
  return READINGS.map(([name, read]) => accessor(name, read, zones));
}
