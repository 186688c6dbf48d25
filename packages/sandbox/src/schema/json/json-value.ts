/** A JSON document as JavaScript sees it. */
export type JsonValue = null | boolean | number | string | JsonValue[] | JsonObject;

/** A JSON object. Keys come from users: read with `member`, write with `setMember`. */
export interface JsonObject {
  [key: string]: JsonValue;
}

/** Nesting that any document may have here. Go allows 10,000; no Kubernetes object comes near 100. */
export const MAX_DEPTH = 500;

export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The own member of an object; `undefined` when absent or when `value` is no object. */
export function member(value: JsonValue | undefined, key: string): JsonValue | undefined {
  return isJsonObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}

/** Follows object members; `undefined` as soon as one is missing. */
export function memberAt(value: JsonValue | undefined, ...keys: readonly string[]): JsonValue | undefined {
  let current = value;
  for (const key of keys) current = member(current, key);
  return current;
}

/** Sets an own member, also one named `__proto__`, which plain assignment would take as the prototype. */
export function setMember(object: JsonObject, key: string, value: JsonValue): void {
  if (key === '__proto__') {
    Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
  } else {
    object[key] = value;
  }
}

export function stringMember(value: JsonValue | undefined, key: string): string {
  const found = member(value, key);
  return typeof found === 'string' ? found : '';
}

export function arrayMember(value: JsonValue | undefined, key: string): readonly JsonValue[] {
  const found = member(value, key);
  return Array.isArray(found) ? found : [];
}

/** A deep copy that shares nothing with its source. The depth must be within `MAX_DEPTH`. */
export function cloneJson<T extends JsonValue>(value: T): T;
export function cloneJson(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map((item) => cloneJson(item));
  if (!isJsonObject(value)) return value;
  const copy: JsonObject = {};
  for (const key of Object.keys(value)) setMember(copy, key, cloneJson(value[key] ?? null));
  return copy;
}

/** A shallow copy of an object. */
export function copyObject(value: JsonObject): JsonObject {
  const copy: JsonObject = {};
  for (const key of Object.keys(value)) setMember(copy, key, value[key] ?? null);
  return copy;
}

/** Equality of JSON documents; members may stand in any order. */
export function equalJson(left: JsonValue | undefined, right: JsonValue | undefined): boolean {
  if (left === right) return true;
  if (Array.isArray(left)) {
    if (!Array.isArray(right) || left.length !== right.length) return false;
    return left.every((item, index) => equalJson(item, right[index]));
  }
  if (!isJsonObject(left) || !isJsonObject(right)) return false;
  const keys = Object.keys(left);
  if (keys.length !== Object.keys(right).length) return false;
  return keys.every((key) => Object.hasOwn(right, key) && equalJson(left[key], right[key]));
}

/** JSON text with the members of every object in byte order, as Go prints maps. */
export function canonicalJson(value: JsonValue): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (!isJsonObject(value)) return JSON.stringify(value);
  const members = Object.keys(value)
    .sort(compareText)
    .map((key) => `${JSON.stringify(key)}:${canonicalJson(value[key] ?? null)}`);
  return `{${members.join(',')}}`;
}

/** Order of strings by code unit, never by locale. */
export function compareText(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

/** Whether nesting stays within `limit`; walks without recursion, so any document is safe to ask about. */
export function isWithinDepth(value: JsonValue, limit: number = MAX_DEPTH): boolean {
  let level: JsonValue[] = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > limit) return false;
    const next: JsonValue[] = [];
    for (const item of level) {
      if (Array.isArray(item)) for (const child of item) pushContainer(next, child);
      else if (isJsonObject(item)) for (const key of Object.keys(item)) pushContainer(next, item[key] ?? null);
    }
    level = next;
  }
  return true;
}

function pushContainer(list: JsonValue[], value: JsonValue): void {
  if (typeof value === 'object' && value !== null) list.push(value);
}
