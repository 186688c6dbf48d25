import { encodeBase64 } from '../../packages/cel/src/values/base64.ts';
import { CelError } from '../../packages/cel/src/values/cel-error.ts';
import { CelMap, isMap, MapBuilder, mapGet, mapKeys } from '../../packages/cel/src/values/cel-map.ts';
import { CelRecord } from '../../packages/cel/src/values/cel-object.ts';
import { type CelType, structType } from '../../packages/cel/src/values/cel-type.ts';
import type { CelResult, CelValue } from '../../packages/cel/src/values/cel-value.ts';
import { isEqual } from '../../packages/cel/src/values/equality.ts';
import { CelDouble, CelUint, doubleValue, isDouble, isInt, toDouble } from '../../packages/cel/src/values/numbers.ts';
import { CelDuration, CelTimestamp, formatDuration, formatTimestamp } from '../../packages/cel/src/values/time.ts';
import { fieldsOf, type ProtoField } from './proto-schema.ts';

/** A protobuf message: the fields that are set, as values of the language. */
export class ProtoMessage extends CelRecord {
  readonly celType: CelType;
  readonly fields: ReadonlyMap<string, CelValue>;

  constructor(name: string, fields: ReadonlyMap<string, CelValue>) {
    super();
    this.celType = structType(name);
    this.fields = fields;
  }

  get isZero(): boolean {
    return this.fields.size === 0;
  }

  get(name: string): CelResult | undefined {
    const value = this.fields.get(name);
    if (value !== undefined) return value;
    const field = fieldsOf(this.celType.name)?.get(name);
    return field === undefined ? new CelError(`no such field '${name}'`) : defaultOf(field);
  }

  has(name: string): boolean | CelError {
    const value = this.fields.get(name);
    if (value === undefined) {
      return fieldsOf(this.celType.name)?.has(name) ? false : new CelError(`no such field '${name}'`);
    }
    if (Array.isArray(value)) return value.length > 0;
    return !(value instanceof CelMap) || value.entries.size > 0 || isStruct(this.celType.name, name);
  }

  equals(other: CelValue): boolean {
    if (!(other instanceof ProtoMessage) || other.celType.name !== this.celType.name) return false;
    const names = new Set([...this.fields.keys(), ...other.fields.keys()]);
    return [...names].every((name) => {
      if (this.has(name) !== other.has(name)) return false;
      return !this.has(name) || isEqual(this.fields.get(name) ?? null, other.fields.get(name) ?? null);
    });
  }
}

function isStruct(message: string, field: string): boolean {
  return fieldsOf(message)?.get(field)?.kind === 'single';
}

const WRAPPERS = /^message:google\.protobuf\.(Bool|Bytes|Double|Float|Int32|Int64|String|UInt32|UInt64)Value$/;

/** The scalar that a wrapper message holds. */
export function wrapped(type: string): string | undefined {
  return WRAPPERS.exec(type)?.[1]?.toLowerCase();
}

function defaultOf({ kind, type = '', default: given }: ProtoField): CelResult {
  if (kind === 'list') return [];
  if (kind === 'map') return new CelMap(new Map());
  if (type.startsWith('message:')) return defaultMessage(type);
  if (given !== undefined) return scalarFromJson(type, given);
  return ZEROS.get(familyOf(type)) ?? 0;
}

function defaultMessage(type: string): CelResult {
  if (wrapped(type) !== undefined) return null;
  switch (type.slice('message:'.length)) {
    case 'google.protobuf.Timestamp':
      return new CelTimestamp(0n);
    case 'google.protobuf.Duration':
      return new CelDuration(0n);
    case 'google.protobuf.Struct':
      return new CelMap(new Map());
    case 'google.protobuf.ListValue':
      return [];
    case 'google.protobuf.Value':
    case 'google.protobuf.Any':
      return null;
    default:
      return new ProtoMessage(type.slice('message:'.length), new Map());
  }
}

type Family = 'bool' | 'bytes' | 'double' | 'int' | 'string' | 'uint';

const ZEROS: ReadonlyMap<Family, CelValue> = new Map<Family, CelValue>([
  ['bool', false],
  ['bytes', new Uint8Array()],
  ['double', new CelDouble(0)],
  ['int', 0],
  ['string', ''],
  ['uint', new CelUint(0n)],
]);

/** The language's type for a scalar of protobuf. */
export function familyOf(type: string): Family {
  switch (type) {
    case 'bool':
    case 'bytes':
    case 'string':
    case 'double':
      return type;
    case 'float':
      return 'double';
    case 'uint32':
    case 'uint64':
    case 'fixed32':
    case 'fixed64':
      return 'uint';
    default:
      return 'int';
  }
}

