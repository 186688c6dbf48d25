/** How a quantity is written again: with `Ki`…, with `k`…, or with `e3`. */
export type QuantityFormat = 'BinarySI' | 'DecimalSI' | 'DecimalExponent';

/**
 * An exact decimal with the notation it came in: `unscaled × 10^-scale`. The scale is kept as parsed (`1k` has −3),
 * since Kyverno's division rounds to it. Immutable.
 */
export interface Quantity {
  readonly unscaled: bigint;
  readonly scale: number;
  readonly format: QuantityFormat;
  /** The text as parsed, where Kubernetes repeats it unchanged. */
  readonly text?: string;
}

// Bounds of our own: Kubernetes has none, and a quantity of normal length stays far below.
const LENGTH_LIMIT = 256;
const EXPONENT_LIMIT = 400;
const NANO_SCALE = 9;
const FAST_PATH_DIGITS = 18;
const LARGEST_BINARY = 2n ** 63n - 1n;

const NUMBER_AND_SUFFIX = /^([+-]?)(?:([0-9]*)(?:(\.)([0-9]*))?)([eEinumkKMGTP]*[+-]?[0-9]*)$/;

const DECIMAL_SUFFIXES = new Map([
  ['n', -9],
  ['u', -6],
  ['m', -3],
  ['', 0],
  ['k', 3],
  ['M', 6],
  ['G', 9],
  ['T', 12],
  ['P', 15],
  ['E', 18],
]);
const DECIMAL_NAMES = new Map([...DECIMAL_SUFFIXES].map(([suffix, exponent]) => [exponent, suffix]));
const BINARY_NAMES = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];

interface Suffix {
  readonly base: 2 | 10;
  readonly exponent: number;
  readonly format: QuantityFormat;
}

/**
 * Parses as Kubernetes' `resource.ParseQuantity`: exact down to nano, finer values rounded away from zero, binary
 * suffixes capped at 2^63−1. `undefined` when it is no quantity.
 */
export function parseQuantity(text: string): Quantity | undefined {
  if (text.length === 0 || text.length > LENGTH_LIMIT) return undefined;
  if (text === '0') return { unscaled: 0n, scale: 0, format: 'DecimalSI', text };
  const found = NUMBER_AND_SUFFIX.exec(text);
  if (!found) return undefined;
  const [, sign = '', whole = '', point = '', fraction = '', suffixText = ''] = found;
  const suffix = interpretSuffix(suffixText);
  if (!suffix) return undefined;
  const digits = whole.replace(/^0+/, '') || '0';
  const size = BigInt(digits + fraction);
  const parts = { size, digits, fraction, suffix, negative: sign === '-', text };
  const exact = parseSmall(parts);
  if (exact) return exact;
  // Here the number itself must be one: Kubernetes' slow path refuses `.` alone, the fast path does not.
  return whole === '' && fraction === '' && point !== '' ? undefined : parseLarge(parts);
}

interface NumberParts {
  readonly size: bigint;
  readonly digits: string;
  readonly fraction: string;
  readonly suffix: Suffix;
  readonly negative: boolean;
  readonly text: string;
}

function interpretSuffix(text: string): Suffix | undefined {
  const decimal = DECIMAL_SUFFIXES.get(text);
  if (decimal !== undefined) return { base: 10, exponent: decimal, format: 'DecimalSI' };
  const binary = BINARY_NAMES.indexOf(text);
  if (binary > 0) return { base: 2, exponent: binary * 10, format: 'BinarySI' };
  if (!/^[eE][+-]?[0-9]+$/.test(text)) return undefined;
  const exponent = Number(text.slice(1));
  return Math.abs(exponent) <= EXPONENT_LIMIT ? { base: 10, exponent, format: 'DecimalExponent' } : undefined;
}

/** What fits Kubernetes' int64 form: nothing is rounded, and a text already in shape is kept. */
function parseSmall({ size, digits, fraction, suffix, negative, text }: NumberParts): Quantity | undefined {
  const { base, exponent, format } = suffix;
  if (base === 2) {
    const precision = 15 - digits.length - Math.trunc((exponent * 3) / 10) - 1;
    if (fraction !== '' || precision < 0) return undefined;
    const value = size << BigInt(exponent);
    const isCanonical = (size & 7n) !== 0n;
    return build(negative ? -value : value, 0, format, isCanonical ? text : undefined);
  }
  const scale = fraction.length - exponent;
  if (digits.length + fraction.length > FAST_PATH_DIGITS || scale > NANO_SCALE) return undefined;
  const shifted = digits + fraction;
  const isCanonical = scale % 3 === 0 && !shifted.endsWith('000') && !shifted.startsWith('0');
  return build(negative ? -size : size, scale, format, isCanonical ? text : undefined);
}

function parseLarge({ size, fraction, suffix, negative }: NumberParts): Quantity {
  const { base, exponent, format } = suffix;
  let scale = fraction.length - (base === 10 ? exponent : 0);
  let value = base === 2 ? size << BigInt(exponent) : size;
  if (value !== 0n) {
    // Kubernetes rounds to nine places also when there are fewer: the scale becomes nine.
    value = scale > NANO_SCALE ? divideUp(value, power(scale - NANO_SCALE)) : value * power(NANO_SCALE - scale);
    scale = NANO_SCALE;
  }
  if (format === 'BinarySI' && value > LARGEST_BINARY * power(Math.max(scale, 0))) {
    value = LARGEST_BINARY;
    scale = 0;
  }
  const isFraction = format === 'BinarySI' && value > 0n && value < power(Math.max(scale, 0));
  return build(negative ? -value : value, scale, isFraction ? 'DecimalSI' : format);
}

