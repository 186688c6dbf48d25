import { isJsonObject, type JsonObject, type JsonValue, member, setMember } from '../json/json-value.ts';
import { parseJson } from '../json/parse-json.ts';
import { parseApiVersion } from '../model/group-version-kind.ts';
import { SchemaError } from '../model/schema-error.ts';
import { readTyped } from './read-typed.ts';
import { type FieldShape, kindShape, type TypeShape, typeShape } from './type-shape.ts';
import { BYTES, VARINT, WireReader } from './wire-reader.ts';

export interface ProtobufObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly object: JsonObject;
}

const MAGIC = [0x6b, 0x38, 0x73, 0x00];
const MAX_MESSAGE_DEPTH = 100;
const utf8 = new TextDecoder('utf-8');

/**
 * Decodes `application/vnd.kubernetes.protobuf`: four magic bytes, then `runtime.Unknown` with the encoded object.
 * Built-in kinds only, by their field numbers; the result is what Go would print as JSON.
 *
 * @throws SchemaError for anything else.
 */
export function decodeProtobuf(body: Uint8Array): ProtobufObject {
  if (!MAGIC.every((byte, index) => body[index] === byte)) {
    throw new SchemaError('provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]');
  }
  const envelope = readEnvelope(body.subarray(MAGIC.length));
  const gvk = { ...parseApiVersion(envelope.apiVersion), kind: envelope.kind };
  const shape = kindShape(gvk);
  if (shape === undefined) {
    throw new SchemaError(`no kind "${gvk.kind}" is registered for version "${envelope.apiVersion}"`);
  }
  const fields = readMessage(shape, envelope.raw, 0);
  fields['apiVersion'] = envelope.apiVersion;
  fields['kind'] = envelope.kind;
  const object = readTyped(shape, fields, { unknownFields: [] });
  return { apiVersion: envelope.apiVersion, kind: envelope.kind, object };
}

function readEnvelope(bytes: Uint8Array): { apiVersion: string; kind: string; raw: Uint8Array } {
  const reader = new WireReader(bytes);
  let apiVersion = '';
  let kind = '';
  let raw: Uint8Array = new Uint8Array();
  while (!reader.done) {
    const { number, wireType } = reader.tag();
    if (wireType !== BYTES) reader.skip(wireType);
    else if (number === 1) ({ apiVersion, kind } = readTypeMeta(reader.chunk()));
    else if (number === 2) raw = reader.chunk();
    else reader.skip(wireType);
  }
  return { apiVersion, kind, raw };
}

function readTypeMeta(bytes: Uint8Array): { apiVersion: string; kind: string } {
  const reader = new WireReader(bytes);
  let apiVersion = '';
  let kind = '';
  while (!reader.done) {
    const { number, wireType } = reader.tag();
    if (wireType === BYTES && number === 1) apiVersion = reader.text();
    else if (wireType === BYTES && number === 2) kind = reader.text();
    else reader.skip(wireType);
  }
  return { apiVersion, kind };
}

function readMessage(shape: TypeShape, bytes: Uint8Array, depth: number): JsonObject {
  if (depth > MAX_MESSAGE_DEPTH) throw new SchemaError('exceeded max depth');
  const reader = new WireReader(bytes);
  const object: JsonObject = {};
  while (!reader.done) {
    const { number, wireType } = reader.tag();
    const field = shape.wire.get(number);
    if (field === undefined) reader.skip(wireType);
    else readField(object, field, reader, wireType, depth);
  }
  return object;
}

function readField(object: JsonObject, field: FieldShape, reader: WireReader, wireType: number, depth: number): void {
  if (field.inline) {
    const inner = typeShape(field.message);
    const embedded = inner === undefined ? {} : readMessage(inner, reader.chunk(), depth + 1);
    for (const key of Object.keys(embedded)) setMember(object, key, embedded[key] ?? null);
    return;
  }
  if (field.container === 'map') {
    const { key, value } = readMapEntry(field, reader.chunk(), depth);
    const existing = member(object, field.name);
    const map: JsonObject = isJsonObject(existing) ? existing : {};
    setMember(map, key, value);
    setMember(object, field.name, map);
    return;
  }
  if (field.container === 'list') {
    const existing = member(object, field.name);
    const list: JsonValue[] = Array.isArray(existing) ? existing : [];
    if (isVarintKind(field) && wireType === BYTES) {
      const packed = new WireReader(reader.chunk());
      while (!packed.done) list.push(readVarint(field, packed));
    } else {
      list.push(readValue(field, reader, depth));
    }
    setMember(object, field.name, list);
    return;
  }
  setMember(object, field.name, readValue(field, reader, depth));
}

function readMapEntry(field: FieldShape, bytes: Uint8Array, depth: number): { key: string; value: JsonValue } {
  const reader = new WireReader(bytes);
  let key = '';
  let value: JsonValue = null;
  while (!reader.done) {
    const { number, wireType } = reader.tag();
    if (number === 1) key = reader.text();
    else if (number === 2) value = readValue(field, reader, depth);
    else reader.skip(wireType);
  }
  return { key, value };
}

function isVarintKind(field: FieldShape): boolean {
  return field.kind === 'i' || field.kind === 'b';
}

