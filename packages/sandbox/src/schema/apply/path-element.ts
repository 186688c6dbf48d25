import {
  canonicalJson,
  compareText,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  member,
  setMember,
} from '../json/json-value.ts';
import { parseJson } from '../json/parse-json.ts';
import type { ListType } from './merge-type.ts';

/**
 * One step of a field path in the notation of `FieldsV1`: `f:name` a member, `k:{"name":"a"}` an item by its keys,
 * `v:"x"` an item by value, `i:0` an item by index.
 */
export type PathElement = string;

export function fieldElement(name: string): PathElement {
  return `f:${name}`;
}

/** Why an item of a keyed list has no path element. */
export class PathElementError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'PathElementError';
  }
}

/**
 * The path element of a list item.
 *
 * @throws PathElementError when the item cannot be told apart from others.
 */
export function itemElement(list: ListType, item: JsonValue): PathElement {
  return list.keys.length > 0 ? keyedElement(list, item) : valueElement(item);
}

function keyedElement(list: ListType, item: JsonValue): PathElement {
  if (item === null) throw new PathElementError('associative list with keys may not have a null element');
  if (!isJsonObject(item)) throw new PathElementError('associative list with keys may not have non-map elements');
  const fields = list.element().map?.fields;
  const keys: JsonObject = {};
  for (const key of list.keys) {
    const given = member(item, key);
    // A key given as null is a key with that value; only an absent one takes the default.
    const value = given === undefined ? fields?.get(key)?.fallback : given;
    if (value !== undefined) setMember(keys, key, value);
  }
  if (Object.keys(keys).length === 0) {
    const names = list.keys.map((key) => JSON.stringify(key)).join(' ');
    throw new PathElementError(
      `associative list with keys has an element that omits all key fields [${names}] (and doesn't have default values for any key fields)`,
    );
  }
  return `k:${canonicalJson(keys)}`;
}

function valueElement(item: JsonValue): PathElement {
  if (isJsonObject(item)) throw new PathElementError("associative list without keys has an element that's a map type");
  if (Array.isArray(item)) throw new PathElementError('not supported: associative list with lists as elements');
  if (item === null) throw new PathElementError("associative list without keys has an element that's an explicit null");
  return `v:${JSON.stringify(item)}`;
}

/** A step as messages show it: `.spec`, `[name="a",port=80]`, `[="x"]`, `[0]`. */
export function printElement(element: PathElement): string {
  const content = element.slice(2);
  switch (element.charAt(0)) {
    case 'f':
      return `.${content}`;
    case 'k':
      return `[${printKeys(content)}]`;
    case 'v':
      return `[=${content}]`;
    default:
      return `[${content}]`;
  }
}

function printKeys(content: string): string {
  const keys = parseJson(content).value;
  if (!isJsonObject(keys)) return content;
  return Object.keys(keys)
    .sort(compareText)
    .map((key) => `${key}=${JSON.stringify(keys[key] ?? null)}`)
    .join(',');
}

const ORDER = 'fkvi';

/** Members first, then keyed items, values and indexes; each by its content. */
export function compareElements(left: PathElement, right: PathElement): number {
  const byKind = ORDER.indexOf(left.charAt(0)) - ORDER.indexOf(right.charAt(0));
  if (byKind !== 0) return byKind;
  if (left.startsWith('i:')) return Number(left.slice(2)) - Number(right.slice(2));
  return compareText(left, right);
}

/** Brings an element from a stored `FieldsV1` into the form this room compares by; `undefined` when it is malformed. */
export function readElement(text: string): PathElement | undefined {
  const kind = text.slice(0, 2);
  if (kind === 'f:') return text;
  if (kind === 'i:') return /^i:\d{1,9}$/.test(text) ? text : undefined;
  if (kind !== 'k:' && kind !== 'v:') return undefined;
  try {
    const value = parseJson(text.slice(2)).value;
    if (kind === 'k:' && !isJsonObject(value)) return undefined;
    return kind + canonicalJson(value);
  } catch {
    return undefined;
  }
}
