import {
  arrayMember,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  member,
  stringMember,
} from '../json/json-value.ts';
import { objectMetaType } from './builtin-merge-type.ts';
import {
  type ListType,
  type MapField,
  type MapType,
  type MergeType,
  UNTYPED_ATOMIC,
  UNTYPED_DEDUCED,
} from './merge-type.ts';

const types = new WeakMap<JsonObject, MergeType>();

/** The merge type of a custom resource with this `openAPIV3Schema`; without a schema anything goes, member by member. */
export function customMergeType(schema: JsonObject | undefined): MergeType {
  if (schema === undefined) return UNTYPED_DEDUCED;
  const known = types.get(schema);
  if (known !== undefined) return known;
  const built = buildRoot(schema);
  types.set(schema, built);
  return built;
}

function buildRoot(schema: JsonObject): MergeType {
  const type = buildType(schema, false, false);
  const map = type.map;
  if (map === undefined) return type;
  const fields = new Map(map.fields);
  fields.set('apiVersion', { type: () => STRING });
  fields.set('kind', { type: () => STRING });
  fields.set('metadata', { type: objectMetaType });
  return { map: { ...map, fields } };
}

const STRING: MergeType = { scalar: 'string' };

/** `preserves`: an ancestor keeps unknown fields, which holds for everything below. */
function buildType(schema: JsonObject, inheritedPreserve: boolean, isEmbeddable = true): MergeType {
  const preserves = inheritedPreserve || member(schema, 'x-kubernetes-preserve-unknown-fields') === true;
  const isEmbedded = isEmbeddable && member(schema, 'x-kubernetes-embedded-resource') === true;
  switch (stringMember(schema, 'type')) {
    case 'object':
      return { map: buildMap(schema, preserves, isEmbedded) };
    case 'array':
      return { list: buildList(schema, preserves) };
    case 'integer':
    case 'number':
      return { scalar: 'numeric' };
    case 'boolean':
      return { scalar: 'boolean' };
    case 'string':
      return ['', 'byte'].includes(stringMember(schema, 'format')) ? STRING : { scalar: 'untyped' };
    default:
      return { scalar: 'untyped', list: buildList(schema, preserves), map: buildMap(schema, preserves, isEmbedded) };
  }
}

function buildMap(schema: JsonObject, preserves: boolean, isEmbedded: boolean): MapType {
  const properties = member(schema, 'properties');
  const fields = new Map<string, MapField>();
  for (const [name, property] of Object.entries(isJsonObject(properties) ? properties : {})) {
    if (!isJsonObject(property)) continue;
    const fallback = member(property, 'default');
    fields.set(name, { type: lazily(property, preserves), ...(fallback === undefined ? {} : { fallback }) });
  }
  if (isEmbedded) {
    for (const name of ['apiVersion', 'kind']) fields.set(name, { type: () => STRING });
    fields.set('metadata', { type: objectMetaType });
  }
  return {
    isAtomic: stringMember(schema, 'x-kubernetes-map-type') === 'atomic',
    fields,
    element: elementOf(member(schema, 'additionalProperties'), preserves, fields.size === 0),
  };
}

function elementOf(
  additional: JsonValue | undefined,
  preserves: boolean,
  isFree: boolean,
): (() => MergeType) | undefined {
  if (isJsonObject(additional)) return lazily(additional, preserves);
  if (additional === true) return () => UNTYPED_DEDUCED;
  if (additional === false) return undefined;
  return preserves || isFree ? () => UNTYPED_DEDUCED : undefined;
}

function buildList(schema: JsonObject, preserves: boolean): ListType {
  const items = member(schema, 'items');
  const listType = stringMember(schema, 'x-kubernetes-list-type');
  const keys = arrayMember(schema, 'x-kubernetes-list-map-keys').filter((key) => typeof key === 'string');
  return {
    isAtomic: listType !== 'set' && listType !== 'map',
    keys: listType === 'map' ? keys : [],
    element: isJsonObject(items) ? lazily(items, preserves) : () => UNTYPED_ATOMIC,
  };
}

function lazily(schema: JsonObject, preserves: boolean): () => MergeType {
  let built: MergeType | undefined;
  return () => {
    built ??= buildType(schema, preserves);
    return built;
  };
}
