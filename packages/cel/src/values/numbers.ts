import { CelError } from './cel-error.ts';
import { CelObject } from './cel-object.ts';
import { type CelType, DOUBLE, UINT } from './cel-type.ts';
import type { CelValue } from './cel-value.ts';

/** A double whose value is a safe integer (`1.0`, `-0.0`); all other doubles are plain numbers. */
export class CelDouble extends CelObject {
  readonly value: number;

  constructor(value: number) {
    super();
    this.value = value;
  }

  get celType(): CelType {
    return DOUBLE;
  }

  equals(other: CelValue): boolean {
    return isNumber(other) && compareNumbers(this, other) === 0;
  }
}

/** An unsigned 64-bit integer. */
export class CelUint extends CelObject {
  readonly value: bigint;

  constructor(value: bigint) {
    super();
    this.value = value;
  }

  get celType(): CelType {
    return UINT;
  }

  equals(other: CelValue): boolean {
    return isNumber(other) && compareNumbers(this, other) === 0;
  }
}

export type CelInt = number | bigint;
export type CelNumber = number | bigint | CelDouble | CelUint;

const INT_MIN = -(2n ** 63n);
const INT_MAX = 2n ** 63n - 1n;
const UINT_MAX = 2n ** 64n - 1n;
const SAFE = BigInt(Number.MAX_SAFE_INTEGER);

export const INT_OVERFLOW = new CelError('integer overflow');
export const UINT_OVERFLOW = new CelError('unsigned integer overflow');

export function isInt(value: unknown): value is CelInt {
  return typeof value === 'number' ? Number.isSafeInteger(value) : typeof value === 'bigint';
}

export function isDouble(value: unknown): value is number | CelDouble {
  return typeof value === 'number' ? !Number.isSafeInteger(value) : value instanceof CelDouble;
}

export function isNumber(value: unknown): value is CelNumber {
  return (
    typeof value === 'number' || typeof value === 'bigint' || value instanceof CelDouble || value instanceof CelUint
  );
}

/** The double of that value. */
export function toDouble(value: number): number | CelDouble {
  return Number.isSafeInteger(value) ? new CelDouble(value) : value;
}

export function doubleValue(value: number | CelDouble): number {
  return typeof value === 'number' ? value : value.value;
}

/** The int of that value, or an overflow. */
export function toInt(value: bigint): CelInt | CelError {
  if (value >= -SAFE && value <= SAFE) return Number(value);
  return value < INT_MIN || value > INT_MAX ? INT_OVERFLOW : value;
}

export function toUint(value: bigint): CelUint | CelError {
  return value < 0n || value > UINT_MAX ? UINT_OVERFLOW : new CelUint(value);
}

/** The number as a JavaScript number, for sizes and positions; large integers lose precision. */
export function approximate(value: CelNumber): number {
  if (typeof value === 'number') return value;
  return Number(typeof value === 'bigint' ? value : value.value);
}

/** Numeric order across int, uint and double; NaN when one of them is NaN. */
export function compareNumbers(a: CelNumber, b: CelNumber): number {
  const left = plain(a);
  const right = plain(b);
  if (typeof left === typeof right || isExact(a) || isExact(b)) return order(left, right);
  // An integer beyond 2^53 against a double: compared as doubles, as the original does.
  return order(Number(left), Number(right));
}

function plain(value: CelNumber): number | bigint {
  return typeof value === 'object' ? value.value : value;
}

// Whether a mixed comparison is about two integers, which bigints compare exactly.
function isExact(value: CelNumber): boolean {
  return typeof value === 'number' && Number.isSafeInteger(value);
}

function order(a: number | bigint, b: number | bigint): number {
  if (a < b) return -1;
  if (a > b) return 1;
  return Number.isNaN(Number(a)) || Number.isNaN(Number(b)) ? Number.NaN : 0;
}

/** Shortest decimal form as Go's `%g`-like formatting of `string(double)` has it. */
export function formatDouble(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  if (Object.is(value, -0)) return '-0';
  const size = Math.abs(value);
  if (value === 0 || (size >= 1e-4 && size < 1e21)) return expand(value);
  const [digits = '', exponent = '0'] = value.toExponential().split('e');
  const power = Number(exponent);
  const padded = Math.abs(power) < 10 ? `0${Math.abs(power)}` : String(Math.abs(power));
  return `${digits}e${power < 0 ? '-' : '+'}${padded}`;
}

function expand(value: number): string {
  const text = String(value);
  return text.includes('e') ? value.toFixed(20).replace(/0+$/, '') : text;
}
