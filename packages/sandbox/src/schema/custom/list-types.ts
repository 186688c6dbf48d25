import { canonicalJson, isJsonObject, type JsonObject, type JsonValue, member } from '../json/json-value.ts';
import { duplicateCause, invalidCause } from '../model/field-cause.ts';
import type { StatusCause } from '../model/status-cause.ts';
import type { StructuralSchema } from './structural-schema.ts';

/** Checks that lists of type `set` and `map` hold nothing twice. */
export function validateListTypes(schema: StructuralSchema, object: JsonObject): StatusCause[] {
  const causes: StatusCause[] = [];
  visit(schema, object, '', causes);
  return causes;
}

function visit(schema: StructuralSchema | undefined, value: JsonValue, path: string, causes: StatusCause[]): void {
  if (schema === undefined) return;
  if (Array.isArray(value)) {
    if (schema.listType === 'set') causes.push(...duplicates(value, value, path));
    else if (schema.listType === 'map') causes.push(...duplicateKeys(schema.listKeys, value, path));
    for (const [index, item] of value.entries()) visit(schema.items, item, `${path}[${index}]`, causes);
  } else if (isJsonObject(value)) {
    for (const key of Object.keys(value)) {
      const property = schema.properties.get(key);
      if (property !== undefined) visit(property, value[key] ?? null, path === '' ? key : `${path}.${key}`, causes);
      else if (schema.additional !== true) visit(schema.additional, value[key] ?? null, `${path}[${key}]`, causes);
    }
  }
}

function duplicateKeys(keys: readonly string[], items: readonly JsonValue[], path: string): StatusCause[] {
  for (const [index, item] of items.entries()) {
    if (item !== null && !isJsonObject(item)) {
      return [invalidCause(`${path}[${index}]`, item, 'must be an object for an array of list-type map')];
    }
  }
  const identities = items.map((item) => {
    const identity: JsonObject = {};
    for (const key of keys) {
      const value = member(item, key);
      if (value !== undefined) identity[key] = value;
    }
    return identity;
  });
  return duplicates(identities, identities, path);
}

/** The second occurrence of each value; later ones are not reported again. */
function duplicates(values: readonly JsonValue[], shown: readonly JsonValue[], path: string): StatusCause[] {
  const counts = new Map<string, number>();
  const causes: StatusCause[] = [];
  for (const [index, value] of values.entries()) {
    const text = canonicalJson(value);
    const count = (counts.get(text) ?? 0) + 1;
    counts.set(text, count);
    if (count === 2) causes.push(duplicateCause(`${path}[${index}]`, shown[index] ?? null));
  }
  return causes;
}
