import { CelMap, type CelMapping, isMap, mapGet, mapKeys, mapSize } from './cel-map.ts';
import { CelObject } from './cel-object.ts';
import type { CelValue, PlainMap } from './cel-value.ts';
import { compareNumbers, isNumber } from './numbers.ts';

/** Counts how many members of lists and maps were compared; beyond the limit the answer is a mere `false`. */
export interface EqualityMeter {
  work: number;
  readonly limit: number;
}

function isOver(meter: EqualityMeter | undefined, size: number): boolean {
  if (meter === undefined) return false;
  meter.work += size;
  return meter.work > meter.limit;
}

/** CEL equality: numeric across number types, deep for lists and maps, false between different types. */
export function isEqual(a: CelValue, b: CelValue, meter?: EqualityMeter): boolean {
  if (typeof a !== 'object' || a === null) {
    if (a === b) return true;
    if (typeof a === 'number' || typeof a === 'bigint') return isNumber(b) && compareNumbers(a, b) === 0;
    return false;
  }
  if (a instanceof CelMap) return isMap(b) && equalMaps(a, b, meter);
  if (a instanceof CelObject) return a.equals(b);
  if (typeof b !== 'object' || b === null) return false;
  if (Array.isArray(a)) return Array.isArray(b) && equalLists(a, b, meter);
  if (a instanceof Uint8Array) return b instanceof Uint8Array && equalBytes(a, b);
  return isMap(a) && isMap(b) && equalMaps(a, b, meter);
}

function equalLists(a: readonly CelValue[], b: readonly CelValue[], meter?: EqualityMeter): boolean {
  if (a.length !== b.length) return false;
  if (isOver(meter, a.length)) return false;
  for (let index = 0; index < a.length; index++) {
    if (!isEqual(at(a, index), at(b, index), meter)) return false;
  }
  return true;
}

function at(list: readonly CelValue[], index: number): CelValue {
  return list[index] ?? null;
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

export function equalMaps(a: CelMapping, b: CelMapping, meter?: EqualityMeter): boolean {
  if (!(a instanceof CelMap) && !(b instanceof CelMap)) return equalObjects(a, b, meter);
  const size = mapSize(a);
  if (size !== mapSize(b) || isOver(meter, size)) return false;
  const keys = a instanceof CelMap ? [...a.entries.keys()] : mapKeys(a);
  for (const key of keys) {
    const left = mapGet(a, key);
    const right = mapGet(b, key);
    if (left === undefined || right === undefined || !isEqual(left, right, meter)) return false;
  }
  return true;
}

function equalObjects(a: PlainMap, b: PlainMap, meter: EqualityMeter | undefined): boolean {
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length || isOver(meter, keys.length)) return false;
  for (const key of keys) {
    const left = a[key];
    const right = Object.hasOwn(b, key) ? b[key] : undefined;
    if (left === undefined || right === undefined || !isEqual(left, right, meter)) return false;
  }
  return true;
}
