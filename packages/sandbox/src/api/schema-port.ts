import type { JsonObject, JsonValue } from '../store/json-value.ts';
import type { GroupVersionKind, ResourceDefinition } from './resource-definition.ts';
import type { FieldCause } from './status-error.ts';

/** A custom resource's schema, compiled once per definition version. */
export interface CustomResourceSchema {
  /** Drops what the schema does not know and names it (`spec.zzz`). */
  prune(object: JsonObject): { readonly object: JsonObject; readonly unknownFields: readonly string[] };
  applyDefaults(object: JsonObject): JsonObject;
  /** Problems in the server's order; `old` enables transition rules. */
  validate(object: JsonObject, old?: JsonObject): readonly FieldCause[];
}

/** Outcome of a server-side apply: the object with its managed fields, or a Status for a conflict. */
export interface ApplyInput {
  readonly live: JsonObject | undefined;
  readonly config: JsonObject;
  readonly kind: GroupVersionKind;
  readonly schema: JsonObject | undefined;
  readonly manager: string;
  readonly force: boolean;
  readonly subresource: string;
  readonly now: Date;
}

/** Input of managed-fields bookkeeping for every write that is not an apply. */
export interface ManagedFieldsInput {
  readonly before: JsonObject | undefined;
  readonly after: JsonObject;
  readonly kind: GroupVersionKind;
  readonly schema: JsonObject | undefined;
  readonly manager: string;
  readonly subresource: string;
  readonly now: Date;
}

/** A Table to make. */
export interface TableInput {
  readonly definition: ResourceDefinition;
  readonly objects: readonly JsonObject[];
  readonly includeObject: 'None' | 'Metadata' | 'Object';
  /** ListMeta of the table. */
  readonly metadata: JsonObject;
  /** False prints `columnDefinitions: null` (all but the first event of a watch). */
  readonly withColumns: boolean;
  readonly now: Date;
}

/**
 * What the API server needs to know about types. The schema room implements it; the functions throw
 * `StatusError`s with the real server's texts.
 */
export interface SchemaPort {
  /** `k8s\0` envelope. */
  decodeProtobuf(body: Uint8Array): { apiVersion: string; kind: string; object: JsonObject };
  /** JSON text with Go's error texts; members given twice by path. */
  parseJson(text: string): { value: JsonValue; duplicateFields: readonly string[] };
  /** YAML text as JSON. */
  parseYaml(text: string): { value: JsonValue; duplicateFields: readonly string[] };
  /** What Go's typed decode and encode leave of a built-in object, and the fields it did not know, by path. */
  decodeTyped(kind: GroupVersionKind, object: JsonObject): { object: JsonObject; unknownFields: readonly string[] };
  applyDefaults(kind: GroupVersionKind, object: JsonObject): JsonObject;
  applyJsonPatch(document: JsonObject, patch: JsonValue): JsonObject;
  applyMergePatch(document: JsonObject, patch: JsonValue): JsonObject;
  applyStrategicMergePatch(kind: GroupVersionKind, document: JsonObject, patch: JsonValue): JsonObject;
  serverSideApply(input: ApplyInput): JsonObject;
  updateManagedFields(input: ManagedFieldsInput): JsonObject;
  toTable(input: TableInput): JsonObject;
  /** Index of `/openapi/v3`: group version path → URL with hash. */
  openapiIndex(definitions: readonly ResourceDefinition[]): JsonObject;
  /** One OpenAPI v3 document, for example of `apis/apps/v1`. */
  openapiDocument(path: string, definitions: readonly ResourceDefinition[]): JsonObject | undefined;
  compileCustomResourceSchema(crd: JsonObject, version: JsonObject): CustomResourceSchema;
}
