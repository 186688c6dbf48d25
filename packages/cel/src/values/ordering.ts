import type { CelValue } from './cel-value.ts';
import { compareNumbers, isNumber } from './numbers.ts';
import { CelDuration, CelTimestamp } from './time.ts';
import { compareStrings } from './utf8.ts';

/**
 * Order of two values: negative, 0 or positive; NaN when one of them is NaN; `undefined` when values of their types
 * cannot be ordered.
 */
export function compareValues(a: CelValue, b: CelValue): number | undefined {
  if (typeof a === 'number' && typeof b === 'number') return a < b ? -1 : a > b ? 1 : a === b ? 0 : Number.NaN;
  if (typeof a === 'string') return typeof b === 'string' ? compareStrings(a, b) : undefined;
  if (isNumber(a)) return isNumber(b) ? compareNumbers(a, b) : undefined;
  if (typeof a === 'boolean') return typeof b === 'boolean' ? Number(a) - Number(b) : undefined;
  if (a instanceof Uint8Array) return b instanceof Uint8Array ? compareBytes(a, b) : undefined;
  if (a instanceof CelTimestamp) return b instanceof CelTimestamp ? Number(a.nanos - b.nanos) : undefined;
  if (a instanceof CelDuration) return b instanceof CelDuration ? Number(a.nanos - b.nanos) : undefined;
  return undefined;
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index++) {
    const difference = (a[index] ?? 0) - (b[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}
