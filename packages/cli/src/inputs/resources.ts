import { isJsonArray, isJsonObject, type Json, type JsonObject, withMember } from '@vouchsafe/engine/kernel';
import { type KindTable, kindOf } from './kind-table.ts';
import type { InputDocument } from './read-documents.ts';
import { objectAt, textAt } from './read-fields.ts';

/** A resource as it is judged, and where it was written. */
/** The authorization servers that send CheckRequests. */
export type CheckedBy = 'Envoy' | 'HTTP';

export interface InputResource extends InputDocument {
  /** `apiVersion,kind,namespace,name`. */
  readonly key: string;
  readonly namespace: string;
  readonly name: string;
  /** No object of Kubernetes but a payload, written so: `key` and `name` are its path as given. */
  readonly payload?: 'json' | 'yaml';
  /** The payload is a CheckRequest of this server: `key` is its whole path. */
  readonly checkedBy?: CheckedBy;
}

/** A document as the resource it stands for: a namespaced kind without namespace is in `default`, null maps are empty. */
export function toResource(document: InputDocument, kinds: KindTable): InputResource {
  const { group, kind } = kindOf(document.object);
  const isNamespaced = kinds.byKind(group, kind)?.namespaced ?? true;
  const object = withoutNullMaps(isNamespaced ? withNamespace(document.object) : document.object);
  const namespace = textAt(object, 'metadata', 'namespace');
  const name = textAt(object, 'metadata', 'name');
  return {
    ...document,
    object,
    namespace,
    name,
    key: [textAt(object, 'apiVersion'), kind, namespace, name].join(','),
  };
}

function withNamespace(object: JsonObject): JsonObject {
  if (textAt(object, 'metadata', 'namespace') !== '') return object;
  return withMember(object, 'metadata', withMember(objectAt(object, 'metadata'), 'namespace', 'default'));
}

const MAP_FIELDS: ReadonlySet<string> = new Set([
  'annotations',
  'labels',
  'matchLabels',
  'nodeSelector',
  'data',
  'stringData',
]);

/** Helm writes `annotations:` with nothing behind it; the API server reads that as an empty map. Copies on write. */
function withoutNullMaps(object: JsonObject): JsonObject {
  if (!holdsNullMap(object)) return object;
  // An object stays one.
  return cleaned(object) as JsonObject;
}

/** Most objects hold none: nothing is made to find that out. */
function holdsNullMap(value: Json): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (isJsonArray(value)) {
    for (let index = 0; index < value.length; index += 1) if (holdsNullMap(value[index] ?? null)) return true;
    return false;
  }
  for (const key in value) {
    const item = value[key];
    if (item === null ? MAP_FIELDS.has(key) : typeof item === 'object' && holdsNullMap(item)) return true;
  }
  return false;
}

function cleaned(value: Json): Json {
  if (isJsonArray(value)) return value.map(cleaned);
  if (!isJsonObject(value)) return value;
  let copy: JsonObject = value;
  for (const [key, item] of Object.entries(value)) {
    copy = withMember(copy, key, item === null && MAP_FIELDS.has(key) ? {} : cleaned(item));
  }
  return copy;
}

export interface UniqueResources {
  readonly resources: readonly InputResource[];
  readonly duplicates: readonly InputResource[];
}

/** The first of those with the same group, kind, namespace and name. */
export function removeDuplicates(resources: readonly InputResource[]): UniqueResources {
  const seen = new Set<string>();
  const unique: InputResource[] = [];
  const duplicates: InputResource[] = [];
  for (const resource of resources) {
    const { group, kind } = kindOf(resource.object);
    const key = `${group}/${kind}/${resource.namespace}/${resource.name}`;
    if (seen.has(key)) duplicates.push(resource);
    else unique.push(resource);
    seen.add(key);
  }
  return { resources: unique, duplicates };
}
