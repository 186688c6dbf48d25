import { cloneJson, isJsonObject, type JsonObject, type JsonValue, setMember } from '../json/json-value.ts';
import { propertySchema, type StructuralSchema } from './structural-schema.ts';

/** Fills in the defaults of a structural schema; nulls where null is not allowed count as absent. A copy comes back. */
export function applySchemaDefaults(schema: StructuralSchema, object: JsonObject): JsonObject {
  const copy = cloneJson(object);
  dropNulls(schema, copy);
  fillDefaults(schema, copy);
  return copy;
}

function dropNulls(schema: StructuralSchema | undefined, value: JsonValue): void {
  if (schema === undefined) return;
  if (Array.isArray(value)) {
    for (const item of value) dropNulls(schema.items, item);
    return;
  }
  if (!isJsonObject(value)) return;
  for (const key of Object.keys(value)) {
    const child = propertySchema(schema, key);
    if (value[key] !== null) dropNulls(child, value[key] ?? null);
    else if (child !== undefined && !child.isNullable && child.fallback === undefined) delete value[key];
  }
}

function fillDefaults(schema: StructuralSchema | undefined, value: JsonValue): void {
  if (schema === undefined) return;
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) {
      const filled = isUnwantedNull(schema.items, item) ? cloneJson(schema.items?.fallback ?? null) : item;
      value[index] = filled;
      fillDefaults(schema.items, filled);
    }
    return;
  }
  if (!isJsonObject(value)) return;
  for (const [name, property] of schema.properties) {
    if (property.fallback === undefined) continue;
    const isAbsent = !Object.hasOwn(value, name) || isUnwantedNull(property, value[name] ?? null);
    if (isAbsent) setMember(value, name, cloneJson(property.fallback));
  }
  for (const key of Object.keys(value)) {
    const child = propertySchema(schema, key);
    const item = value[key] ?? null;
    if (item === null && !schema.properties.has(key) && isUnwantedNull(child, item)) {
      setMember(value, key, cloneJson(child?.fallback ?? null));
    }
    fillDefaults(child, value[key] ?? null);
  }
}

function isUnwantedNull(schema: StructuralSchema | undefined, value: JsonValue): boolean {
  return value === null && schema !== undefined && !schema.isNullable;
}
