import type { JsonObject, JsonValue } from '../store/json-value.ts';
import { isJsonObject, sortObjectMembers, stringAt } from '../store/json-value.ts';
import type { Cluster } from './cluster.ts';
import { stringDataToData } from './kind-strategies.ts';
import type { WriteOptions } from './request-options.ts';
import type { GroupVersionKind, ResourceDefinition } from './resource-definition.ts';
import { apiVersionOf } from './resource-definition.ts';
import type { RequestBody, ResourceRequest } from './resource-request.ts';
import { badRequest, StatusError, unsupportedMediaType } from './status-error.ts';

/** Media types of request bodies, in the order error texts list them. */
const BODY_MEDIA_TYPES = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf'];
const SUMMARY_LIMIT = 16 * 1024;

/** A decoded document and what was wrong with its fields. */
interface Document {
  readonly object: JsonObject;
  readonly duplicateFields: readonly string[];
}

/**
 * Decodes the body of a create or update as the real server does: format, kind, strict or lenient fields,
 * typed round trip or pruning, defaults.
 */
export function decodeBody(
  cluster: Cluster,
  request: ResourceRequest,
  body: RequestBody,
  options: WriteOptions,
  expected: GroupVersionKind = request.definition,
): JsonObject {
  const document = readDocument(cluster, body, expected.kind);
  const object = withExpectedKind(request.definition, document.object, expected, body);
  return finishDecoding(cluster, request, object, document.duplicateFields, options, expected);
}

/** The part of decoding that patches share: fields, types, pruning, defaults. */
export function finishDecoding(
  cluster: Cluster,
  request: ResourceRequest,
  object: JsonObject,
  duplicateFields: readonly string[],
  options: WriteOptions,
  expected: GroupVersionKind = request.definition,
): JsonObject {
  const { custom } = request.definition;
  if (custom !== undefined && isKindOf(expected, request.definition)) {
    const pruned = custom.schema.prune(object);
    reportFields(request, expected, duplicateFields, pruned.unknownFields, options);
    return sortObjectMembers(custom.schema.applyDefaults(pruned.object));
  }
  const typed = decodeTyped(cluster, expected, object);
  reportFields(request, expected, duplicateFields, typed.unknownFields, options);
  return finishTyped(cluster, expected, typed.object);
}

/** The typed round trip with defaults: what every writer of a built-in object ends up with. */
export function typedObject(cluster: Cluster, kind: GroupVersionKind, object: JsonObject): JsonObject {
  return finishTyped(cluster, kind, decodeTyped(cluster, kind, object).object);
}

function decodeTyped(cluster: Cluster, kind: GroupVersionKind, object: JsonObject) {
  try {
    return cluster.schema.decodeTyped(kind, object);
  } catch (error) {
    if (error instanceof StatusError) {
      throw badRequest(`${cannotBeHandled(kind, kind)}${error.message}`);
    }
    throw error;
  }
}

function finishTyped(cluster: Cluster, kind: GroupVersionKind, typed: JsonObject): JsonObject {
  const named = { ...typed, apiVersion: apiVersionOf(kind), kind: kind.kind };
  const merged = kind.group === '' && kind.kind === 'Secret' ? stringDataToData(named) : named;
  return kindFirst(cluster.schema.applyDefaults(kind, merged));
}

/** Built-in objects print `kind`, `apiVersion`, `metadata` first. */
function kindFirst(object: JsonObject): JsonObject {
  const { kind, apiVersion, metadata, ...rest } = object;
  return {
    ...(kind === undefined ? {} : { kind }),
    ...(apiVersion === undefined ? {} : { apiVersion }),
    ...(metadata === undefined ? {} : { metadata }),
    ...rest,
  };
}

function isKindOf(kind: GroupVersionKind, definition: ResourceDefinition): boolean {
  return kind.kind === definition.kind && kind.group === definition.group;
}

function reportFields(
  request: ResourceRequest,
  expected: GroupVersionKind,
  duplicateFields: readonly string[],
  unknownFields: readonly string[],
  options: WriteOptions,
): void {
  const problems = [
    ...unknownFields.map((path) => `unknown field ${JSON.stringify(path)}`),
    ...duplicateFields.map((path) => `duplicate field ${JSON.stringify(path)}`),
  ];
  if (problems.length === 0 || options.fieldValidation === 'Ignore') {
    return;
  }
  if (options.fieldValidation === 'Strict') {
    throw badRequest(`${cannotBeHandled(expected, expected)}strict decoding error: ${problems.join(', ')}`);
  }
  for (const problem of problems) {
    request.warn(problem);
  }
}

