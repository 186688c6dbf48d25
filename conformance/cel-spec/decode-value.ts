import { CelMap, MapBuilder } from '../../packages/cel/src/values/cel-map.ts';
import {
  BOOL,
  BYTES,
  CelType,
  DOUBLE,
  DURATION,
  DYN,
  INT,
  LIST,
  MAP,
  NULL_TYPE,
  STRING,
  structType,
  TIMESTAMP,
  TYPE_TYPE,
  UINT,
} from '../../packages/cel/src/values/cel-type.ts';
import type { CelValue } from '../../packages/cel/src/values/cel-value.ts';
import { toDouble } from '../../packages/cel/src/values/numbers.ts';
import { CelDuration, CelTimestamp, parseDuration, parseTimestamp } from '../../packages/cel/src/values/time.ts';
import { ProtoMessage, scalarFromJson, wrapped } from './proto-message.ts';
import { enumNumber, fieldsOf, type ProtoField } from './proto-schema.ts';

/** A value in the JSON form of `cel.expr.Value`: one member that names the kind. */
export type EncodedValue = Readonly<Record<string, unknown>>;

interface Entries {
  readonly entries?: readonly { readonly key: EncodedValue; readonly value: EncodedValue }[];
}

const TYPES: ReadonlyMap<string, CelType> = new Map(
  [BOOL, BYTES, DOUBLE, DURATION, INT, LIST, MAP, NULL_TYPE, STRING, TIMESTAMP, TYPE_TYPE, UINT, DYN].map((type) => [
    type.name,
    type,
  ]),
);

/** The value of the suite's JSON. */
export function decodeValue(encoded: EncodedValue): CelValue {
  const [kind = 'nullValue', value] = Object.entries(encoded)[0] ?? [];
  switch (kind) {
    case 'nullValue':
      return null;
    case 'int64Value':
      return scalarFromJson('int64', value);
    case 'uint64Value':
      return scalarFromJson('uint64', value);
    case 'doubleValue':
      return toDouble(Number(value));
    case 'bytesValue':
      return scalarFromJson('bytes', value);
    case 'listValue':
      // The kinds below have the members that `cel.expr.Value` defines.
      return ((value as { values?: readonly EncodedValue[] }).values ?? []).map(decodeValue);
    case 'mapValue':
      return decodeMap(value as Entries);
    case 'enumValue':
      return (value as { value?: number }).value ?? 0;
    case 'typeValue':
      return TYPES.get(String(value)) ?? new CelType('struct', String(value));
    case 'objectValue':
      return decodeObject(value as Readonly<Record<string, unknown>>);
    default:
      return value as string | boolean;
  }
}

function decodeMap({ entries = [] }: Entries): CelValue {
  const builder = new MapBuilder();
  for (const { key, value } of entries) builder.add(decodeValue(key), decodeValue(value));
  return builder.build();
}

/** A message with its type, as `google.protobuf.Any` writes it. */
function decodeObject({ '@type': url, ...rest }: Readonly<Record<string, unknown>>): CelValue {
  const type = `message:${String(url).replace(/^.*\//, '')}`;
  return isValueType(type) ? decodeField(type, rest['value']) : decodeField(type, rest);
}

function isValueType(type: string): boolean {
  return (
    wrapped(type) !== undefined ||
    /^message:google\.protobuf\.(Any|Duration|ListValue|Struct|Timestamp|Value)$/.test(type)
  );
}

/** A field's value in the JSON form of its message. */
function decodeField(type: string, json: unknown): CelValue {
  const scalar = wrapped(type);
  if (scalar !== undefined) return json === undefined ? scalarFromJson(scalar, 0) : scalarFromJson(scalar, json);
  if (type.startsWith('enum:')) return enumNumber(type.slice('enum:'.length), json);
  switch (type) {
    case 'message:google.protobuf.Timestamp':
      return parseTimestamp(String(json)) ?? new CelTimestamp(0n);
    case 'message:google.protobuf.Duration':
      return parseDuration(String(json)) ?? new CelDuration(0n);
    case 'message:google.protobuf.Any':
      return decodeObject(json as Readonly<Record<string, unknown>>);
    case 'message:google.protobuf.Value':
    case 'message:google.protobuf.Struct':
    case 'message:google.protobuf.ListValue':
      return decodeJson(json);
    default:
      return type.startsWith('message:')
        ? decodeMessage(type.slice('message:'.length), json)
        : scalarFromJson(type, json);
  }
}

