import type { TypeDeclaration, VariableDeclaration } from '../../packages/cel/src/declare/type-declaration.ts';
import { CelError } from '../../packages/cel/src/values/cel-error.ts';
import {
  ANY,
  BOOL,
  BYTES,
  type CelType,
  DOUBLE,
  DURATION,
  DYN,
  INT,
  LIST,
  listType,
  mapType,
  NULL_TYPE,
  STRING,
  structType,
  TIMESTAMP,
  UINT,
  wrapperType,
} from '../../packages/cel/src/values/cel-type.ts';
import type { CelResult, CelValue } from '../../packages/cel/src/values/cel-value.ts';
import { isEqual } from '../../packages/cel/src/values/equality.ts';
import { CelDuration, CelTimestamp } from '../../packages/cel/src/values/time.ts';
import { assign, familyOf, ProtoMessage, scalarFromJson, toJsonValue, wrapped } from './proto-message.ts';
import { ENUM_VALUES, fieldsOf, MESSAGE_NAMES, type ProtoField } from './proto-schema.ts';

const SCALARS: Readonly<Record<string, CelType>> = {
  bool: BOOL,
  bytes: BYTES,
  double: DOUBLE,
  int: INT,
  string: STRING,
  uint: UINT,
};

const WELL_KNOWN: Readonly<Record<string, CelType>> = {
  'message:google.protobuf.Any': ANY,
  'message:google.protobuf.Value': DYN,
  'message:google.protobuf.Struct': mapType(STRING, DYN),
  'message:google.protobuf.ListValue': LIST,
  'message:google.protobuf.Timestamp': TIMESTAMP,
  'message:google.protobuf.Duration': DURATION,
};

/** The checker's type of a protobuf type. */
export function checkedType(type: string): CelType {
  const known = WELL_KNOWN[type];
  if (known !== undefined) return known;
  const scalar = wrapped(type);
  if (scalar !== undefined) return wrapperType(SCALARS[familyOf(scalar)] ?? DYN);
  if (type === 'enum:google.protobuf.NullValue') return NULL_TYPE;
  if (type.startsWith('message:')) return structType(type.slice('message:'.length));
  return SCALARS[familyOf(type)] ?? DYN;
}

function fieldType(field: ProtoField): CelType {
  if (field.kind === 'map') return mapType(checkedType(field.key ?? ''), checkedType(field.value ?? ''));
  const type = checkedType(field.type ?? '');
  return field.kind === 'list' ? listType(type) : type;
}

function construct(name: string, given: ReadonlyMap<string, CelValue>): CelResult {
  const values = new Map<string, CelValue>();
  for (const [key, value] of given) {
    const field = fieldsOf(name)?.get(key);
    if (field === undefined) return new CelError(`no such field '${key}'`);
    const converted = assign(field, value);
    if (converted instanceof CelError) return converted;
    if (converted === undefined || isImplicitDefault(field, converted)) continue;
    values.set(key, converted);
  }
  return new ProtoMessage(name, values);
}

/** Fields without presence hold no zero. */
function isImplicitDefault(field: ProtoField, value: CelValue): boolean {
  if (field.kind !== 'single' || field.presence !== false) return false;
  return isEqual(
    value,
    scalarFromJson(field.type ?? '', familyOf(field.type ?? '') === 'string' ? '' : zeroJson(field)),
  );
}

function zeroJson({ type = '' }: ProtoField): unknown {
  const family = familyOf(type);
  if (family === 'bool') return false;
  return family === 'bytes' ? '' : 0;
}

function message(name: string): TypeDeclaration {
  return {
    name,
    fieldType: (field) => {
      const declared = fieldsOf(name)?.get(field);
      return declared && fieldType(declared);
    },
    construct: (fields) => construct(name, fields),
  };
}

const WRAPPER_NAMES = ['Bool', 'Bytes', 'Double', 'Float', 'Int32', 'Int64', 'String', 'UInt32', 'UInt64'];

/** Messages of protobuf's own that stand for values of the language. */
function wellKnown(
  name: string,
  fields: Readonly<Record<string, CelType>>,
  make: (fields: ReadonlyMap<string, CelValue>) => CelResult,
): TypeDeclaration {
  const full = `google.protobuf.${name}`;
  return {
    name: full,
    type: checkedType(`message:${full}`),
    fieldType: (field) => (Object.hasOwn(fields, field) ? fields[field] : undefined),
    construct: make,
  };
}

function wrapper(name: string): TypeDeclaration {
  const type = `message:google.protobuf.${name}Value`;
  const scalar = wrapped(type) ?? '';
  const field: ProtoField = { name: 'value', json: 'value', kind: 'single', type: scalar };
  const inner = SCALARS[familyOf(scalar)] ?? DYN;
  const zero = scalarFromJson(
    scalar,
    familyOf(scalar) === 'string' || familyOf(scalar) === 'bytes' ? '' : familyOf(scalar) === 'bool' ? false : 0,
  );
  return wellKnown(`${name}Value`, { value: inner }, (fields) => {
    const given = fields.get('value');
    return given === undefined ? zero : (assign(field, given) ?? null);
  });
}

const whole = (value: CelValue | undefined): bigint =>
  typeof value === 'number' || typeof value === 'bigint' ? BigInt(value) : 0n;
const nanos = (fields: ReadonlyMap<string, CelValue>): bigint =>
  whole(fields.get('seconds')) * 1_000_000_000n + whole(fields.get('nanos'));

function jsonValue(fields: ReadonlyMap<string, CelValue>): CelResult {
  const [first] = fields;
  if (first === undefined) return null;
  const [name, value] = first;
  return name === 'null_value' ? null : toJsonValue(value);
}

export const PROTO_TYPES: readonly TypeDeclaration[] = [
  ...MESSAGE_NAMES.map(message),
  ...WRAPPER_NAMES.map(wrapper),
  wellKnown('Timestamp', { seconds: INT, nanos: INT }, (fields) => new CelTimestamp(nanos(fields))),
  wellKnown('Duration', { seconds: INT, nanos: INT }, (fields) => new CelDuration(nanos(fields))),
  wellKnown('Struct', { fields: mapType(STRING, DYN) }, (fields) => toJsonValue(fields.get('fields') ?? {})),
  wellKnown('ListValue', { values: LIST }, (fields) => toJsonValue(fields.get('values') ?? [])),
  wellKnown(
    'Value',
    {
      null_value: DYN,
      number_value: DOUBLE,
      string_value: STRING,
      bool_value: BOOL,
      struct_value: mapType(STRING, DYN),
      list_value: LIST,
    },
    jsonValue,
  ),
  wellKnown('Any', { type_url: STRING, value: BYTES }, () => new CelError('unknown type in google.protobuf.Any')),
];

/** Enum constants are integers of the language. */
export const ENUM_CONSTANTS: readonly VariableDeclaration[] = [
  ...[...ENUM_VALUES].map(([name, value]) => ({ name, type: INT, value })),
  { name: 'google.protobuf.NullValue.NULL_VALUE', type: INT, value: 0 },
];
