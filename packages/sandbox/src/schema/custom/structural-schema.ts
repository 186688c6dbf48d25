import {
  arrayMember,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  member,
  stringMember,
} from '../json/json-value.ts';

/** A structural schema: the part of `openAPIV3Schema` that pruning, defaulting and list types go by. */
export interface StructuralSchema {
  /** The schema as written, for the value validations. */
  readonly raw: JsonObject;
  readonly properties: ReadonlyMap<string, StructuralSchema>;
  /** Schema of members that are no property; `true` when anything is kept there. */
  readonly additional: StructuralSchema | true | undefined;
  readonly items: StructuralSchema | undefined;
  readonly fallback: JsonValue | undefined;
  readonly isNullable: boolean;
  readonly isEmbedded: boolean;
  readonly keepsUnknown: boolean;
  readonly listType: string;
  readonly listKeys: readonly string[];
}

/** Reads a schema; parts that are no schema are ignored, the definition's own validation reports them. */
export function readStructural(raw: JsonObject): StructuralSchema {
  const properties = member(raw, 'properties');
  const items = member(raw, 'items');
  const additional = member(raw, 'additionalProperties');
  return {
    raw,
    properties: new Map(
      Object.entries(isJsonObject(properties) ? properties : {}).flatMap(([name, property]) =>
        isJsonObject(property) ? [[name, readStructural(property)] as const] : [],
      ),
    ),
    additional: isJsonObject(additional) ? readStructural(additional) : additional === true ? true : undefined,
    items: isJsonObject(items) ? readStructural(items) : undefined,
    fallback: member(raw, 'default'),
    isNullable: member(raw, 'nullable') === true,
    isEmbedded: member(raw, 'x-kubernetes-embedded-resource') === true,
    keepsUnknown: member(raw, 'x-kubernetes-preserve-unknown-fields') === true,
    listType: stringMember(raw, 'x-kubernetes-list-type'),
    listKeys: arrayMember(raw, 'x-kubernetes-list-map-keys').filter((key) => typeof key === 'string'),
  };
}

/** Schema of a member; `undefined` when there is none. */
export function propertySchema(schema: StructuralSchema, name: string): StructuralSchema | undefined {
  const property = schema.properties.get(name);
  if (property !== undefined) return property;
  return schema.additional === true ? undefined : schema.additional;
}
