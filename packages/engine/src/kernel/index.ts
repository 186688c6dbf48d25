export { DIAGNOSTIC_CODES, type DiagnosticCode } from './diagnostics/codes.ts';
export { type Diagnostic, formatDiagnostic, isError, type SourceRange } from './diagnostics/diagnostic.ts';
export { EvaluationError } from './evaluation-error.ts';
export type { EngineHost } from './host.ts';
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
