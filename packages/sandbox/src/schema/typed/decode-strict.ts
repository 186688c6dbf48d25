import { parseDocument } from 'yaml';
import { isJsonObject, isWithinDepth, type JsonObject, type JsonValue, stringMember } from '../json/json-value.ts';
import { parseJson } from '../json/parse-json.ts';
import { type GroupVersionKind, parseApiVersion } from '../model/group-version-kind.ts';
import { SchemaError } from '../model/schema-error.ts';
import { readTyped } from './read-typed.ts';
import { kindShape } from './type-shape.ts';

export interface StrictDecoding {
  readonly object: JsonObject;
  /** Paths such as `spec.containers[0].zzz`. For kinds without a type table: empty, see the custom resource's `prune`. */
  readonly unknownFields: readonly string[];
  readonly duplicateFields: readonly string[];
}

export interface DecodeOptions {
  readonly format?: 'json' | 'yaml';
  /** Kind the request is about, for the text of an unreadable body. */
  readonly expectedKind?: string;
}

const MAX_SHOWN_BODY = 1024;

/**
 * Decodes a request body. Built-in kinds come back as their typed round trip (see `typedRoundTrip`); other kinds as written.
 * The kind is `gvk`, or what the body says when `gvk` is not given.
 *
 * @throws SchemaError with the API server's text: `the object provided is unrecognized …` for a syntax error,
 * `Pod in version "v1" cannot be handled as a Pod: json: cannot unmarshal …` for a wrong type.
 */
export function decodeStrict(text: string, gvk?: GroupVersionKind, options: DecodeOptions = {}): StrictDecoding {
  const { value, duplicateFields } = parseBody(text, gvk?.kind ?? options.expectedKind ?? '', options.format ?? 'json');
  const kind = gvk ?? bodyKind(value);
  const shape = kindShape(kind);
  if (shape === undefined) return { object: value, unknownFields: [], duplicateFields };
  const unknownFields: string[] = [];
  try {
    return { object: readTyped(shape, value, { unknownFields }), unknownFields, duplicateFields };
  } catch (error) {
    if (error instanceof SchemaError) throw new SchemaError(`${cannotBeHandled(kind)}: ${error.message}`);
    throw error;
  }
}

/** What Go's typed decoding and encoding leaves of an object; an object of an unknown kind comes back as it is. */
export function typedRoundTrip(gvk: GroupVersionKind, object: JsonObject): JsonObject {
  const shape = kindShape(gvk);
  if (shape === undefined) return object;
  if (!isWithinDepth(object)) throw new SchemaError('exceeded max depth');
  return readTyped(shape, object, { unknownFields: [] });
}

/** The 400 text of `fieldValidation=Strict`; `undefined` for a clean document. */
export function strictDecodingError(gvk: GroupVersionKind, decoding: StrictDecoding): string | undefined {
  const texts = fieldWarnings(decoding);
  return texts.length === 0 ? undefined : `${cannotBeHandled(gvk)}: strict decoding error: ${texts.join(', ')}`;
}

/** The texts of `fieldValidation=Warn`, one `Warning` header each. */
export function fieldWarnings(decoding: Pick<StrictDecoding, 'unknownFields' | 'duplicateFields'>): string[] {
  return [
    ...decoding.unknownFields.map((path) => `unknown field ${JSON.stringify(path)}`),
    ...decoding.duplicateFields.map((path) => `duplicate field ${JSON.stringify(path)}`),
  ];
}

function cannotBeHandled(gvk: GroupVersionKind): string {
  return `${gvk.kind} in version ${JSON.stringify(gvk.version)} cannot be handled as a ${gvk.kind}`;
}

function bodyKind(value: JsonObject): GroupVersionKind {
  return { ...parseApiVersion(stringMember(value, 'apiVersion')), kind: stringMember(value, 'kind') };
}

function parseBody(
  text: string,
  kind: string,
  format: 'json' | 'yaml',
): { value: JsonObject; duplicateFields: readonly string[] } {
  const parsed = attempt(text, kind, format);
  if (!isJsonObject(parsed.value)) {
    const form = Array.isArray(parsed.value)
      ? 'array'
      : typeof parsed.value === 'boolean'
        ? 'bool'
        : typeof parsed.value;
    throw unrecognized(
      text,
      kind,
      `couldn't get version/kind; json parse error: json: cannot unmarshal ${form} into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }`,
    );
  }
  return { value: parsed.value, duplicateFields: parsed.duplicateFields };
}

function attempt(text: string, kind: string, format: 'json' | 'yaml') {
  if (format === 'yaml') return parseYaml(text);
  try {
    return parseJson(text);
  } catch (error) {
    if (error instanceof SchemaError) {
      throw unrecognized(text, kind, `couldn't get version/kind; json parse error: ${error.message}`);
    }
    throw error;
  }
}

function unrecognized(text: string, kind: string, why: string): SchemaError {
  const shown = text === '' ? '<empty>' : text.length > MAX_SHOWN_BODY ? `${text.slice(0, MAX_SHOWN_BODY)} ...` : text;
  const expected = kind === '' ? '' : ` (must be of type ${kind})`;
  return new SchemaError(`the object provided is unrecognized${expected}: ${why} (${shown})`);
}

/** Parses YAML into JSON values; keys become strings. Keys given twice are reported by name, as the server does. */
export function parseYaml(text: string): { value: JsonValue; duplicateFields: readonly string[] } {
  try {
    const document = parseDocument(text, { uniqueKeys: false, schema: 'core', logLevel: 'silent' });
    const problem = document.errors[0];
    if (problem !== undefined)
      throw new SchemaError(`error converting YAML to JSON: yaml: ${firstLine(problem.message)}`);
    // Values pass through JSON text so that dates, big integers and other YAML values become plain JSON.
    const value = parseJson(JSON.stringify(document.toJS({ maxAliasCount: 100 }) ?? null)).value;
    return { value, duplicateFields: [] };
  } catch (error) {
    if (error instanceof SchemaError) throw error;
    throw new SchemaError('error converting YAML to JSON: yaml: document is too deep or refers to itself');
  }
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? '';
}
