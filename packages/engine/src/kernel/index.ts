export { DIAGNOSTIC_CODES, type DiagnosticCode } from './diagnostics/codes.ts';
export { type Diagnostic, formatDiagnostic, isError, type SourceRange } from './diagnostics/diagnostic.ts';
export { formatDuration, parseDuration } from './duration.ts';
export { EvaluationError } from './evaluation-error.ts';
export type { EngineHost, TokenSignature } from './host.ts';
export {
  DEFAULT_IMAGE_SETTINGS,
  type ImageReference,
  type ImageReferenceSettings,
  parseImageReference,
} from './image-reference.ts';
export {
  defineMember,
  isEqualJson,
  isJsonArray,
  isJsonObject,
  type Json,
  type JsonArray,
  type JsonObject,
  member,
  memberAt,
  withMember,
} from './json.ts';
export {
  applyJsonPatch,
  diffJson,
  type JsonPatchOptions,
  type PatchOperation,
  parseJsonPatch,
} from './json-patch.ts';
export {
  appendDocumentPath,
  escapePointerSegment,
  type JsonPathSegment,
  parseDocumentPath,
  parseJsonPointer,
  toDocumentPath,
  toJsonPointer,
} from './json-path.ts';
export { jsonSize } from './json-size.ts';
export { isModestJson } from './modest-json.ts';
export { compileRegExp, type Regexp } from './regexp.ts';
export { compareSemver, inRange, parseSemver, type SemanticVersion } from './semver.ts';
export { compileWildcard, hasWildcard, matchWildcard } from './wildcard.ts';