function cannotBeHandled(found: GroupVersionKind, expected: GroupVersionKind): string {
  return `${found.kind} in version ${JSON.stringify(found.version)} cannot be handled as a ${expected.kind}: `;
}

/** Reads the wire format into an object; error texts name the kind that was expected. */
export function readDocument(cluster: Cluster, body: RequestBody, expectedKind: string): Document {
  if (body.kind === 'object') {
    return { object: body.object, duplicateFields: [] };
  }
  switch (body.mediaType) {
    case 'application/vnd.kubernetes.protobuf': {
      const { apiVersion, kind, object } = cluster.schema.decodeProtobuf(body.bytes);
      return { object: { ...object, apiVersion, kind }, duplicateFields: [] };
    }
    case 'application/json':
    case '':
      return readText(cluster, new TextDecoder().decode(body.bytes), expectedKind, 'json');
    case 'application/yaml':
      return readText(cluster, new TextDecoder().decode(body.bytes), expectedKind, 'yaml');
    default:
      throw unsupportedMediaType(BODY_MEDIA_TYPES);
  }
}

function readText(cluster: Cluster, text: string, expectedKind: string, format: 'json' | 'yaml'): Document {
  try {
    const parsed = format === 'json' ? cluster.schema.parseJson(text) : cluster.schema.parseYaml(text);
    if (!isJsonObject(parsed.value)) {
      throw badRequest(
        `json: cannot unmarshal ${jsonTypeOf(parsed.value)} into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }`,
      );
    }
    return { object: parsed.value, duplicateFields: parsed.duplicateFields };
  } catch (error) {
    if (error instanceof StatusError) {
      const kind = format === 'json' ? 'json parse error: ' : '';
      throw unrecognized(expectedKind, `couldn't get version/kind; ${kind}${error.message}`, text);
    }
    throw error;
  }
}

function unrecognized(expectedKind: string, why: string, text: string): StatusError {
  const summary = text === '' ? '<empty>' : text.slice(0, SUMMARY_LIMIT);
  return badRequest(`the object provided is unrecognized (must be of type ${expectedKind}): ${why} (${summary})`);
}

function jsonTypeOf(value: JsonValue): string {
  return value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value;
}

function withExpectedKind(
  definition: ResourceDefinition,
  object: JsonObject,
  expected: GroupVersionKind,
  body: RequestBody,
): JsonObject {
  const apiVersion = stringAt(object, 'apiVersion');
  const kind = stringAt(object, 'kind');
  if (definition.custom !== undefined) {
    if (kind === '' && body.kind === 'bytes') {
      throw unrecognized(
        expected.kind,
        `Object 'Kind' is missing in '${JSON.stringify(object)}'`,
        new TextDecoder().decode(body.bytes),
      );
    }
    if (apiVersion !== '' && apiVersion !== apiVersionOf(expected)) {
      throw badRequest(
        `the API version in the data (${apiVersion}) does not match the expected API version (${apiVersionOf(expected)})`,
      );
    }
    return { ...object, apiVersion: apiVersionOf(expected), kind: kind === '' ? expected.kind : kind };
  }
  const [group, version] = apiVersion.includes('/') ? splitOnce(apiVersion) : ['', apiVersion];
  if ((kind !== '' && kind !== expected.kind) || (apiVersion !== '' && group !== expected.group)) {
    const found = { group, version, kind: kind === '' ? expected.kind : kind };
    throw badRequest(
      `${cannotBeHandled(found, expected)}no kind ${JSON.stringify(found.kind)} is registered for version ${JSON.stringify(apiVersion)} in scheme "pkg/api/legacyscheme/scheme.go:30"`,
    );
  }
  if (apiVersion !== '' && apiVersion !== apiVersionOf(expected)) {
    throw badRequest(
      `the API version in the data (${apiVersion}) does not match the expected API version (${apiVersionOf(expected)})`,
    );
  }
  return { ...object, apiVersion: apiVersionOf(expected), kind: expected.kind };
}

function splitOnce(apiVersion: string): readonly [string, string] {
  const slash = apiVersion.indexOf('/');
  return [apiVersion.slice(0, slash), apiVersion.slice(slash + 1)];
}
