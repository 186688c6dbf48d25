import { CelError, noSuchKey } from './cel-error.ts';
import { CelMap, type CelMapping, isMap, mapGet, toMapKey } from './cel-map.ts';
import { CelObject, CelRecord } from './cel-object.ts';
import { CelOptional, OPTIONAL_NONE, optionalOf } from './cel-optional.ts';
import type { CelResult, CelValue } from './cel-value.ts';
import { CelDouble, CelUint, formatDouble } from './numbers.ts';

const NOT_AN_INDEX = new CelError("unsupported index type 'string' in list");

/** `value.field`; `missing` is the error for an absent field, made once where the name is known. */
export function selectField(value: CelValue, field: string, missing: CelError): CelResult {
  const found = findField(value, field);
  return found === undefined ? missing : found;
}

/** The field's value, an error, or `undefined` when there is none. Optionals pass the question on to what they hold. */
export function findField(value: CelValue, field: string): CelResult | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if (value instanceof CelObject) return findInObject(value, field);
  if (Array.isArray(value)) return NOT_AN_INDEX;
  if (value instanceof Uint8Array) return undefined;
  // A plain object: JSON, whose own members are its fields.
  return Object.hasOwn(value, field) ? (value as { readonly [key: string]: CelValue })[field] : undefined;
}

function findInObject(value: CelObject, field: string): CelResult | undefined {
  if (value instanceof CelMap) return value.entries.get(field);
  // Records answer with values of the language.
  if (value instanceof CelRecord) return value.get(field) as CelResult | undefined;
  return value instanceof CelOptional ? findInOptional(value, (inner) => findField(inner, field)) : undefined;
}

function findInOptional(optional: CelOptional, find: (inner: CelValue) => CelResult | undefined): CelResult {
  if (optional.value === undefined) return optional;
  const found = find(optional.value);
  return found instanceof CelError ? found : optionalOf(found);
}

/** What `has(value.field)` gives. */
export function hasField(value: CelValue, field: string): boolean | CelError {
  if (value instanceof CelRecord) return value.has(field);
  if (value instanceof CelOptional) return value.value === undefined ? false : hasField(value.value, field);
  const found = findField(value, field);
  return found instanceof CelError ? found : found !== undefined;
}

/** `value.?field`: an optional, empty when absent or when the value has no fields. */
export function selectOptional(value: CelValue, field: string): CelResult {
  if (value instanceof CelOptional) {
    return value.value === undefined ? OPTIONAL_NONE : selectOptional(value.value, field);
  }
  if (value instanceof CelRecord && value.has(field) === false) return OPTIONAL_NONE;
  const found = findField(value, field);
  return found instanceof CelError ? found : optionalOf(found);
}

/** `value[index]`. */
export function indexValue(value: CelValue, index: CelValue): CelResult {
  const found = findIndex(value, index);
  return found === undefined ? missingIndex(value, index) : found;
}

/** `value[?index]`. */
export function indexOptional(value: CelValue, index: CelValue): CelResult {
  if (value instanceof CelOptional) {
    return value.value === undefined ? OPTIONAL_NONE : indexOptional(value.value, index);
  }
  const found = findIndex(value, index);
  return found instanceof CelError ? found : optionalOf(found);
}

function findIndex(value: CelValue, index: CelValue): CelResult | undefined {
  if (Array.isArray(value)) return findElement(value, index);
  if (isMap(value)) return findKey(value, index);
  if (value instanceof CelOptional) return findInOptional(value, (inner) => findIndex(inner, index));
  if (value instanceof CelRecord && typeof index === 'string') return value.get(index) as CelResult | undefined;
  return undefined;
}

function findKey(map: CelMapping, index: CelValue): CelResult | undefined {
  return toMapKey(index) === undefined ? new CelError(`unsupported key type`) : mapGet(map, index);
}

function findElement(list: readonly CelValue[], index: CelValue): CelResult | undefined {
  const position = toPosition(index);
  if (position instanceof CelError) return position;
  return position >= 0 && position < list.length ? list[position] : undefined;
}

/** A position in a list: any number that is an integer. */
function toPosition(index: CelValue): number | CelError {
  if (typeof index === 'number') {
    return Number.isInteger(index) ? index : new CelError(`unsupported index value ${formatDouble(index)} in list`);
  }
  if (typeof index === 'bigint') return Number(index);
  if (index instanceof CelDouble) return index.value;
  if (index instanceof CelUint) return Number(index.value);
  return new CelError(`unsupported index type '${index === null ? 'null_type' : kindName(index)}' in list`);
}

function kindName(value: CelValue): string {
  if (value instanceof CelObject) return value.celType.name;
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'string') return 'string';
  return Array.isArray(value) ? 'list' : 'map';
}

function missingIndex(value: CelValue, index: CelValue): CelError {
  const shown = showKey(index);
  return Array.isArray(value) ? new CelError(`index out of bounds: ${shown}`) : noSuchKey(shown);
}

function showKey(key: CelValue): string {
  if (key instanceof CelUint || key instanceof CelDouble) return String(key.value);
  return typeof key === 'object' ? kindName(key) : String(key);
}
