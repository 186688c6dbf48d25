import type { TypeDeclaration } from '../../declare/type-declaration.ts';
import { CelError } from '../../values/cel-error.ts';
import { CelMap, isMap, mapSize } from '../../values/cel-map.ts';
import { CelRecord } from '../../values/cel-object.ts';
import { type CelType, structType } from '../../values/cel-type.ts';
import type { CelResult, CelValue } from '../../values/cel-value.ts';
import { isEqual } from '../../values/equality.ts';
import { CelUint } from '../../values/numbers.ts';
import type { Json } from '../../values/to-json.ts';
import { typeOf } from '../../values/type-of.ts';

/** How member names of JSON are matched with fields, and what becomes of those that match none. */
export interface ReadRules {
  /** Names a field goes by besides its own. */
  readonly isNamed: (member: string, field: string) => boolean;
  readonly ignoresUnknown: boolean;
}

/** What a field of a message holds. */
export interface Shape {
  readonly type: CelType;
  /** What reading it unset gives, as in protobuf. */
  readonly empty: CelValue;
  /** The value that a JSON value stands for; an error says where it is not of this shape. */
  readonly read: (json: Json, path: string, rules: ReadRules) => CelResult;
}

/** A type of messages: its fields, and how messages of it are made, by literals and of JSON. */
export interface MessageShape extends Shape {
  readonly declaration: TypeDeclaration;
  readonly empty: CelMessage;
  readonly fields: ReadonlyMap<string, Shape>;
}

/** A message: unset fields read as their defaults, and `has` tells the others. */
export class CelMessage extends CelRecord {
  readonly shape: MessageShape;
  readonly #set: ReadonlyMap<string, CelValue>;

  /** `set` holds no value that is its field's zero. */
  constructor(shape: MessageShape, set: ReadonlyMap<string, CelValue>) {
    super();
    this.shape = shape;
    this.#set = set;
  }

  get celType(): CelType {
    return this.shape.type;
  }

  get(field: string): CelValue | undefined {
    return this.#set.get(field) ?? this.shape.fields.get(field)?.empty;
  }

  has(field: string): boolean {
    return this.#set.has(field);
  }

  /** The same with another value of a field. */
  with(field: string, value: CelValue): CelMessage {
    const set = new Map(this.#set);
    if (isZero(value)) set.delete(field);
    else set.set(field, value);
    return new CelMessage(this.shape, set);
  }

  /** The same with one more element of a list. */
  adding(field: string, value: CelValue): CelMessage {
    const before = this.get(field);
    return this.with(field, [...(Array.isArray(before) ? before : []), value]);
  }

  equals(other: CelValue): boolean {
    return (
      other instanceof CelMessage &&
      other.celType.name === this.celType.name &&
      isEqual(new CelMap(this.#set), new CelMap(other.#set))
    );
  }

  toJsonValue(): CelValue {
    return new CelMap(this.#set);
  }
}

/** Messages count as set even when they are empty; scalars, lists and maps do not. */
function isZero(value: CelValue): boolean {
  if (value === null || value === '' || value === 0 || value === false) return true;
  if (Array.isArray(value) || value instanceof Uint8Array) return value.length === 0;
  if (value instanceof CelUint) return value.value === 0n;
  return isMap(value) && mapSize(value) === 0;
}

/** Declares a type of messages; `oneof` names fields of which a message has one at the most. */
export function messageShape(
  name: string,
  fields: Readonly<Record<string, Shape>>,
  oneof: readonly string[] = [],
): MessageShape {
  const table: ReadonlyMap<string, Shape> = new Map(Object.entries(fields));
  const make = (set: ReadonlyMap<string, CelValue>): CelResult => {
    if (oneof.filter((field) => set.has(field)).length > 1) {
      return new CelError(`${name} has one of ${oneof.join(', ')}`);
    }
    return new CelMessage(shape, set);
  };
  const shape: MessageShape = {
    type: structType(name),
    fields: table,
    get empty() {
      return EMPTY.get(shape) ?? remember(shape);
    },
    declaration: {
      name,
      fieldType: (field) => table.get(field)?.type,
      construct: (given) => {
        const set = new Map<string, CelValue>();
        for (const [field, value] of given) {
          // The checker lets dynamic values through.
          const wanted = table.get(field)?.type;
          if (value !== null && wanted && !isOfType(value, wanted)) {
            return new CelError(`unsupported field type for ${name}.${field}: ${typeOf(value).name}`);
          }
          if (!isZero(value)) set.set(field, value);
        }
        return make(set);
      },
    },
    read: (json, path, rules) => {
      const set = readFields(json, path, table, rules);
      return set instanceof CelError ? set : make(set);
    },
  };
  return shape;
}

/** Messages without fields, one a type. */
const EMPTY = new WeakMap<MessageShape, CelMessage>();

function remember(shape: MessageShape): CelMessage {
  const empty = new CelMessage(shape, new Map());
  EMPTY.set(shape, empty);
  return empty;
}

function isOfType(value: CelValue, wanted: CelType): boolean {
  return wanted.kind === 'any' || wanted.kind === 'dyn' || typeOf(value).name === wanted.name;
}

function readFields(
  json: Json,
  path: string,
  fields: ReadonlyMap<string, Shape>,
  { isNamed, ignoresUnknown }: ReadRules,
): ReadonlyMap<string, CelValue> | CelError {
  if (!isJsonMap(json)) return new CelError(`${at(path)}must be an object`);
  const set = new Map<string, CelValue>();
  const seen = new Set<string>();
  for (const [member, value] of Object.entries(json)) {
    const found = [...fields].find(([field]) => isNamed(member, field));
    const where = path === '' ? member : `${path}.${member}`;
    if (!found) {
      if (ignoresUnknown) continue;
      return new CelError(`${where} is no field`);
    }
    const [field, shape] = found;
    // Which of two counts differs between readers: none does.
    if (seen.has(field)) return new CelError(`${where} is given more than once`);
    seen.add(field);
    if (value === null) continue;
    const read = shape.read(value, where, { isNamed, ignoresUnknown });
    if (read instanceof CelError) return read;
    if (!isZero(read)) set.set(field, read);
  }
  return set;
}

/** What stands before a complaint about the value at a path; nothing about the whole. */
export function at(path: string): string {
  return path === '' ? '' : `${path} `;
}

export function isJsonMap(json: Json): json is { readonly [key: string]: Json } {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}