function build(unscaled: bigint, scale: number, format: QuantityFormat, text?: string): Quantity {
  return text === undefined ? { unscaled, scale, format } : { unscaled, scale, format, text };
}

/** A quantity of a decimal computed elsewhere. */
export function createQuantity(unscaled: bigint, scale: number, format: QuantityFormat): Quantity {
  return { unscaled, scale, format };
}

function power(exponent: number): bigint {
  return 10n ** BigInt(exponent);
}

/** Division of non-negative numbers, rounded up. */
function divideUp(value: bigint, divisor: bigint): bigint {
  return (value + divisor - 1n) / divisor;
}

/** Both unscaled values at the larger of the two scales. */
function align(a: Quantity, b: Quantity): { readonly left: bigint; readonly right: bigint; readonly scale: number } {
  const scale = Math.max(a.scale, b.scale);
  return { left: a.unscaled * power(scale - a.scale), right: b.unscaled * power(scale - b.scale), scale };
}

/** Negative, zero or positive. Exact. */
export function compareQuantities(a: Quantity, b: Quantity): -1 | 0 | 1 {
  const { left, right } = align(a, b);
  if (left === right) return 0;
  return left < right ? -1 : 1;
}

/** Kubernetes' `Add`: in the format of the first, unless it is zero. */
export function addQuantities(a: Quantity, b: Quantity): Quantity {
  const { left, right, scale } = align(a, b);
  return build(left + right, scale, a.unscaled === 0n ? b.format : a.format);
}

/** Kubernetes' `Sub`: in the format of the first, unless it is zero. */
export function subtractQuantities(a: Quantity, b: Quantity): Quantity {
  const { left, right, scale } = align(a, b);
  return build(left - right, scale, a.unscaled === 0n ? b.format : a.format);
}

/** The exact product, in the format of the first. */
export function multiplyQuantities(a: Quantity, b: Quantity): Quantity {
  return build(a.unscaled * b.unscaled, a.scale + b.scale, a.format);
}

/** The quotient rounded toward zero at `scale` decimal places, in the format of the first; `undefined` by zero. */
export function divideQuantities(
  a: Quantity,
  b: Quantity,
  scale: number = Math.max(a.scale, b.scale),
): Quantity | undefined {
  if (b.unscaled === 0n) return undefined;
  const shift = scale + b.scale - a.scale;
  const quotient = shift >= 0 ? (a.unscaled * power(shift)) / b.unscaled : a.unscaled / (b.unscaled * power(-shift));
  return build(quotient, scale, a.format);
}

/** What is left of `a` after taking `b` a whole number of times, with the sign of `a`; `undefined` by zero. */
export function moduloQuantities(a: Quantity, b: Quantity): Quantity | undefined {
  if (b.unscaled === 0n) return undefined;
  const { left, right, scale } = align(a, b);
  return build(left % right, scale, a.format);
}

export function isZeroQuantity(quantity: Quantity): boolean {
  return quantity.unscaled === 0n;
}

export function negateQuantity(quantity: Quantity): Quantity {
  return build(-quantity.unscaled, quantity.scale, quantity.format);
}

/** Whether the quantity is a whole number. */
export function isIntegerQuantity({ unscaled, scale }: Quantity): boolean {
  return scale <= 0 || unscaled % power(scale) === 0n;
}

/** The whole number at or above it in magnitude (Kubernetes rounds away from zero). */
export function toBigInt({ unscaled, scale }: Quantity): bigint {
  if (scale <= 0) return unscaled * power(-scale);
  const size = divideUp(unscaled < 0n ? -unscaled : unscaled, power(scale));
  return unscaled < 0n ? -size : size;
}

/** The nearest double, as Kubernetes' `AsApproximateFloat64`; infinite when out of range. */
export function toNumber({ unscaled, scale }: Quantity): number {
  return scale === 0 ? Number(unscaled) : Number(unscaled) * Number(`1e${-scale}`);
}

/** Kubernetes' canonical text: no fraction, the largest suffix that loses nothing. */
export function formatQuantity(quantity: Quantity): string {
  if (quantity.text !== undefined) return quantity.text;
  if (quantity.unscaled === 0n) return '0';
  if (quantity.format === 'BinarySI' && isIntegerQuantity(quantity)) {
    const value = toBigInt(quantity);
    if (value <= -1024n || value >= 1024n) return formatBinary(value);
  }
  return formatDecimal(quantity);
}

function formatBinary(value: bigint): string {
  let rest = value;
  let steps = 0;
  while (steps < BINARY_NAMES.length - 1 && rest % 1024n === 0n) {
    rest /= 1024n;
    steps++;
  }
  return `${rest}${BINARY_NAMES[steps]}`;
}

function formatDecimal({ unscaled, scale, format }: Quantity): string {
  let mantissa = unscaled;
  let exponent = -scale;
  while (mantissa % 10n === 0n) {
    mantissa /= 10n;
    exponent++;
  }
  while (exponent % 3 !== 0) {
    mantissa *= 10n;
    exponent--;
  }
  const suffix = format === 'DecimalExponent' ? undefined : DECIMAL_NAMES.get(exponent);
  if (suffix !== undefined) return `${mantissa}${suffix}`;
  return exponent === 0 ? `${mantissa}` : `${mantissa}e${exponent}`;
}
