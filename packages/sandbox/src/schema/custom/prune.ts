import { isJsonObject, type JsonObject, type JsonValue, setMember } from '../json/json-value.ts';
import { formatPath } from '../json/parse-json.ts';
import { SchemaError } from '../model/schema-error.ts';
import { readTyped } from '../typed/read-typed.ts';
import { typeShape } from '../typed/type-shape.ts';
import type { StructuralSchema } from './structural-schema.ts';

export interface Pruned {
  readonly object: JsonObject;
  /** Paths that were dropped, sorted: `spec.zzz`, `spec.items[0].zzz`. */
  readonly unknownFields: readonly string[];
}

const MAX_UNKNOWN = 1000;
const META = new Set(['apiVersion', 'kind', 'metadata']);

type Path = readonly (string | number)[];

/**
 * Drops what a structural schema does not declare. The argument is not changed.
 *
 * @throws SchemaError with Go's decoding text when `metadata` does not fit `ObjectMeta`.
 */
export function pruneObject(schema: StructuralSchema, object: JsonObject): Pruned {
  const unknown: string[] = [];
  const pruned = pruneValue({ ...schema, isEmbedded: true }, object, [], unknown);
  return { object: isJsonObject(pruned) ? pruned : {}, unknownFields: unknown.sort() };
}

/** `schema` is undefined where nothing is declared: members go, lists and scalars stay. */
function pruneValue(schema: StructuralSchema | undefined, value: JsonValue, path: Path, unknown: string[]): JsonValue {
  if (Array.isArray(value)) {
    return value.map((item, index) => pruneItem(schema, item, [...path, index], unknown));
  }
  if (!isJsonObject(value)) return value;
  const result: JsonObject = {};
  for (const key of Object.keys(value)) {
    const child = value[key] ?? null;
    const below = [...path, key];
    if (schema?.isEmbedded && META.has(key)) {
      setMember(result, key, key === 'metadata' ? pruneMetadata(child, below, unknown) : child);
    } else if (schema?.properties.has(key)) {
      setMember(result, key, pruneValue(schema.properties.get(key), child, below, unknown));
    } else if (schema?.additional !== undefined) {
      // `additionalProperties: true` keeps the member but nothing that is declared below it.
      const additional = schema.additional === true ? undefined : schema.additional;
      setMember(result, key, pruneValue(additional, child, below, unknown));
    } else if (schema?.keepsUnknown) {
      setMember(result, key, child);
    } else if (unknown.length < MAX_UNKNOWN) {
      unknown.push(formatPath(below));
    }
  }
  return result;
}

function pruneItem(schema: StructuralSchema | undefined, item: JsonValue, path: Path, unknown: string[]): JsonValue {
  if (schema?.items === undefined && schema?.keepsUnknown) return item;
  return pruneValue(schema?.items, item, path, unknown);
}

function pruneMetadata(value: JsonValue, path: Path, unknown: string[]): JsonValue {
  const shape = typeShape('meta.v1.ObjectMeta');
  if (!isJsonObject(value) || shape === undefined) return value === null ? {} : rejectMetadata(value);
  const reading = { unknownFields: [] as string[] };
  const metadata = readTyped(shape, value, reading);
  for (const field of reading.unknownFields) unknown.push(`${formatPath(path)}.${field}`);
  return metadata;
}

function rejectMetadata(value: JsonValue): never {
  const form = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value;
  throw new SchemaError(`json: cannot unmarshal ${form} into Go value of type v1.ObjectMeta`);
}
