import { CelError, NO_SUCH_OVERLOAD } from './cel-error.ts';
import type { CelResult, CelValue } from './cel-value.ts';
import { CelDouble, CelUint, doubleValue, INT_OVERFLOW, isDouble, isInt, toDouble, toInt, toUint } from './numbers.ts';
import { CelDuration, CelTimestamp, toDuration, toTimestamp } from './time.ts';

const DIVISION_BY_ZERO = new CelError('division by zero');
const MODULUS_BY_ZERO = new CelError('modulus by zero');

/** One arithmetic operator on every pair of numbers of one type; `undefined` for all other operands. */
function numeric(
  a: CelValue,
  b: CelValue,
  onInts: (a: bigint, b: bigint) => bigint,
  onDoubles: (a: number, b: number) => number,
): CelResult | undefined {
  if (isInt(a) && isInt(b)) return toInt(onInts(BigInt(a), BigInt(b)));
  if (isDouble(a) && isDouble(b)) return toDouble(onDoubles(doubleValue(a), doubleValue(b)));
  if (a instanceof CelUint && b instanceof CelUint) return toUint(onInts(a.value, b.value));
  return undefined;
}

export function add(a: CelValue, b: CelValue): CelResult {
  if (typeof a === 'number' && typeof b === 'number' && Number.isSafeInteger(a) && Number.isSafeInteger(b)) {
    const sum = a + b;
    return Number.isSafeInteger(sum) ? sum : toInt(BigInt(a) + BigInt(b));
  }
  if (typeof a === 'string') return typeof b === 'string' ? joinTexts(a, b) : NO_SUCH_OVERLOAD;
  if (Array.isArray(a)) return Array.isArray(b) ? joinLists(a, b) : NO_SUCH_OVERLOAD;
  if (a instanceof Uint8Array) return b instanceof Uint8Array ? joinBytes(a, b) : NO_SUCH_OVERLOAD;
  return (
    addTimes(a, b) ??
    numeric(
      a,
      b,
      (x, y) => x + y,
      (x, y) => x + y,
    ) ??
    NO_SUCH_OVERLOAD
  );
}

const TEXT_LIMIT = 16 * 1024 * 1024;
const LIST_LIMIT = 1_000_000;
const TOO_LONG = new CelError('the result is too long');

// Bounds of our own: doubling a value a hundred times is a short expression.
function joinTexts(a: string, b: string): CelResult {
  return a.length + b.length > TEXT_LIMIT ? TOO_LONG : a + b;
}

function joinLists(a: readonly CelValue[], b: readonly CelValue[]): CelResult {
  return a.length + b.length > LIST_LIMIT ? TOO_LONG : a.concat(b);
}

function joinBytes(a: Uint8Array, b: Uint8Array): CelResult {
  if (a.length + b.length > TEXT_LIMIT) return TOO_LONG;
  const joined = new Uint8Array(a.length + b.length);
  joined.set(a);
  joined.set(b, a.length);
  return joined;
}

function addTimes(a: CelValue, b: CelValue): CelResult | undefined {
  if (a instanceof CelDuration) {
    if (b instanceof CelDuration) return toDuration(a.nanos + b.nanos);
    return b instanceof CelTimestamp ? toTimestamp(a.nanos + b.nanos) : undefined;
  }
  return a instanceof CelTimestamp && b instanceof CelDuration ? toTimestamp(a.nanos + b.nanos) : undefined;
}

export function subtract(a: CelValue, b: CelValue): CelResult {
  if (typeof a === 'number' && typeof b === 'number' && Number.isSafeInteger(a) && Number.isSafeInteger(b)) {
    const difference = a - b;
    return Number.isSafeInteger(difference) ? difference : toInt(BigInt(a) - BigInt(b));
  }
  return (
    subtractTimes(a, b) ??
    numeric(
      a,
      b,
      (x, y) => x - y,
      (x, y) => x - y,
    ) ??
    NO_SUCH_OVERLOAD
  );
}

function subtractTimes(a: CelValue, b: CelValue): CelResult | undefined {
  if (a instanceof CelTimestamp) {
    if (b instanceof CelTimestamp) return toDuration(a.nanos - b.nanos);
    return b instanceof CelDuration ? toTimestamp(a.nanos - b.nanos) : undefined;
  }
  return a instanceof CelDuration && b instanceof CelDuration ? toDuration(a.nanos - b.nanos) : undefined;
}

export function multiply(a: CelValue, b: CelValue): CelResult {
  return (
    numeric(
      a,
      b,
      (x, y) => x * y,
      (x, y) => x * y,
    ) ?? NO_SUCH_OVERLOAD
  );
}

export function divide(a: CelValue, b: CelValue): CelResult {
  if (isZero(b) && isInteger(a)) return DIVISION_BY_ZERO;
  return (
    numeric(
      a,
      b,
      (x, y) => x / y,
      (x, y) => x / y,
    ) ?? NO_SUCH_OVERLOAD
  );
}

export function modulo(a: CelValue, b: CelValue): CelResult {
  if (isDouble(a)) return NO_SUCH_OVERLOAD;
  if (isZero(b) && isInteger(a)) return MODULUS_BY_ZERO;
  return (
    numeric(
      a,
      b,
      (x, y) => x % y,
      (x, y) => x % y,
    ) ?? NO_SUCH_OVERLOAD
  );
}

function isInteger(value: CelValue): boolean {
  return isInt(value) || value instanceof CelUint;
}

function isZero(value: CelValue): boolean {
  return value === 0 || (value instanceof CelUint && value.value === 0n);
}

export function negate(value: CelValue): CelResult {
  if (typeof value === 'number') return value === 0 ? 0 : -value;
  if (typeof value === 'bigint') return value === -(2n ** 63n) ? INT_OVERFLOW : toInt(-value);
  if (value instanceof CelDouble) return toDouble(-value.value);
  return value instanceof CelDuration ? toDuration(-value.nanos) : NO_SUCH_OVERLOAD;
}
