export type { CelLibrary } from './declare/library.ts';
export {
  type CompileResult,
  createEnvironment,
  type Environment,
  type EnvironmentOptions,
} from './environment/environment.ts';
export type { Activation, CelProgram, EvaluateOptions, Evaluation } from './environment/program.ts';
export {
  type AuthorizationDecision,
  type AuthorizationQuestion,
  type AuthorizerHost,
  createAuthorizer,
} from './kubernetes/authorizer-library.ts';
export {
  createKubernetesEnvironment,
  createMatchConditionEnvironment,
  kubernetesLibraries,
} from './kubernetes/kubernetes-environment.ts';
export {
  type AdmissionPolicyEnvironment,
  type AdmissionPolicyNames,
  createAdmissionPolicyEnvironment,
  VARIABLES,
} from './kyverno/admission-policy-environment.ts';
export type { CelHost } from './kyverno/cel-host.ts';
export { createKyvernoEnvironment, type KyvernoDialect } from './kyverno/kyverno-environment.ts';
export { LazyRecord } from './kyverno/lazy-record.ts';
export { extensionLibraries } from './library/extensions.ts';
export { type CelIssue, formatIssues } from './syntax/source.ts';
export { CelError } from './values/cel-error.ts';
export * as celTypes from './values/cel-type.ts';
export type { CelResult, CelValue } from './values/cel-value.ts';
export { toJson } from './values/to-json.ts';
export { typeOf } from './values/type-of.ts';
