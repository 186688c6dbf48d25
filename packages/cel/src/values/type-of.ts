import { CelObject } from './cel-object.ts';
import { BOOL, BYTES, type CelType, DOUBLE, INT, LIST, MAP, NULL_TYPE, STRING } from './cel-type.ts';
import type { CelValue } from './cel-value.ts';

/** The type of a value at run time: lists and maps do not know what they hold. */
export function typeOf(value: CelValue): CelType {
  switch (typeof value) {
    case 'string':
      return STRING;
    case 'boolean':
      return BOOL;
    case 'number':
      return Number.isSafeInteger(value) ? INT : DOUBLE;
    case 'bigint':
      return INT;
    default:
      if (value === null) return NULL_TYPE;
      if (value instanceof CelObject) return value.celType;
      if (Array.isArray(value)) return LIST;
      return value instanceof Uint8Array ? BYTES : MAP;
  }
}
