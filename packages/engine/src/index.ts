export { type BypassJudgeOptions, createBypassJudge } from './bypass/create-bypass-judge.ts';
export { createEngine } from './compile/create-engine.ts';
export type { Compilation, CompileOptions, Engine, EngineOptions, ImageDefaults } from './compile/engine.ts';
export { type DecideOptions, decide, decideAtOnce } from './evaluate/decide.ts';
export { type EvaluateOptions, type Evaluation, evaluate } from './evaluate/evaluate.ts';
export { expectAgain } from './evaluate/joint-plan.ts';
export { createPolicyIndex, type PolicyIndex } from './evaluate/policy-index.ts';
export { settleImages } from './evaluate/settle-images.ts';
export { findRequestProblem } from './lang/cel/check-request.ts';
export {
  compileJmesPath,
  isJmesPathDiagnostic,
  type JmesPathDiagnostic,
  type JmesPathExpression,
} from './lang/jmespath/compile-jmespath.ts';
export { describeFunctions, type FunctionDescription } from './lang/jmespath/describe-functions.ts';
export { parseJmesPath } from './lang/jmespath/parser.ts';
export type { SyntaxNode } from './lang/jmespath/syntax-tree.ts';
export { SyntaxFailure } from './lang/jmespath/token.ts';
export { failureOfCall, toCallRequest } from './lang/variables/context/call-request.ts';
export type { LoadOptions } from './load/load-options.ts';
export {
  type LoadedObject,
  type LoadedPolicies,
  loadDocument,
  loadPolicies,
  loadPolicy,
} from './load/load-policies.ts';
export { flattenList, type ReadDocuments, readDocuments, type TextDocument } from './load/read-documents.ts';
export { deprecationWarning } from './load/semantics/deprecations.ts';
export { compileExcludedUsers, type ExcludedUsers } from './match/excluded-users.ts';
export { parseKindSelector } from './match/kind-selector.ts';
export { guessPlural } from './match/match-constraints.ts';
export { compileResourceFilters, type RequestPredicate } from './match/resource-filters.ts';
export { type RequestSurroundings, toRequest } from './model/admission-request.ts';
export { type BypassGrant, type BypassJudge, type BypassOutcome, SKIP_ANNOTATION } from './model/bypass.ts';
export type { AdmissionPolicyBinding, CelPolicy, CelPolicyException, CelPolicyKind } from './model/cel-policy.ts';
export type {
  CompiledPolicy,
  CompiledRule,
  Phase,
  PolicyWebhook,
  ResourceSelector,
} from './model/compiled-policy.ts';
export {
  type Decision,
  type Effect,
  type FailureAction,
  type FailurePolicy,
  type ImageResult,
  type PatchOperation,
  type PolicyRef,
  policyId,
  policyKey,
  type ResourceRef,
  type RuleResult,
  type RuleStatus,
  type RuleType,
  type Standing,
  type TraceStep,
} from './model/decision.ts';
export { type LoadedDocument, type Policy, type PolicyException, rulesOf, type SourceMap } from './model/policy.ts';
export {
  type EvaluationRequest,
  type GroupVersionKind,
  type Operation,
  type StandIns,
  toResourceRef,
  type UserInfo,
  withResource,
} from './model/request.ts';
export { type AdmissionResponse, toAdmissionResponse } from './report/admission-response.ts';
export { ALL_RULE_KINDS } from './rules/index.ts';
