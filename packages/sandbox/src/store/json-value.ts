/** A JSON value as `JSON.parse` makes it. Stored values are never changed in place. */
export type JsonValue = null | boolean | number | string | JsonValue[] | JsonObject;

/** A JSON object. Read members through the functions below: they see own members only. */
export type JsonObject = { [key: string]: JsonValue };

/** True for objects, false for lists, null and scalars. */
export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The own member `key`, or undefined. */
export function memberAt(object: JsonObject | undefined, key: string): JsonValue | undefined {
  return object !== undefined && Object.hasOwn(object, key) ? object[key] : undefined;
}

/** The own member `key` when it is an object, otherwise undefined. */
export function objectAt(object: JsonObject | undefined, key: string): JsonObject | undefined {
  const value = memberAt(object, key);
  return isJsonObject(value) ? value : undefined;
}

/** The own member `key` when it is a string, otherwise the empty string (Go's zero value). */
export function stringAt(object: JsonObject | undefined, key: string): string {
  const value = memberAt(object, key);
  return typeof value === 'string' ? value : '';
}

/** The own member `key` when it is a number, otherwise undefined. */
export function numberAt(object: JsonObject | undefined, key: string): number | undefined {
  const value = memberAt(object, key);
  return typeof value === 'number' ? value : undefined;
}

/** The own member `key` when it is a list, otherwise an empty list. */
export function listAt(object: JsonObject | undefined, key: string): readonly JsonValue[] {
  const value = memberAt(object, key);
  return Array.isArray(value) ? value : [];
}

/** The objects in the list `key`; other elements are left out. */
export function objectsAt(object: JsonObject | undefined, key: string): JsonObject[] {
  return listAt(object, key).filter(isJsonObject);
}

/** The strings in the list `key`; other elements are left out. */
export function stringsAt(object: JsonObject | undefined, key: string): string[] {
  return listAt(object, key).filter((value): value is string => typeof value === 'string');
}

/** The value at a path of member names, through objects only. */
export function valueAtPath(object: JsonObject | undefined, path: readonly string[]): JsonValue | undefined {
  let current: JsonValue | undefined = object;
  for (const key of path) {
    if (!isJsonObject(current)) {
      return undefined;
    }
    current = memberAt(current, key);
  }
  return current;
}

/** A copy of `object` with the member at `path` set, or removed when `value` is undefined. Shares all else. */
export function withPath(object: JsonObject, path: readonly string[], value: JsonValue | undefined): JsonObject {
  const [head, ...rest] = path;
  if (head === undefined) {
    return object;
  }
  if (rest.length > 0) {
    const child = objectAt(object, head);
    if (child === undefined && value === undefined) {
      return object;
    }
    return { ...object, [head]: withPath(child ?? {}, rest, value) };
  }
  if (value !== undefined) {
    return { ...object, [head]: value };
  }
  if (!Object.hasOwn(object, head)) {
    return object;
  }
  const { [head]: _removed, ...remaining } = object;
  return remaining;
}

/** Deep equality of JSON values; the order of members does not count. */
export function equalJson(left: JsonValue | undefined, right: JsonValue | undefined): boolean {
  if (left === right) {
    return true;
  }
  if (Array.isArray(left)) {
    return (
      Array.isArray(right) && left.length === right.length && left.every((item, index) => equalJson(item, right[index]))
    );
  }
  if (!isJsonObject(left) || !isJsonObject(right)) {
    return false;
  }
  const keys = Object.keys(left);
  return (
    keys.length === Object.keys(right).length &&
    keys.every((key) => Object.hasOwn(right, key) && equalJson(left[key], right[key]))
  );
}

/** A copy with the members of every object in byte order: the form Go gives maps. */
export function sortMembers(value: JsonValue): JsonValue {
  if (Array.isArray(value)) {
    return value.map(sortMembers);
  }
  return isJsonObject(value) ? sortObjectMembers(value) : value;
}

/** {@link sortMembers} for an object. */
export function sortObjectMembers(object: JsonObject): JsonObject {
  const sorted: JsonObject = {};
  for (const key of Object.keys(object).sort()) {
    const value = object[key];
    if (value !== undefined) {
      setMember(sorted, key, sortMembers(value));
    }
  }
  return sorted;
}

/** Sets an own member, also one named `__proto__`, which plain assignment would take as the prototype. */
export function setMember(object: JsonObject, key: string, value: JsonValue): void {
  if (key === '__proto__') {
    Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
  } else {
    object[key] = value;
  }
}
