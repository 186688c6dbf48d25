import { isJsonObject, type JsonObject, type JsonValue, member, setMember } from '../json/json-value.ts';
import { formatPath } from '../json/parse-json.ts';
import { SchemaError } from '../model/schema-error.ts';
import { KIND_TYPES } from './kind-types.ts';
import { canonicalQuantity } from './quantity-text.ts';
import { checkBase64, checkTime } from './scalar-text.ts';
import { type FieldShape, type TypeShape, typeShape } from './type-shape.ts';

/** Whether the type is one that the API serves, with a kind and metadata of its own. */
function isObjectType({ name, fields }: TypeShape): boolean {
  return fields.has('metadata') && OBJECT_TYPES.has(name);
}

const OBJECT_TYPES: ReadonlySet<string> = new Set(KIND_TYPES.values());

/** Collects what decoding meets on its way; both lists stay empty for a clean document. */
export interface TypedReading {
  readonly unknownFields: string[];
}

const MAX_UNKNOWN = 100;

/**
 * Decodes a JSON object into a Go struct type and encodes it again: unknown fields vanish (and are noted), zero values of
 * `omitempty` fields vanish, structs that are no pointers appear, quantities become canonical.
 *
 * @throws SchemaError with the text of Go's decoder for a value of the wrong type.
 */
export function readTyped(shape: TypeShape, source: JsonObject, reading: TypedReading): JsonObject {
  return new TypedReader(reading).readRoot(shape, source);
}

class TypedReader {
  private readonly reading: TypedReading;
  /** Path with indexes and map keys, for unknown fields. */
  private readonly path: (string | number)[] = [];
  /** Field names alone, for type errors. */
  private readonly fieldPath: string[] = [];
  private structName = '';

  constructor(reading: TypedReading) {
    this.reading = reading;
  }

  readRoot(shape: TypeShape, source: JsonObject): JsonObject {
    this.structName = shape.structName;
    return this.readStruct(shape, source, this.readTypeMeta(source), true);
  }

  private readTypeMeta(source: JsonObject): JsonObject {
    const result: JsonObject = {};
    for (const key of ['kind', 'apiVersion']) {
      const value = member(source, key);
      if (typeof value === 'string') {
        if (value !== '') result[key] = value;
      } else if (value !== undefined && value !== null) {
        this.fieldPath.push(key);
        throw this.mismatch(value, 'string');
      }
    }
    return result;
  }

  private readStruct(shape: TypeShape, source: JsonObject, result: JsonObject, hasTypeMeta = false): JsonObject {
    const outer = this.structName;
    for (const key of Object.keys(source)) {
      if (hasTypeMeta && (key === 'kind' || key === 'apiVersion')) continue;
      if (!shape.fields.has(key)) this.noteUnknown(key);
    }
    for (const field of shape.fields.values()) {
      this.structName = shape.structName;
      this.path.push(field.name);
      this.fieldPath.push(...field.through, field.name);
      const value = this.readField(field, member(source, field.name) ?? null);
      if (value !== undefined) setMember(result, field.name, value);
      this.path.pop();
      this.fieldPath.length -= field.through.length + 1;
    }
    this.structName = outer;
    return result;
  }

  /** The encoded field; `undefined` when Go leaves it out. */
  private readField(field: FieldShape, value: JsonValue): JsonValue | undefined {
    switch (field.container) {
      case 'list':
        return this.readList(field, value);
      case 'map':
        return this.readMap(field, value);
      default:
        return this.readOne(field, value);
    }
  }

  private readList(field: FieldShape, value: JsonValue): JsonValue | undefined {
    if (value === null) return field.omitEmpty ? undefined : null;
    if (!Array.isArray(value)) throw this.mismatch(value, `[]${field.goType}`);
    if (value.length === 0 && field.omitEmpty) return undefined;
    return value.map((item, index) => {
      this.path.push(index);
      const element = this.readElement(field, item);
      this.path.pop();
      return element;
    });
  }

  private readMap(field: FieldShape, value: JsonValue): JsonValue | undefined {
    if (value === null) return field.omitEmpty ? undefined : null;
    if (!isJsonObject(value)) throw this.mismatch(value, mapTypeName(field));
    const keys = Object.keys(value);
    if (keys.length === 0 && field.omitEmpty) return undefined;
    const result: JsonObject = {};
    for (const key of keys) {
      this.path.push(key);
      setMember(result, key, this.readElement(field, value[key] ?? null));
      this.path.pop();
    }
    return result;
  }

  /** An element of a list or a map: never left out. */
  private readElement(field: FieldShape, value: JsonValue): JsonValue {
    if (value === null) return this.zero(field);
    return this.readValue(field, value);
  }

  private readOne(field: FieldShape, value: JsonValue): JsonValue | undefined {
    if (field.pointer) {
      if (value === null) return field.omitEmpty ? undefined : null;
      return this.readValue(field, value);
    }
    if (value === null) {
      if (field.omitZero || (field.omitEmpty && isEmptiable(field))) return undefined;
      return this.zero(field);
    }
    const read = this.readValue(field, value);
    if (field.omitEmpty && isEmptiable(field) && (read === '' || read === 0 || read === false)) return undefined;
    if (field.omitEmpty && field.kind === 'E' && Array.isArray(read) && read.length === 0) return undefined;
    return read;
  }

