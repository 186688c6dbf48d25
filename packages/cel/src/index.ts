export { declareFunction, member, overload, withHost } from './declare/function-declaration.ts';
export type { CelLibrary } from './declare/library.ts';
export { declareType, type TypeDeclaration } from './declare/type-declaration.ts';
export {
  type CompileResult,
  createEnvironment,
  type Environment,
  type EnvironmentOptions,
} from './environment/environment.ts';
export {
  type Activation,
  type CelProgram,
  type EvaluateOptions,
  type Evaluation,
  readVariable,
  type VariableRecord,
  VariableSource,
} from './environment/program.ts';
export { ADMISSION_REQUEST, admissionTypes, NAMESPACE } from './kubernetes/admission-types.ts';
export {
  AUTHORIZER,
  type AuthorizationDecision,
  type AuthorizationQuestion,
  type AuthorizerHost,
  createAuthorizer,
} from './kubernetes/authorizer-library.ts';
export {
  createKubernetesEnvironment,
  createMatchConditionEnvironment,
} from './kubernetes/kubernetes-environment.ts';
export {
  type AdmissionPolicyEnvironment,
  type AdmissionPolicyNames,
  createAdmissionPolicyEnvironment,
  VARIABLES,
} from './kyverno/admission-policy-environment.ts';
export {
  AUTHORIZATION_TYPES,
  type AuthorizationMode,
  type AuthorizationVerdict,
  readCheckRequest,
  readVerdict,
} from './kyverno/authorization/check-request.ts';
export type {
  CelHost,
  GroupVersionResource,
  HttpCall,
  HttpResponse,
  JwsQuestion,
  ResourceAddress,
} from './kyverno/cel-host.ts';
export { withDoubles } from './kyverno/data-libraries.ts';
export { createKyvernoEnvironment, type KyvernoDialect } from './kyverno/kyverno-environment.ts';
export { LazyRecord } from './kyverno/lazy-record.ts';
export { CelStruct, checkObjectNames } from './kyverno/patch-types.ts';
export { type CelIssue, formatIssues } from './syntax/source.ts';
export { CelError } from './values/cel-error.ts';
export { CelRecord } from './values/cel-object.ts';
export * as celTypes from './values/cel-type.ts';
export type { CelResult, CelValue } from './values/cel-value.ts';
export { CelTimestamp } from './values/time.ts';
export { toJson } from './values/to-json.ts';
export { typeOf } from './values/type-of.ts';