function readVarint(field: FieldShape, reader: WireReader): JsonValue {
  return field.kind === 'b' ? reader.varint() !== 0n : reader.integer();
}

function readValue(field: FieldShape, reader: WireReader, depth: number): JsonValue {
  switch (field.kind) {
    case 's':
      return reader.text();
    case 'b':
    case 'i':
      return readVarint(field, reader);
    case 'd':
      return reader.double();
    case 'y':
      return encodeBase64(reader.chunk());
    case 'Q':
      return textField(reader.chunk()) || '0';
    case 'I':
      return readIntOrString(reader.chunk());
    case 'T':
    case 'U':
      return readTime(reader.chunk(), field.kind === 'U');
    case 'D':
      return `${integerField(reader.chunk(), 1) / 1e9}s`;
    case 'E':
      return readStringList(reader.chunk());
    case 'R':
    case 'F':
    case 'J':
      return readRawJson(reader.chunk());
    case '#':
      return readNested(field, reader.chunk(), depth);
  }
}

function readNested(field: FieldShape, bytes: Uint8Array, depth: number): JsonValue {
  if (field.message.startsWith('apiextensions.v1.JSONSchemaPropsOr'))
    return readSchemaUnion(field.message, bytes, depth + 1);
  const shape = typeShape(field.message);
  return shape === undefined ? {} : readMessage(shape, bytes, depth + 1);
}

/** Messages that hold one of a bool, a schema, or a list, and show in JSON as that alone. */
function readSchemaUnion(message: string, bytes: Uint8Array, depth: number): JsonValue {
  const reader = new WireReader(bytes);
  const schema = typeShape('apiextensions.v1.JSONSchemaProps');
  const isBool = message.endsWith('OrBool');
  let value: JsonValue = isBool ? false : null;
  let isSchema = false;
  const list: JsonValue[] = [];
  while (!reader.done) {
    const { number, wireType } = reader.tag();
    if (isBool && number === 1 && wireType === VARINT) {
      const allowed = reader.varint() !== 0n;
      if (!isSchema) value = allowed;
    } else if (wireType === BYTES && number === 2 && message.endsWith('OrStringArray')) {
      list.push(reader.text());
    } else if (wireType === BYTES && schema !== undefined) {
      const decoded = readMessage(schema, reader.chunk(), depth);
      if (!isBool && number === 2) list.push(decoded);
      else {
        value = decoded;
        isSchema = true;
      }
    } else {
      reader.skip(wireType);
    }
  }
  return list.length > 0 ? list : value;
}

function readIntOrString(bytes: Uint8Array): JsonValue {
  const reader = new WireReader(bytes);
  let isText = false;
  let number = 0;
  let text = '';
  while (!reader.done) {
    const tag = reader.tag();
    if (tag.number === 1 && tag.wireType === VARINT) isText = reader.varint() === 1n;
    else if (tag.number === 2 && tag.wireType === VARINT) number = reader.integer();
    else if (tag.number === 3 && tag.wireType === BYTES) text = reader.text();
    else reader.skip(tag.wireType);
  }
  return isText ? text : number;
}

function readTime(bytes: Uint8Array, micro: boolean): JsonValue {
  if (bytes.length === 0) return null;
  const seconds = integerField(bytes, 1);
  const nanos = integerField(bytes, 2);
  // Go's zero time is the year 1.
  if (seconds === -62135596800 && nanos === 0) return null;
  const date = new Date(seconds * 1000);
  if (Number.isNaN(date.getTime())) throw new SchemaError('proto: time out of range');
  const text = date.toISOString().slice(0, 19);
  return micro ? `${text}.${String(Math.floor(nanos / 1000)).padStart(6, '0')}Z` : `${text}Z`;
}

function readStringList(bytes: Uint8Array): JsonValue {
  const reader = new WireReader(bytes);
  const items: string[] = [];
  while (!reader.done) {
    const { number, wireType } = reader.tag();
    if (number === 1 && wireType === BYTES) items.push(reader.text());
    else reader.skip(wireType);
  }
  return items;
}

function readRawJson(bytes: Uint8Array): JsonValue {
  const reader = new WireReader(bytes);
  let raw = '';
  while (!reader.done) {
    const { number, wireType } = reader.tag();
    if (number === 1 && wireType === BYTES) raw = utf8.decode(reader.chunk());
    else reader.skip(wireType);
  }
  return raw === '' ? null : parseJson(raw).value;
}

function textField(bytes: Uint8Array): string {
  const reader = new WireReader(bytes);
  let text = '';
  while (!reader.done) {
    const { number, wireType } = reader.tag();
    if (number === 1 && wireType === BYTES) text = reader.text();
    else reader.skip(wireType);
  }
  return text;
}

function integerField(bytes: Uint8Array, wanted: number): number {
  const reader = new WireReader(bytes);
  let value = 0;
  while (!reader.done) {
    const { number, wireType } = reader.tag();
    if (number === wanted && wireType === VARINT) value = reader.integer();
    else reader.skip(wireType);
  }
  return value;
}

function encodeBase64(bytes: Uint8Array): string {
  let binary = '';
  for (let start = 0; start < bytes.length; start += 0x8000) {
    binary += String.fromCharCode(...bytes.subarray(start, start + 0x8000));
  }
  return btoa(binary);
}