  private zero(field: FieldShape): JsonValue {
    switch (field.kind) {
      case 's':
        return '';
      case 'b':
        return false;
      case 'i':
      case 'd':
      case 'I':
        return 0;
      case 'Q':
        return '0';
      case 'D':
        return '0s';
      case '#':
        return this.readMessage(field, {});
      default:
        return null;
    }
  }

  private readValue(field: FieldShape, value: JsonValue): JsonValue {
    switch (field.kind) {
      case 's':
        return typeof value === 'string' ? value : this.fail(value, field.goType);
      case 'b':
        return typeof value === 'boolean' ? value : this.fail(value, field.goType);
      case 'i':
        return this.readInteger(value, field.goType);
      case 'd':
        return typeof value === 'number' ? value : this.fail(value, field.goType);
      case 'y':
        return typeof value === 'string' ? checkBase64(value) : this.fail(value, '[]uint8');
      case 'Q':
        return this.readQuantity(value);
      case 'I':
        return typeof value === 'string' ? value : this.readInteger(value, 'int32');
      case 'T':
      case 'U':
        return typeof value === 'string' ? checkTime(value, field.kind === 'U') : this.fail(value, 'string');
      case 'D':
        return typeof value === 'string' ? value : this.fail(value, 'string');
      case 'E':
        return this.readStrings(value);
      case '#':
        return this.readMessageValue(field, value);
      default:
        return value;
    }
  }

  private readInteger(value: JsonValue, goType: string): JsonValue {
    if (typeof value !== 'number') return this.fail(value, goType);
    const limit = goType === 'int64' ? 2 ** 63 : 2 ** 31;
    if (!Number.isInteger(value) || value >= limit || value < -limit) {
      throw this.mismatchText(`number ${value}`, goType);
    }
    return Object.is(value, -0) ? 0 : value;
  }

  private readQuantity(value: JsonValue): JsonValue {
    if (typeof value === 'string' || typeof value === 'number') {
      const canonical = value === '' ? '0' : canonicalQuantity(value);
      if (canonical !== undefined) return canonical;
    }
    throw new SchemaError(
      "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
    );
  }

  private readStrings(value: JsonValue): JsonValue {
    if (!Array.isArray(value)) return this.fail(value, 'v1.ExtraValue');
    return value.map((item) => (typeof item === 'string' ? item : item === null ? '' : this.fail(item, 'string')));
  }

  private readMessageValue(field: FieldShape, value: JsonValue): JsonValue {
    if (JSON_OR_TYPES.has(field.message)) return this.readSchemaUnion(field, value);
    if (!isJsonObject(value)) return this.fail(value, field.goType);
    return this.readMessage(field, value);
  }

  private readMessage(field: FieldShape, value: JsonObject): JsonValue {
    const shape = typeShape(field.message);
    if (shape === undefined) return value;
    // a whole object in another one, as in `volumeClaimTemplates`, may say of what kind it is
    return isObjectType(shape)
      ? this.readStruct(shape, value, this.readTypeMeta(value), true)
      : this.readStruct(shape, value, {});
  }

  /** `JSONSchemaPropsOrBool` and its kin stand for one of two forms and carry no wrapper in JSON. */
  private readSchemaUnion(field: FieldShape, value: JsonValue): JsonValue {
    const schema = typeShape(SCHEMA_PROPS);
    if (schema === undefined) return value;
    if (isJsonObject(value)) return this.readStruct(schema, value, {});
    if (Array.isArray(value) && field.message.endsWith('Array')) {
      return value.map((item) => (isJsonObject(item) ? this.readStruct(schema, item, {}) : item));
    }
    return value;
  }

  private noteUnknown(key: string): void {
    if (this.reading.unknownFields.length >= MAX_UNKNOWN) return;
    this.path.push(key);
    this.reading.unknownFields.push(formatPath(this.path));
    this.path.pop();
  }

  private fail(value: JsonValue, goType: string): never {
    throw this.mismatch(value, goType);
  }

  private mismatch(value: JsonValue, goType: string): SchemaError {
    return this.mismatchText(goValueName(value), goType);
  }

  private mismatchText(found: string, goType: string): SchemaError {
    return new SchemaError(
      `json: cannot unmarshal ${found} into Go struct field ${this.structName}.${this.fieldPath.join('.')} of type ${goType}`,
    );
  }
}

const SCHEMA_PROPS = 'apiextensions.v1.JSONSchemaProps';
const JSON_OR_TYPES = new Set([
  'apiextensions.v1.JSONSchemaPropsOrBool',
  'apiextensions.v1.JSONSchemaPropsOrArray',
  'apiextensions.v1.JSONSchemaPropsOrStringArray',
]);

/** Whether `omitempty` has an effect: Go never leaves out a struct that is no pointer. */
function isEmptiable(field: FieldShape): boolean {
  return 'sbidy'.includes(field.kind) || field.kind === 'E';
}

function mapTypeName(field: FieldShape): string {
  return field.kind === 'Q' ? 'v1.ResourceList' : `map[string]${field.goType}`;
}

/** Go's word for the form of a JSON value. */
export function goValueName(value: JsonValue): string {
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'boolean') return 'bool';
  return value === null ? 'null' : typeof value;
}
