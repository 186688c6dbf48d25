/** When something is to be done again and again. */
export interface Schedule {
  /** The first instant strictly after `after`, both in milliseconds since the epoch; `undefined` when there is none. */
  readonly next: (after: number) => number | undefined;
}

/** One of the two day fields. */
export interface DaySpec {
  /** It says nothing, so the other field alone decides. */
  readonly isAny: boolean;
  readonly days: ReadonlySet<number>;
  readonly special: readonly SpecialDay[];
}

export type SpecialDay =
  | { readonly kind: 'last-day' | 'last-workday' }
  | { readonly kind: 'workday-near'; readonly day: number }
  | { readonly kind: 'last-weekday'; readonly weekday: number }
  | { readonly kind: 'nth-weekday'; readonly weekday: number; readonly nth: number };

/** Fields in UTC, each ascending. */
export interface ClockFields {
  readonly second: readonly number[];
  readonly minute: readonly number[];
  readonly hour: readonly number[];
  readonly month: readonly number[];
  readonly year: readonly number[];
  readonly ofMonth: DaySpec;
  readonly ofWeek: DaySpec;
}

/** Every `interval` milliseconds, on whole seconds. */
export function createIntervalSchedule(interval: number): Schedule {
  return { next: (after) => Math.floor((after + interval) / 1000) * 1000 };
}

export function createClockSchedule(fields: ClockFields): Schedule {
  return { next: (after) => nextInstant(fields, Math.floor(after / 1000) * 1000 + 1000) };
}

const DAY = 86_400_000;

/** The first instant at or after `from`. Walks days, of which there are few: years end in 2099. */
function nextInstant(fields: ClockFields, from: number): number | undefined {
  const start = new Date(from);
  const today = Date.UTC(start.getUTCFullYear(), start.getUTCMonth(), start.getUTCDate());
  for (const year of fields.year) {
    if (year < start.getUTCFullYear()) continue;
    for (const month of fields.month) {
      const length = daysIn(year, month);
      for (let day = 1; day <= length; day += 1) {
        const midnight = Date.UTC(year, month - 1, day);
        if (midnight < today || !isDay(fields, year, month, day)) continue;
        const time = nextTime(fields, midnight === today ? from - today : 0);
        if (time !== undefined) return midnight + time;
      }
    }
  }
  return undefined;
}

/** The first time of day at or after `from`, in milliseconds. */
function nextTime({ hour, minute, second }: ClockFields, from: number): number | undefined {
  if (from >= DAY) return undefined;
  for (const h of hour) {
    if ((h + 1) * 3_600_000 <= from) continue;
    for (const m of minute) {
      const base = h * 3_600_000 + m * 60_000;
      if (base + 60_000 <= from) continue;
      const found = second.find((s) => base + s * 1000 >= from);
      if (found !== undefined) return base + found * 1000;
    }
  }
  return undefined;
}

function daysIn(year: number, month: number): number {
  return new Date(Date.UTC(year, month, 0)).getUTCDate();
}

function weekdayOf(year: number, month: number, day: number): number {
  return new Date(Date.UTC(year, month - 1, day)).getUTCDay();
}

/** Where both day fields say something, one that holds is enough. */
function isDay({ ofMonth, ofWeek }: ClockFields, year: number, month: number, day: number): boolean {
  const inMonth = (): boolean =>
    ofMonth.days.has(day) || ofMonth.special.some((special) => isSpecial(special, year, month, day));
  const inWeek = (): boolean =>
    ofWeek.days.has(weekdayOf(year, month, day)) ||
    ofWeek.special.some((special) => isSpecial(special, year, month, day));
  if (ofMonth.isAny) return ofWeek.isAny || inWeek();
  return inMonth() || (!ofWeek.isAny && inWeek());
}

function isSpecial(special: SpecialDay, year: number, month: number, day: number): boolean {
  const length = daysIn(year, month);
  switch (special.kind) {
    case 'last-day':
      return day === length;
    case 'last-workday':
      return day === workdayNear(year, month, length);
    case 'workday-near':
      return special.day <= length && day === workdayNear(year, month, special.day);
    case 'last-weekday':
      return weekdayOf(year, month, day) === special.weekday && day + 7 > length;
    case 'nth-weekday':
      return weekdayOf(year, month, day) === special.weekday && Math.ceil(day / 7) === special.nth;
  }
}

/** The workday nearest to a day, without leaving its month. */
function workdayNear(year: number, month: number, day: number): number {
  const weekday = weekdayOf(year, month, day);
  if (weekday === 6) return day > 1 ? day - 1 : day + 2;
  if (weekday === 0) return day < daysIn(year, month) ? day + 1 : day - 2;
  return day;
}