function decodeMessage(name: string, json: unknown): CelValue {
  const fields = new Map<string, CelValue>();
  for (const [key, value] of Object.entries((json ?? {}) as Readonly<Record<string, unknown>>)) {
    const field = findField(name, key);
    if (field !== undefined) fields.set(field.name, decodeAll(field, value));
  }
  return new ProtoMessage(name, fields);
}

function findField(message: string, key: string): ProtoField | undefined {
  const fields = fieldsOf(message);
  const name = key.replace(/^\[|\]$/g, '');
  return fields?.get(name) ?? [...(fields?.values() ?? [])].find(({ json }) => json === key);
}

function decodeAll({ kind, type = '', key = '', value = '' }: ProtoField, json: unknown): CelValue {
  if (kind === 'list') return (json as readonly unknown[]).map((item) => decodeField(type, item));
  if (kind === 'single') return decodeField(type, json);
  const builder = new MapBuilder();
  for (const [name, item] of Object.entries(json as object)) {
    builder.add(key === 'bool' ? name === 'true' : scalarFromJson(key, name), decodeField(value, item));
  }
  return builder.build();
}

function decodeJson(json: unknown): CelValue {
  if (typeof json === 'number') return toDouble(json);
  if (Array.isArray(json)) return json.map(decodeJson);
  if (typeof json === 'object' && json !== null) {
    return new CelMap(new Map(Object.entries(json).map(([key, value]) => [key, decodeJson(value)])));
  }
  return (json ?? null) as CelValue;
}

/** A type in the JSON form of `cel.expr.Type`. */
export function decodeType(encoded: EncodedValue): CelType {
  const [kind = 'dyn', value] = Object.entries(encoded)[0] ?? [];
  const parts = value as Readonly<Record<string, EncodedValue>>;
  switch (kind) {
    case 'primitive':
      return PRIMITIVES[String(value)] ?? DYN;
    case 'wrapper':
      return new CelType((PRIMITIVES[String(value)] ?? DYN).kind, (PRIMITIVES[String(value)] ?? DYN).name, [], true);
    case 'wellKnown':
      return value === 'TIMESTAMP'
        ? TIMESTAMP
        : value === 'DURATION'
          ? DURATION
          : new CelType('any', 'google.protobuf.Any');
    case 'null':
      return NULL_TYPE;
    case 'listType':
      return new CelType('list', 'list', [decodeType(parts['elemType'] ?? { dyn: {} })]);
    case 'mapType':
      return new CelType('map', 'map', [
        decodeType(parts['keyType'] ?? { dyn: {} }),
        decodeType(parts['valueType'] ?? { dyn: {} }),
      ]);
    case 'messageType':
      return TYPES.get(String(value)) ?? structType(String(value));
    case 'typeParam':
      return new CelType('parameter', String(value));
    case 'type':
      return new CelType(
        'type',
        'type',
        Object.keys(parts ?? {}).length === 0 ? [] : [decodeType(parts as EncodedValue)],
      );
    case 'abstractType': {
      const { name, parameterTypes = [] } = value as { name: string; parameterTypes?: readonly EncodedValue[] };
      return new CelType('opaque', name, parameterTypes.map(decodeType));
    }
    default:
      return DYN;
  }
}

const PRIMITIVES: Readonly<Record<string, CelType>> = {
  BOOL,
  BYTES,
  DOUBLE,
  INT64: INT,
  STRING,
  UINT64: UINT,
};
