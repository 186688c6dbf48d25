/** JSON as it comes from a parser. Read-only: the engine copies on write and never changes what it was given. */
export type Json = null | boolean | number | string | JsonArray | JsonObject;
export type JsonArray = readonly Json[];
export interface JsonObject {
  readonly [key: string]: Json;
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isJsonArray(value: Json | undefined): value is JsonArray {
  return Array.isArray(value);
}

/** The member `key` of `object` itself; `undefined` when absent. Inherited names (`constructor`) never resolve. */
export function member(object: JsonObject, key: string): Json | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

/** The member reached by `keys`, `undefined` as soon as one is absent or its holder is no object. */
export function memberAt(value: Json | undefined, ...keys: readonly string[]): Json | undefined {
  let at = value;
  for (const key of keys) {
    if (!isJsonObject(at)) return undefined;
    at = member(at, key);
  }
  return at;
}

/** `object` with `key` set: a shallow copy, safe for `__proto__` as a key. */
export function withMember(object: JsonObject, key: string, value: Json): JsonObject {
  const copy: Record<string, Json> = { ...object };
  defineMember(copy, key, value);
  return copy;
}

/** Sets an own member even when its name is `__proto__`. For building new objects only. */
export function defineMember(target: Record<string, Json>, key: string, value: Json): void {
  if (key === '__proto__') {
    Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true });
  } else {
    target[key] = value;
  }
}

/** Deep equality of JSON; member order does not matter. */
export function isEqualJson(a: Json | undefined, b: Json | undefined): boolean {
  if (a === b) return true;
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((item, index) => isEqualJson(item, b[index]));
  }
  if (!isJsonObject(a) || !isJsonObject(b)) return false;
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  return keys.every((key) => Object.hasOwn(b, key) && isEqualJson(a[key], b[key]));
}
