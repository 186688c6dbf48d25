import type { CelType } from '../values/cel-type.ts';
import type { CelResult, CelValue } from '../values/cel-value.ts';

/** A type with fields. */
export interface TypeDeclaration {
  readonly name: string;
  /** The type of a field; `undefined` when there is no such field. */
  readonly fieldType: (field: string) => CelType | undefined;
  /** Makes a value of a literal `Name{field: value}`; absent for types that have no literals. */
  readonly construct?: (fields: ReadonlyMap<string, CelValue>) => CelResult;
  /** The type an expression of this name has, when it is not the struct type itself. */
  readonly type?: CelType;
}

/** A type with fixed fields. */
export function declareType(name: string, fields: Readonly<Record<string, CelType>>): TypeDeclaration {
  const table = new Map(Object.entries(fields));
  return { name, fieldType: (field) => table.get(field) };
}

/** Types known by a rule rather than a list, such as `Object.spec.containers`. */
export type TypeResolver = (name: string) => TypeDeclaration | undefined;

export interface VariableDeclaration {
  readonly name: string;
  readonly type: CelType;
  /** A constant known when compiling. */
  readonly value?: CelValue;
}
