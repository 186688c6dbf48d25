import { CelObject } from './cel-object.ts';
import type { CelValue } from './cel-value.ts';

export type TypeKind =
  | 'any'
  | 'bool'
  | 'bytes'
  | 'double'
  | 'duration'
  | 'dyn'
  | 'error'
  | 'int'
  | 'list'
  | 'map'
  | 'null'
  | 'opaque'
  | 'parameter'
  | 'string'
  | 'struct'
  | 'timestamp'
  | 'type'
  | 'uint';

/**
 * A type, both of the checker and as a value of the language (`type(1) == int`). `wrapper` marks the nullable forms of
 * scalars, named `wrapper(int)` and the like.
 */
export class CelType extends CelObject {
  readonly kind: TypeKind;
  readonly name: string;
  readonly parameters: readonly CelType[];
  readonly wrapper: boolean;
  /** Whether a type parameter occurs inside. */
  readonly generic: boolean;

  constructor(kind: TypeKind, name: string, parameters: readonly CelType[] = NO_PARAMETERS, wrapper = false) {
    super();
    this.kind = kind;
    this.name = name;
    this.parameters = parameters;
    this.wrapper = wrapper;
    this.generic = kind === 'parameter' || parameters.some((parameter) => parameter.generic);
  }

  get celType(): CelType {
    return TYPE_TYPE;
  }

  equals(other: CelValue): boolean {
    return other instanceof CelType && other.name === this.name;
  }
}

const NO_PARAMETERS: readonly CelType[] = [];

export const DYN = new CelType('dyn', 'dyn');
export const ANY = new CelType('any', 'google.protobuf.Any');
export const ERROR_TYPE = new CelType('error', '!error!');
export const NULL_TYPE = new CelType('null', 'null_type');
export const BOOL = new CelType('bool', 'bool');
export const INT = new CelType('int', 'int');
export const UINT = new CelType('uint', 'uint');
export const DOUBLE = new CelType('double', 'double');
export const STRING = new CelType('string', 'string');
export const BYTES = new CelType('bytes', 'bytes');
export const TIMESTAMP = new CelType('timestamp', 'google.protobuf.Timestamp');
export const DURATION = new CelType('duration', 'google.protobuf.Duration');
export const TYPE_TYPE = new CelType('type', 'type');

export function listType(element: CelType): CelType {
  return new CelType('list', 'list', [element]);
}

export function mapType(key: CelType, value: CelType): CelType {
  return new CelType('map', 'map', [key, value]);
}

export const LIST = listType(DYN);
export const MAP = mapType(DYN, DYN);

/** The type of a type: `int` itself has the type `type(int)`. */
export function typeOfType(type: CelType): CelType {
  return new CelType('type', 'type', [type]);
}

/** The nullable form of a scalar, as protobuf's wrapper messages have it. */
export function wrapperType(scalar: CelType): CelType {
  return new CelType(scalar.kind, scalar.name, NO_PARAMETERS, true);
}

/** A type that only its own functions understand, such as `net.IP`. */
export function opaqueType(name: string, ...parameters: CelType[]): CelType {
  return new CelType('opaque', name, parameters);
}

/** A type with fields; which ones is declared with the environment. */
export function structType(name: string): CelType {
  return new CelType('struct', name);
}

export function typeParameter(name: string): CelType {
  return new CelType('parameter', name);
}

export const OPTIONAL_NAME = 'optional_type';

export function optionalType(value: CelType): CelType {
  return opaqueType(OPTIONAL_NAME, value);
}

export const OPTIONAL = optionalType(DYN);

/** Whether two types are the same in every part. */
export function isSameType(a: CelType, b: CelType): boolean {
  if (a === b) return true;
  return (
    a.kind === b.kind &&
    a.name === b.name &&
    a.wrapper === b.wrapper &&
    a.parameters.length === b.parameters.length &&
    a.parameters.every((parameter, index) => isSameType(parameter, b.parameters[index] ?? ERROR_TYPE))
  );
}

const SHORT_NAMES: Partial<Record<TypeKind, string>> = {
  any: 'any',
  duration: 'duration',
  error: '!error!',
  null: 'null',
  timestamp: 'timestamp',
};

/** The way type errors spell a type: `map(string, dyn)`, `wrapper(int)`, `kubernetes.Quantity`. */
export function formatType(type: CelType): string {
  const short = SHORT_NAMES[type.kind];
  if (short !== undefined) return short;
  if (type.wrapper) return `wrapper(${type.name})`;
  return type.parameters.length === 0 ? type.name : `${type.name}(${type.parameters.map(formatType).join(', ')})`;
}
