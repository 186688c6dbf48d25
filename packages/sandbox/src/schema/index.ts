export type { ApplyConflict } from './apply/apply-conflict.ts';
export { type ManagedFieldsInput, updateManagedFields } from './apply/managed-fields.ts';
export { type ApplyInput, type ApplyResult, serverSideApply } from './apply/server-side-apply.ts';
export { BUILTIN_RESOURCES, type BuiltinResource, type BuiltinSubresource } from './builtin/resources.ts';
export {
  type CompiledSchema,
  type CompileRules,
  compileCustomResourceSchema,
  type ValidationRules,
} from './custom/compile-schema.ts';
export { definitionStatus } from './custom/definition-status.ts';
export type { Pruned } from './custom/prune.ts';
export { validateDefinition } from './custom/validate-definition.ts';
export { applyDefaults } from './defaults/apply-defaults.ts';
export type { JsonObject, JsonValue } from './json/json-value.ts';
export { type ParsedJson, parseJson } from './json/parse-json.ts';
export {
  duplicateCause,
  forbiddenCause,
  invalidCause,
  invalidMessage,
  notSupportedCause,
  requiredCause,
  tooLongCause,
  tooManyCause,
  typeInvalidCause,
} from './model/field-cause.ts';
export { apiVersionOf, type GroupVersionKind, parseApiVersion } from './model/group-version-kind.ts';
export { SchemaError, type SchemaErrorReason } from './model/schema-error.ts';
export type { StatusCause } from './model/status-cause.ts';
export { openapiDocument, openapiIndex } from './openapi/openapi-document.ts';
export type { OpenApiResource } from './openapi/resource-paths.ts';
export { applyJsonPatch, JsonPatchError, runJsonPatch } from './patch/json-patch.ts';
export { applyMergePatch } from './patch/merge-patch.ts';
export { applyStrategicMergePatch } from './patch/strategic-merge-patch.ts';
export { humanDuration } from './table/age.ts';
export { compileJsonPath } from './table/json-path.ts';
export { printerColumnsOf, type TableInput, toTable } from './table/to-table.ts';
export { decodeProtobuf, type ProtobufObject } from './typed/decode-protobuf.ts';
export {
  type DecodeOptions,
  decodeStrict,
  fieldWarnings,
  parseYaml,
  type StrictDecoding,
  strictDecodingError,
  typedRoundTrip,
} from './typed/decode-strict.ts';
export { goValueName } from './typed/read-typed.ts';
export {
  labelCauses,
  nameRule,
  validateMetadata,
  validateMetadataUpdate,
  validateObjectMeta,
} from './validation/metadata.ts';
export {
  dns1035LabelProblems,
  dns1123LabelProblems,
  dns1123SubdomainProblems,
  labelValueProblems,
  pathSegmentProblems,
  qualifiedNameProblems,
} from './validation/name-syntax.ts';
export { validateBuiltin } from './validation/validate-builtin.ts';
