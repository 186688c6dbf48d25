import { isJsonArray, isJsonObject, type Json, type JsonObject, withMember } from '@vouchsafe/engine/kernel';
import { type KindTable, kindOf } from './kind-table.ts';
import type { InputDocument } from './read-documents.ts';
import { objectAt, textAt } from './read-fields.ts';

/** A resource as it is judged, and where it was written. */
export interface InputResource extends InputDocument {
  /** `apiVersion,kind,namespace,name`. */
  readonly key: string;
  readonly namespace: string;
  readonly name: string;
  /** No object of Kubernetes but a payload, written so: `key` and `name` are its path as given. */
  readonly payload?: 'json' | 'yaml';
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
function withoutNullMaps<Value extends Json>(value: Value): Value {
  if (isJsonArray(value)) {
    const items = value.map((item) => withoutNullMaps(item));
    // Items keep their shapes, so the list does.
    return items.some((item, index) => item !== value[index]) ? (items as Json as Value) : value;
  }
  if (!isJsonObject(value)) return value;
  let copy: JsonObject = value;
  for (const [key, item] of Object.entries(value)) {
    const cleaned = item === null && MAP_FIELDS.has(key) ? {} : withoutNullMaps(item);
    if (cleaned !== item) copy = withMember(copy, key, cleaned);
  }
  // Only members were replaced.
  return copy as Json as Value;
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
