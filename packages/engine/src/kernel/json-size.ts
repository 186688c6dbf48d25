import { isJsonArray, isJsonObject, type Json } from './json.ts';

/**
 * How much a value comes to when it is written out: one for each value, and the characters of texts and names. Stops
 * counting once it is more than `most`: what shares its parts may be huge.
 */
export function jsonSize(value: Json, most: number): number {
  if (typeof value === 'string') return 1 + value.length;
  let size = 1;
  if (isJsonArray(value)) {
    for (const item of value) {
      if (size > most) break;
      size += jsonSize(item, most - size);
    }
  } else if (isJsonObject(value)) {
    for (const [key, item] of Object.entries(value)) {
      if (size > most) break;
      size += key.length + jsonSize(item, most - size);
    }
  }
  return size;
}
