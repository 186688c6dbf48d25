import { compareQuantities } from '@vouchsafe/cel/quantity';
import { parseGoFloat } from '../../../kernel/go-number.ts';
import { isEqualJson, isJsonArray, isJsonObject, type Json } from '../../../kernel/json.ts';
import { hasWildcard, matchWildcard } from '../../../kernel/wildcard.ts';
import { bothDurations, durationText, quantityText } from './operand.ts';
import type { KeyTest, Operator } from './operator.ts';

/** `Equals`: by the key's type; types that do not fit are unequal (kyverno-core §2.8). */
export const equals: Operator = (value) => {
  const isEqual = compileEqual(value);
  return (key) => key !== null && isEqual(key);
};

/** `NotEquals`: the opposite, except for a null key. */
export const notEquals: Operator = (value) => {
  const isEqual = compileEqual(value);
  return (key) => key !== null && !isEqual(key);
};

function compileEqual(value: Json): KeyTest {
  if (typeof value !== 'string' || hasWildcard(value)) return (key) => isEqual(key, value);
  // Found out when first needed: a value that comes from a request meets one key.
  let isPlain: boolean | undefined;
  return (key) => {
    if (typeof key !== 'string') return isEqual(key, value);
    if (key === value) return true;
    isPlain ??= !isNumeric(value);
    return isPlain ? false : isEqualText(key, value);
  };
}

/** A duration or a quantity, which others of another spelling equal. */
function isNumeric(text: string): boolean {
  return mayBeNumber(text) && (durationText(text) !== undefined || quantityText(text) !== undefined);
}

function isEqual(key: Json, value: Json): boolean {
  switch (typeof key) {
    case 'boolean':
      return key === value;
    case 'number':
      return typeof value === 'string' ? parseGoFloat(value) === key : key === value;
    case 'string':
      return isEqualText(key, value);
    default:
      return isJsonArray(key)
        ? isJsonArray(value) && isEqualJson(key, value)
        : isJsonObject(value) && isEqualJson(key, value);
  }
}

/** Durations, then quantities, then the value as a wildcard pattern. */
function isEqualText(key: string, value: Json): boolean {
  if (typeof value === 'string' && !mayBeNumber(key) && !mayBeNumber(value)) return matchWildcard(value, key);
  const durations = bothDurations(key, value);
  if (durations) return durations[0] === durations[1];
  if (typeof value !== 'string') return false;
  const quantity = quantityText(key);
  if (quantity === undefined) return matchWildcard(value, key);
  const other = quantityText(value);
  return other !== undefined && compareQuantities(quantity, other) === 0;
}

/** Durations and quantities begin with a sign, a digit or a point, but for bare suffixes: `k`, `Mi`, `e3`. */
function mayBeNumber(text: string): boolean {
  const first = text.charCodeAt(0);
  return text.length <= 2 || first < LETTERS || first === SMALL_E || first === LARGE_E;
}

const [LETTERS, LARGE_E, SMALL_E] = [0x41, 0x45, 0x65] as const;
