import { isJsonArray, isJsonObject, type Json } from '../../../kernel/json.ts';
import type { ObjectSchema } from './object-schema.ts';

/**
 * Where `value` has lists and maps that would be replaced as a whole: `.spec.containers[0].args`. Only declared fields are
 * looked into, as upstream: what stands in a map of free keys, or has no schema, is not found.
 */
export function atomicPaths(schema: ObjectSchema, value: Json): readonly string[] {
  const found: string[] = [];
  collect(schema, value, '', found);
  return found;
}

function collect({ map, list }: ObjectSchema, value: Json, path: string, found: string[]): void {
  if (isJsonObject(value) && map) {
    if (map.isAtomic) found.push(path);
    for (const [key, item] of Object.entries(value)) {
      const field = map.field(key);
      if (field) collect(field.schema(), item, `${path}.${key}`, found);
    }
  } else if (isJsonArray(value) && list) {
    if (list.isAtomic) found.push(path);
    for (const [index, item] of value.entries()) collect(list.element(), item, `${path}[${index}]`, found);
  }
}
