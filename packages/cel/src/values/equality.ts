import { CelMap, type CelMapping, isMap, mapGet, mapKeys, mapSize } from './cel-map.ts';
import { CelObject } from './cel-object.ts';
import type { CelValue } from './cel-value.ts';
import { compareNumbers, isNumber } from './numbers.ts';

/** CEL equality: numeric across number types, deep for lists and maps, false between different types. */
export function isEqual(a: CelValue, b: CelValue): boolean {
  if (typeof a !== 'object' || a === null) {
    if (a === b) return true;
    if (typeof a === 'number' || typeof a === 'bigint') return isNumber(b) && compareNumbers(a, b) === 0;
    return false;
  }
  if (a instanceof CelObject) return a.equals(b);
  if (typeof b !== 'object' || b === null) return false;
  if (Array.isArray(a)) return Array.isArray(b) && equalLists(a, b);
  if (a instanceof Uint8Array) return b instanceof Uint8Array && equalBytes(a, b);
  return isMap(a) && isMap(b) && equalMaps(a, b);
}

function equalLists(a: readonly CelValue[], b: readonly CelValue[]): boolean {
  if (a.length !== b.length) return false;
  for (let index = 0; index < a.length; index++) {
    if (!isEqual(at(a, index), at(b, index))) return false;
  }
  return true;
}

function at(list: readonly CelValue[], index: number): CelValue {
  return list[index] ?? null;
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

export function equalMaps(a: CelMapping, b: CelMapping): boolean {
  if (mapSize(a) !== mapSize(b)) return false;
  const keys = a instanceof CelMap ? [...a.entries.keys()] : mapKeys(a);
  for (const key of keys) {
    const left = mapGet(a, key);
    const right = mapGet(b, key);
    if (left === undefined || right === undefined || !isEqual(left, right)) return false;
  }
  return true;
}
