import { encodeBase64 } from './base64.ts';
import { CelError } from './cel-error.ts';
import { CelMap, type CelMapping, isMap, mapGet, mapKeys } from './cel-map.ts';
import { CelObject } from './cel-object.ts';
import { CelOptional } from './cel-optional.ts';
import { CelType } from './cel-type.ts';
import type { CelValue } from './cel-value.ts';
import { CelDouble, CelUint } from './numbers.ts';
import { CelDuration, CelTimestamp, formatDuration, formatTimestamp } from './time.ts';

/** JSON as the language sees it; integers beyond 2^53 become strings, as protobuf's JSON has them. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** A value that knows its JSON form: messages and the values of libraries that have one. */
export interface HasJson {
  toJsonValue(): CelValue;
}

/** How much a conversion may still write, in units: one a character of text, eight a value. */
interface Room {
  left: number;
}

/** Values share their parts, so that a few steps can build what takes a machine's memory when it is written out. */
const MOST = 8 * 1024 * 1024;
const VALUE = 8;

class TooLarge extends Error {}

/**
 * The JSON of a value: bytes in base64, timestamps and durations as text, an empty optional as null. What has no JSON
 * form, such as a type or a network address, is an error; so is what would come to more than a million values or
 * eight million characters.
 */
export function toJson(value: CelValue): Json | CelError {
  try {
    return convert(value, { left: MOST });
  } catch (reason) {
    if (reason instanceof TooLarge) return new CelError('the value is too large for JSON');
    // Data nested without bound exhausts the stack; nothing else throws here.
    if (reason instanceof RangeError) return new CelError('values are nested too deeply for JSON');
    throw reason;
  }
}

function take(room: Room, units: number): void {
  room.left -= units;
  if (room.left < 0) throw new TooLarge();
}

function convert(value: CelValue, room: Room): Json | CelError {
  take(room, VALUE);
  if (typeof value === 'string') take(room, value.length);
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof CelObject) return objectToJson(value, room);
  if (value instanceof Uint8Array) {
    take(room, value.length);
    return encodeBase64(value);
  }
  if (isList(value)) return listToJson(value, room);
  return isPlainJson(value, room) ? value : mapToJson(value as CelMapping, room);
}

function isList(value: CelValue): value is readonly CelValue[] {
  return Array.isArray(value);
}

// Untouched input is returned as it is, whatever its size: only what an expression built is copied.
function isPlainJson(value: unknown, room: Room): value is Json {
  take(room, VALUE);
  switch (typeof value) {
    case 'string':
      take(room, value.length);
      return true;
    case 'boolean':
      return true;
    case 'number':
      return Number.isFinite(value);
    case 'object':
      if (value === null) return true;
      if (value instanceof CelObject || value instanceof Uint8Array) return false;
      return (Array.isArray(value) ? value : Object.values(value)).every((item) => isPlainJson(item, room));
    default:
      return false;
  }
}

function objectToJson(value: CelObject, room: Room): Json | CelError {
  if (value instanceof CelMap) return mapToJson(value, room);
  if (value instanceof CelDouble) return value.value;
  if (value instanceof CelUint) {
    const size = Number(value.value);
    return Number.isSafeInteger(size) ? size : value.value.toString();
  }
  if (value instanceof CelTimestamp) return formatTimestamp(value);
  if (value instanceof CelDuration) return formatDuration(value);
  if (value instanceof CelOptional) return value.value === undefined ? null : convert(value.value, room);
  if (value instanceof CelType) return new CelError(`unsupported type conversion: type to JSON`);
  if ('toJsonValue' in value && typeof value.toJsonValue === 'function') {
    // The interface above: a class that has the method returns a value of the language.
    return convert((value as CelObject & HasJson).toJsonValue(), room);
  }
  return new CelError(`unsupported type conversion: ${value.celType.name} to JSON`);
}

function listToJson(list: readonly CelValue[], room: Room): Json | CelError {
  const items: Json[] = [];
  for (const item of list) {
    const json = convert(item, room);
    if (json instanceof CelError) return json;
    items.push(json);
  }
  return items;
}

function mapToJson(map: CelMapping, room: Room): Json | CelError {
  if (!isMap(map)) return new CelError('unsupported value in JSON');
  const json: { [key: string]: Json } = {};
  for (const key of mapKeys(map)) {
    const item = convert(mapGet(map, key) ?? null, room);
    if (item instanceof CelError) return item;
    const name = typeof key === 'object' && key instanceof CelUint ? key.value.toString() : String(key);
    // Defined, not assigned: a key `__proto__` stays a member like any other.
    Object.defineProperty(json, name, { value: item, enumerable: true, writable: true, configurable: true });
  }
  return json;
}
