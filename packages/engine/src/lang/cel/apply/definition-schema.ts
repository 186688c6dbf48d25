import { isJsonObject, type Json, type JsonObject, member } from '../../../kernel/json.ts';
import { readObject, readText, readTexts } from '../../../model/read-json.ts';
import { metadataSchema } from './built-in-schema.ts';
import {
  ATOMIC,
  DEDUCED,
  type FieldSchema,
  type ListSchema,
  type MapSchema,
  type ObjectSchema,
  once,
} from './object-schema.ts';

const known = new WeakMap<JsonObject, ObjectSchema>();

/** The schema of a custom resource, from the `openAPIV3Schema` of its CustomResourceDefinition. */
export function definitionSchema(openApi: JsonObject): ObjectSchema {
  let schema = known.get(openApi);
  schema ??= toRoot(toSchema(openApi, false));
  known.set(openApi, schema);
  return schema;
}

const TEXT_FIELD: FieldSchema = { schema: () => ({ scalar: 'string' }) };

/** What every object has, whatever its definition says. */
const OBJECT_FIELDS: ReadonlyMap<string, FieldSchema> = new Map([
  ['apiVersion', TEXT_FIELD],
  ['kind', TEXT_FIELD],
  ['metadata', { schema: metadataSchema }],
]);

function toRoot(schema: ObjectSchema): ObjectSchema {
  const { map } = schema;
  if (!map) return DEDUCED;
  return { map: { ...map, field: (name) => OBJECT_FIELDS.get(name) ?? map.field(name) } };
}

/** `preserves`: an ancestor keeps unknown fields, which holds for everything below. */
function toSchema(openApi: JsonObject, inherited: boolean): ObjectSchema {
  const preserves = inherited || member(openApi, 'x-kubernetes-preserve-unknown-fields') === true;
  switch (readText(openApi, 'type')) {
    case 'object':
      return { map: toMap(openApi, preserves) };
    case 'array':
      return { list: toList(openApi, preserves) };
    case 'integer':
    case 'number':
      return { scalar: 'numeric' };
    case 'boolean':
      return { scalar: 'boolean' };
    case 'string':
      return { scalar: ['', 'byte'].includes(readText(openApi, 'format') ?? '') ? 'string' : 'untyped' };
    default:
      return { scalar: 'untyped', list: toList(openApi, preserves), map: toMap(openApi, preserves) };
  }
}

function toMap(openApi: JsonObject, preserves: boolean): MapSchema {
  const fields = new Map<string, FieldSchema>();
  const properties = Object.entries(readObject(openApi, 'properties') ?? {});
  for (const [name, property] of properties) if (isJsonObject(property)) fields.set(name, toField(property, preserves));
  return {
    isAtomic: readText(openApi, 'x-kubernetes-map-type') === 'atomic',
    field: (name) => fields.get(name) ?? embedded(openApi, name),
    element: toElement(member(openApi, 'additionalProperties'), preserves, fields.size === 0),
  };
}

function embedded(openApi: JsonObject, name: string): FieldSchema | undefined {
  return member(openApi, 'x-kubernetes-embedded-resource') === true ? OBJECT_FIELDS.get(name) : undefined;
}

function toField(property: JsonObject, preserves: boolean): FieldSchema {
  const fallback = member(property, 'default');
  const schema = once(() => toSchema(property, preserves));
  return fallback === undefined ? { schema } : { schema, fallback };
}

function toElement(additional: Json | undefined, preserves: boolean, isFree: boolean): MapSchema['element'] {
  if (isJsonObject(additional)) return once(() => toSchema(additional, preserves));
  if (additional === true) return () => DEDUCED;
  if (additional === false) return undefined;
  return preserves || isFree ? () => DEDUCED : undefined;
}

function toList(openApi: JsonObject, preserves: boolean): ListSchema {
  const items = readObject(openApi, 'items');
  const type = readText(openApi, 'x-kubernetes-list-type');
  return {
    isAtomic: type !== 'set' && type !== 'map',
    keys: type === 'map' ? readTexts(openApi, 'x-kubernetes-list-map-keys') : [],
    element: items ? once(() => toSchema(items, preserves)) : () => ATOMIC,
  };
}
