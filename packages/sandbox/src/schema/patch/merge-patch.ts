import {
  cloneJson,
  copyObject,
  isJsonObject,
  isWithinDepth,
  type JsonObject,
  type JsonValue,
  member,
  setMember,
} from '../json/json-value.ts';
import { SchemaError } from '../model/schema-error.ts';
import { goValueName } from '../typed/read-typed.ts';

/**
 * Applies an RFC 7386 merge patch: `null` removes, objects merge, anything else replaces. The document is not changed.
 *
 * @throws SchemaError 400 when the patch is no object.
 */
export function applyMergePatch(document: JsonObject, patch: JsonValue): JsonObject {
  if (!isJsonObject(patch)) {
    throw new SchemaError(
      `error decoding patch: json: cannot unmarshal ${goValueName(patch)} into Go value of type map[string]interface {}`,
    );
  }
  if (!isWithinDepth(patch)) throw new SchemaError('error decoding patch: exceeded max depth');
  return mergeObjects(document, patch);
}

function mergeObjects(target: JsonObject, patch: JsonObject): JsonObject {
  const result = copyObject(target);
  for (const key of Object.keys(patch)) {
    const value = patch[key] ?? null;
    if (value === null) delete result[key];
    else if (isJsonObject(value)) setMember(result, key, mergeObjects(objectOf(member(result, key)), value));
    else setMember(result, key, cloneJson(value));
  }
  return result;
}

function objectOf(value: JsonValue | undefined): JsonObject {
  return isJsonObject(value) ? value : {};
}
