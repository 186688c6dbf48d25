import { compareQuantities } from '@vouchsafe/cel/quantity';
import { parseDuration } from '../../../kernel/duration.ts';
import { parseGoFloat } from '../../../kernel/go-number.ts';
import type { Json } from '../../../kernel/json.ts';
import { compareSemver, parseSemver } from '../../../kernel/semver.ts';
import { bothDurations, quantityText, secondsOf } from './operand.ts';
import type { Operator } from './operator.ts';

export type Order = (order: number) => boolean;

/** `GreaterThan` and its like over numbers, durations, quantities and versions (kyverno-core §2.8). */
export function ordering(holds: Order): Operator {
  return (value) => (key) => {
    const order = orderOf(key, value);
    return order !== undefined && holds(order);
  };
}

/** Negative, zero, positive or NaN; `undefined` where the two cannot be compared. */
function orderOf(key: Json, value: Json): number | undefined {
  if (typeof key === 'number') return orderOfNumber(key, value);
  if (typeof key !== 'string') return undefined;
  const durations = bothDurations(key, value);
  if (durations) return compare(durations[0], durations[1]);
  const quantity = quantityText(key);
  const other = quantity && quantityText(value);
  if (quantity && other) return compareQuantities(quantity, other);
  const number = parseGoFloat(key);
  if (number !== undefined) return orderOfNumber(number, value);
  const version = parseSemver(key);
  const otherVersion = version && typeof value === 'string' ? parseSemver(value) : undefined;
  return version && otherVersion && compareSemver(version, otherVersion);
}

function orderOfNumber(key: number, value: Json): number | undefined {
  if (typeof value === 'number') return key - value;
  if (typeof value !== 'string') return undefined;
  const durations = bothDurations(key, value);
  if (durations) return compare(durations[0], durations[1]);
  const number = parseGoFloat(value);
  return number === undefined ? undefined : compare(key, number);
}

function compare<Value extends number | bigint>(a: Value, b: Value): number {
  if (a === b) return 0;
  return a < b ? -1 : a > b ? 1 : Number.NaN;
}

/** The deprecated `Duration…` operators: both sides are durations, numbers count whole seconds. */
export function durationOrdering(holds: Order): Operator {
  return (value) => {
    const right = nanoseconds(value);
    return (key) => {
      const left = nanoseconds(key);
      return left !== undefined && right !== undefined && holds(compare(left, right));
    };
  };
}

function nanoseconds(value: Json): bigint | undefined {
  return typeof value === 'string' ? parseDuration(value) : secondsOf(value);
}
