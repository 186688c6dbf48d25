import { CelMap } from './cel-map.ts';
import { CelObject } from './cel-object.ts';
import { CelOptional } from './cel-optional.ts';
import type { CelValue } from './cel-value.ts';

/** What cost accounting takes for the size of a value: length of strings, bytes, lists and maps, otherwise 1. */
export function costSize(value: CelValue): number {
  switch (typeof value) {
    case 'string':
      // Code units: the original counts code points, which would mean to walk over every text just to bill it.
      return value.length;
    case 'object':
      if (value === null) return 1;
      if (value instanceof CelOptional) return value.value === undefined ? 1 : costSize(value.value);
      if (value instanceof CelMap) return value.entries.size;
      if (value instanceof CelObject) return value.costSize;
      if (Array.isArray(value)) return value.length;
      return value instanceof Uint8Array ? value.length : Object.keys(value).length;
    default:
      return 1;
  }
}

const TRAVERSAL = 0.1;
const PATTERN = 0.25;

/** Cost of walking over so many characters or elements. */
export function traversalCost(size: number): number {
  return Math.ceil(size * TRAVERSAL);
}

/** Cost of matching a pattern of a length against a text of a size. */
export function patternCost(textSize: number, patternSize: number): number {
  return Math.ceil((1 + textSize) * TRAVERSAL) * Math.ceil(patternSize * PATTERN);
}
