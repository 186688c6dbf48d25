import defaultTable from '../data/generated/defaults.json' with { type: 'json' };
import {
  cloneJson,
  isJsonObject,
  isWithinDepth,
  type JsonObject,
  type JsonValue,
  member,
  setMember,
} from '../json/json-value.ts';
import type { GroupVersionKind } from '../model/group-version-kind.ts';
import { SchemaError } from '../model/schema-error.ts';
import { type FieldShape, kindShape, type TypeShape, typeShape } from '../typed/type-shape.ts';
import { AFTER_RULES, KIND_RULES, TYPE_RULES, VALUE_RULES } from './default-rules.ts';

// The table is data; its literal type would only slow the compiler down.
const CONSTANTS = defaultTable as unknown as Readonly<Record<string, Readonly<Record<string, JsonValue>>>>;

/**
 * Fills in what the API server fills in for an object of a built-in kind: constant defaults by type, then the conditional
 * rules. Parents come before children. Objects of other kinds come back as they are. The argument is not changed.
 */
export function applyDefaults(gvk: GroupVersionKind, object: JsonObject): JsonObject {
  const shape = kindShape(gvk);
  if (shape === undefined) return object;
  if (!isWithinDepth(object)) throw new SchemaError('exceeded max depth');
  const result = cloneJson(object);
  KIND_RULES.get(shape.name)?.(result);
  defaultStruct(shape, result);
  return result;
}

function defaultStruct(shape: TypeShape, object: JsonObject): void {
  applyConstants(shape, object);
  TYPE_RULES.get(shape.name)?.(object);
  for (const field of shape.fields.values()) {
    if (field.kind === '#') defaultField(field, member(object, field.name));
  }
  AFTER_RULES.get(shape.name)?.(object);
}

function defaultField(field: FieldShape, value: JsonValue | undefined): void {
  const inner = typeShape(field.message);
  if (inner === undefined || value === undefined || value === null) return;
  if (field.container === 'one') {
    if (isJsonObject(value)) defaultStruct(inner, value);
  } else if (Array.isArray(value)) {
    for (const item of value) if (isJsonObject(item)) defaultStruct(inner, item);
  } else if (isJsonObject(value)) {
    for (const key of Object.keys(value)) {
      const item = value[key];
      if (isJsonObject(item)) defaultStruct(inner, item);
    }
  }
}

function applyConstants(shape: TypeShape, object: JsonObject): void {
  if (!Object.hasOwn(CONSTANTS, shape.name)) return;
  for (const [name, constant] of Object.entries(CONSTANTS[shape.name] ?? {})) {
    if (!isUnset(shape.fields.get(name), member(object, name))) continue;
    if (typeof constant === 'string' && constant.startsWith('$rule:'))
      VALUE_RULES.get(constant.slice(6))?.(object, name);
    else setMember(object, name, cloneJson(constant));
  }
}

/** Absent, or the zero value of a field that is no pointer: Go cannot tell the two apart. */
function isUnset(field: FieldShape | undefined, value: JsonValue | undefined): boolean {
  if (value === undefined || value === null) return true;
  if (field === undefined || field.pointer) return false;
  return value === '' || value === 0 || value === false || (Array.isArray(value) && value.length === 0);
}
