/** A closed interval of time; without `end` it is still open. Milliseconds since the epoch. */
export interface Validity {
  readonly start: number;
  readonly end: number | undefined;
}

export const always: Validity = { start: Number.NEGATIVE_INFINITY, end: undefined };

export function isWithin(validity: Validity, time: number): boolean {
  return time >= validity.start && (validity.end === undefined || time <= validity.end);
}

/** Seconds matter, milliseconds do not. */
export function formatTime(time: number): string {
  return new Date(time).toISOString().replace('.000Z', 'Z');
}
