import type { JsonObject, JsonValue } from '../store/json-value.ts';
import { isJsonObject, objectAt, stringAt, stringsAt } from '../store/json-value.ts';

/** The order of Go's ObjectMeta struct. */
const STRUCT_ORDER = [
  'name',
  'generateName',
  'namespace',
  'selfLink',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'labels',
  'annotations',
  'ownerReferences',
  'finalizers',
  'managedFields',
];
const SORTED_ORDER = STRUCT_ORDER.toSorted();
const ENTRY_ORDER = ['manager', 'operation', 'apiVersion', 'time', 'fieldsType', 'fieldsV1', 'subresource'];
const SORTED_ENTRY_ORDER = ENTRY_ORDER.toSorted();
const SUFFIX_CHARACTERS = 'bcdfghjklmnpqrstvwxz2456789';

/** The metadata of an object; an empty object when absent. */
export function metadataOf(object: JsonObject): JsonObject {
  return objectAt(object, 'metadata') ?? {};
}

export function nameOf(object: JsonObject): string {
  return stringAt(objectAt(object, 'metadata'), 'name');
}

export function namespaceOf(object: JsonObject): string {
  return stringAt(objectAt(object, 'metadata'), 'namespace');
}

export function uidOf(object: JsonObject): string {
  return stringAt(objectAt(object, 'metadata'), 'uid');
}

export function finalizersOf(object: JsonObject): string[] {
  return stringsAt(objectAt(object, 'metadata'), 'finalizers');
}

export function isTerminating(object: JsonObject): boolean {
  return stringAt(objectAt(object, 'metadata'), 'deletionTimestamp') !== '';
}

/**
 * A copy of `object` with metadata members changed (undefined removes) and put in the order the real server
 * prints: byte order for custom resources, struct order for built-in kinds. `resourceVersion` keeps its
 * place even before the store fills it in.
 */
export function withMetadata(
  object: JsonObject,
  changes: { readonly [key: string]: JsonObject[string] | undefined },
  sorted: boolean,
): JsonObject {
  const merged = { ...metadataOf(object), ...changes };
  const metadata: JsonObject = {};
  for (const key of sorted ? SORTED_ORDER : STRUCT_ORDER) {
    const value = merged[key];
    if (value !== undefined) {
      metadata[key] = sorted && key === 'managedFields' ? sortEntries(value) : value;
    }
  }
  return { ...object, metadata };
}

/** Entries in byte order of their members; `fieldsV1` is text to the server and stays. */
function sortEntries(entries: JsonValue): JsonValue {
  if (!Array.isArray(entries)) {
    return entries;
  }
  return entries.map((entry) => (isJsonObject(entry) ? ordered(entry, SORTED_ENTRY_ORDER) : entry));
}

function ordered(entry: JsonObject, order: readonly string[]): JsonObject {
  const result: JsonObject = {};
  for (const key of order) {
    const value = entry[key];
    if (value !== undefined) {
      result[key] = value;
    }
  }
  return result;
}

/** Metadata alone, as PartialObjectMetadata prints it: struct order, for managed fields too. */
export function partialMetadata(object: JsonObject): JsonObject {
  const source = metadataOf(object);
  const metadata: JsonObject = {};
  for (const key of STRUCT_ORDER) {
    const value = source[key];
    if (value !== undefined) {
      metadata[key] =
        key === 'managedFields' && Array.isArray(value)
          ? value.map((entry) => (isJsonObject(entry) ? ordered(entry, ENTRY_ORDER) : entry))
          : value;
    }
  }
  return metadata;
}

/** RFC 3339 with seconds, as metav1.Time prints. */
export function timestamp(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`;
}

/** `base` with five random characters of the alphabet Kubernetes uses; cut so that the whole fits 63. */
export function generatedName(base: string): string {
  return `${base.slice(0, 58)}${randomSuffix(5)}`;
}

/** Random characters that spell no words. */
export function randomSuffix(length: number): string {
  const bytes = crypto.getRandomValues(new Uint8Array(length));
  let suffix = '';
  for (const byte of bytes) {
    suffix += SUFFIX_CHARACTERS.charAt(byte % SUFFIX_CHARACTERS.length);
  }
  return suffix;
}
