import type { TypeDeclaration } from '../declare/type-declaration.ts';
import { CelError } from '../values/cel-error.ts';
import { CelMap } from '../values/cel-map.ts';
import { CelRecord } from '../values/cel-object.ts';
import { type CelType, DYN, STRING, structType } from '../values/cel-type.ts';
import type { CelResult, CelValue } from '../values/cel-value.ts';
import { isEqual } from '../values/equality.ts';

/** A literal of `Object`, `Object.…` or `JSONPatch`: the fields that were written, in order. */
export class CelStruct extends CelRecord {
  readonly celType: CelType;
  readonly fields: ReadonlyMap<string, CelValue>;

  constructor(type: CelType, fields: ReadonlyMap<string, CelValue>) {
    super();
    this.celType = type;
    this.fields = fields;
  }

  get(field: string): CelValue | undefined {
    return this.fields.get(field);
  }

  has(field: string): boolean {
    return this.fields.has(field);
  }

  equals(other: CelValue): boolean {
    return (
      other instanceof CelStruct &&
      other.celType.name === this.celType.name &&
      isEqual(new CelMap(this.fields), new CelMap(other.fields))
    );
  }

  toJsonValue(): CelValue {
    return new CelMap(this.fields);
  }
}

const OBJECT_NAME = /^Object(?:\.[A-Za-z_][A-Za-z0-9_]*)*$/;

/** Types of apply configurations: `Object` and every path below it, with any fields. */
function objectType(name: string): TypeDeclaration {
  const type = structType(name);
  return { name, fieldType: () => DYN, construct: (fields) => new CelStruct(type, fields) };
}

const JSON_PATCH = structType('JSONPatch');
const PATCH_FIELDS: ReadonlyMap<string, CelType> = new Map([
  ['op', STRING],
  ['path', STRING],
  ['from', STRING],
  ['value', DYN],
]);

const JSON_PATCH_TYPE: TypeDeclaration = {
  name: JSON_PATCH.name,
  fieldType: (field) => PATCH_FIELDS.get(field),
  construct: (fields): CelResult => new CelStruct(JSON_PATCH, fields),
};

/** Resolves the types that mutations build: `Object…{}` and `JSONPatch{}`. */
export function resolvePatchType(name: string): TypeDeclaration | undefined {
  if (name === JSON_PATCH.name) return JSON_PATCH_TYPE;
  return OBJECT_NAME.test(name) ? objectType(name) : undefined;
}

/**
 * What is wrong with the names in an apply configuration: the object at `a.b` must be an `Object.a.b`, also within
 * lists and maps.
 */
export function checkObjectNames(value: CelValue, expected = 'Object'): CelError | undefined {
  if (Array.isArray(value)) return firstProblem(value.map((item) => [item, expected] as const));
  if (value instanceof CelMap)
    return firstProblem([...value.entries.values()].map((item) => [item, expected] as const));
  if (!(value instanceof CelStruct)) return undefined;
  if (value.celType.name !== expected) {
    return new CelError(
      `type mismatch: unexpected type name "${value.celType.name}", expected "${expected}", which matches field name path from root Object type`,
    );
  }
  return firstProblem([...value.fields].map(([name, item]) => [item, `${expected}.${name}`] as const));
}

function firstProblem(parts: readonly (readonly [CelValue, string])[]): CelError | undefined {
  for (const [value, expected] of parts) {
    const problem = checkObjectNames(value, expected);
    if (problem !== undefined) return problem;
  }
  return undefined;
}
