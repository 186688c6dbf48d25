import type { JsonObject } from '../kernel/json.ts';
import type { FailurePolicy, PolicyRef } from './decision.ts';
import type { LabelSelector, SourceMap } from './policy.ts';
import type { Operation } from './request.ts';

/** The kinds in CEL, without `Namespaced`: a policy's `ref.namespace` tells that. */
export type CelPolicyKind =
  | 'ValidatingPolicy'
  | 'MutatingPolicy'
  | 'GeneratingPolicy'
  | 'DeletingPolicy'
  | 'ImageValidatingPolicy'
  | 'ValidatingAdmissionPolicy'
  | 'MutatingAdmissionPolicy';

/** A policy of policies.kyverno.io, in any served version, or one of Kubernetes' own (kyverno-cel §1). */
export interface CelPolicy {
  readonly family: 'cel';
  readonly kind: CelPolicyKind;
  readonly ref: PolicyRef;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly spec: CelPolicySpec;
  /** The document as it was read; autogen rewrites its spec. */
  readonly document: JsonObject;
  readonly sources: SourceMap;
}

/** What the kinds have in common, defaults applied. Parts of one kind are read from `written` by its folder. */
export interface CelPolicySpec {
  readonly matchConstraints: MatchConstraints | undefined;
  readonly matchConditions: readonly NamedExpression[];
  readonly variables: readonly NamedExpression[];
  readonly failurePolicy: FailurePolicy;
  readonly timeoutSeconds?: number;
  /** `Kubernetes` unless the policy is about payloads: `JSON`, `Envoy`, `HTTP`. */
  readonly mode: string;
  readonly admission: boolean;
  readonly background: boolean;
  /** `Deny`, `Warn`, `Audit`; `[Deny]` when none is written. */
  readonly validationActions: readonly string[];
  /** Controllers that autogen covers; `undefined` for all. */
  readonly autogenControllers: readonly string[] | undefined;
  readonly written: JsonObject;
}

/** `{name, expression}`. */
export interface NamedExpression {
  readonly name: string;
  readonly expression: string;
}

/** Kubernetes' MatchResources. */
export interface MatchConstraints {
  readonly resourceRules: readonly ResourceRule[];
  readonly excludeResourceRules: readonly ResourceRule[];
  readonly namespaceSelector: LabelSelector | undefined;
  readonly objectSelector: LabelSelector | undefined;
}

export interface ResourceRule {
  readonly apiGroups: readonly string[];
  readonly apiVersions: readonly string[];
  readonly operations: readonly (Operation | '*')[];
  /** Plurals: `pods`, `pods/log`, `*`, `*\/*`. */
  readonly resources: readonly string[];
  readonly resourceNames: readonly string[];
  readonly scope: '*' | 'Namespaced' | 'Cluster';
}

/** A PolicyException of policies.kyverno.io (kyverno-cel §1.8). */
export interface CelPolicyException {
  readonly name: string;
  readonly namespace: string;
  /** `namespace/name`, as results name it. */
  readonly key: string;
  readonly policyRefs: readonly { readonly name: string; readonly kind: string }[];
  readonly matchConditions: readonly NamedExpression[];
  /** Not empty: the exception is partial, and these are `exceptions.allowedImages`. */
  readonly images: readonly string[];
  readonly allowedValues: readonly string[];
  readonly reportResult: 'skip' | 'pass';
  /** Milliseconds since the epoch. */
  readonly expiresAt: number | undefined;
  /** `polex.kyverno.io/priority`; 0 without. */
  readonly priority: number;
  readonly document: JsonObject;
  readonly sources: SourceMap;
}

/** A ValidatingAdmissionPolicyBinding or MutatingAdmissionPolicyBinding. */
export interface AdmissionPolicyBinding {
  readonly kind: 'ValidatingAdmissionPolicyBinding' | 'MutatingAdmissionPolicyBinding';
  readonly name: string;
  readonly policyName: string;
  readonly matchResources: MatchConstraints | undefined;
  readonly paramRef: JsonObject | undefined;
  readonly validationActions: readonly string[];
  readonly document: JsonObject;
  readonly sources: SourceMap;
}