/** A scalar as a schema or a JSON document writes it. */
export function scalarFromJson(type: string, value: unknown): CelValue {
  switch (familyOf(type)) {
    case 'int':
      return typeof value === 'number'
        ? value
        : Number.isSafeInteger(Number(value))
          ? Number(value)
          : BigInt(String(value));
    case 'uint':
      return new CelUint(BigInt(String(value)));
    case 'double':
      return toDouble(type === 'float' ? Math.fround(Number(value)) : Number(value));
    case 'bytes':
      return Uint8Array.from(Buffer.from(String(value), 'base64'));
    default:
      return typeof value === 'boolean' ? value : String(value);
  }
}

const RANGE = new CelError('range error');
const MISMATCH = new CelError('unsupported field type');

/** The value a field takes when it is assigned this one; `undefined` leaves it unset. */
export function assign(field: ProtoField, value: CelValue): CelResult | undefined {
  if (field.kind === 'single') return convert(field.type ?? '', value);
  if (field.kind === 'list') return assignList(field.type ?? '', value);
  if (!isMap(value)) return MISMATCH;
  const builder = new MapBuilder();
  for (const key of mapKeys(value)) {
    const name = convert(field.key ?? '', key);
    const item = convert(field.value ?? '', mapGet(value, key) ?? null);
    if (name instanceof CelError) return name;
    if (item instanceof CelError) return item;
    if (name === undefined || item === undefined) return MISMATCH;
    builder.add(name, item);
  }
  return builder.build();
}

function assignList(type: string, value: CelValue): CelResult {
  if (!Array.isArray(value)) return MISMATCH;
  const items: CelValue[] = [];
  for (const item of value) {
    const converted = convert(type, item);
    if (converted instanceof CelError) return converted;
    if (converted === undefined) return MISMATCH;
    items.push(converted);
  }
  return items;
}

function convert(type: string, value: CelValue): CelResult | undefined {
  if (type.startsWith('message:')) return convertMessage(type, value);
  if (type.startsWith('enum:google.protobuf.NullValue')) return value === null || value === 0 ? null : MISMATCH;
  return convertScalar(type, value);
}

function convertMessage(type: string, value: CelValue): CelResult | undefined {
  const scalar = wrapped(type);
  if (scalar !== undefined) return value === null ? undefined : convertScalar(scalar, value);
  const name = type.slice('message:'.length);
  switch (name) {
    case 'google.protobuf.Any':
      return value;
    case 'google.protobuf.Value':
      return toJsonValue(value);
    case 'google.protobuf.Struct':
      return isMap(value) ? toJsonValue(value) : MISMATCH;
    case 'google.protobuf.ListValue':
      return Array.isArray(value) ? toJsonValue(value) : MISMATCH;
    case 'google.protobuf.Timestamp':
      return value === null ? undefined : value instanceof CelTimestamp ? value : MISMATCH;
    case 'google.protobuf.Duration':
      return value === null ? undefined : value instanceof CelDuration ? value : MISMATCH;
    default:
      if (value === null) return undefined;
      return value instanceof ProtoMessage && value.celType.name === name ? value : MISMATCH;
  }
}

function convertScalar(type: string, value: CelValue): CelResult {
  switch (familyOf(type)) {
    case 'int': {
      if (!isInt(value)) return MISMATCH;
      const narrow = type.endsWith('32') || type.startsWith('enum:');
      return narrow && (value < -(2 ** 31) || value >= 2 ** 31) ? RANGE : value;
    }
    case 'uint':
      if (!(value instanceof CelUint)) return MISMATCH;
      return type.endsWith('32') && value.value >= 2n ** 32n ? RANGE : value;
    case 'double':
      if (!isDouble(value)) return MISMATCH;
      return type === 'float' ? toDouble(Math.fround(doubleValue(value))) : value;
    case 'bytes':
      return value instanceof Uint8Array ? value : MISMATCH;
    case 'bool':
      return typeof value === 'boolean' ? value : MISMATCH;
    default:
      return typeof value === 'string' ? value : MISMATCH;
  }
}

/** A value as protobuf's JSON has it: all numbers are doubles, large integers text. */
export function toJsonValue(value: CelValue): CelResult {
  if (value instanceof CelUint) return toJsonInteger(value.value);
  if (isInt(value)) return toJsonInteger(BigInt(value));
  if (value instanceof Uint8Array) return encodeBase64(value);
  if (value instanceof CelTimestamp) return formatTimestamp(value);
  if (value instanceof CelDuration) return formatDuration(value);
  if (Array.isArray(value)) {
    const items = value.map(toJsonValue);
    return items.find((item) => item instanceof CelError) ?? (items as CelValue[]);
  }
  if (isMap(value)) return toJsonStruct(value);
  return value;
}

function toJsonInteger(value: bigint): CelValue {
  return Number.isSafeInteger(Number(value)) ? toDouble(Number(value)) : String(value);
}

function toJsonStruct(value: CelValue): CelResult {
  if (!isMap(value)) return MISMATCH;
  const builder = new MapBuilder();
  for (const key of mapKeys(value)) {
    const item = toJsonValue(mapGet(value, key) ?? null);
    if (typeof key !== 'string') return new CelError('bad key type');
    if (item instanceof CelError) return item;
    builder.add(key, item);
  }
  return builder.build();
}
