import type { SourceRange } from '../kernel/diagnostics/diagnostic.ts';
import type { JsonObject } from '../kernel/json.ts';
import type { PatchOperation } from '../kernel/json-patch.ts';
import type { BypassOutcome } from './bypass.ts';
import type { Phase } from './compiled-policy.ts';

export type RuleStatus = 'pass' | 'fail' | 'warn' | 'error' | 'skip';
export type RuleType = 'Validation' | 'Mutation' | 'Generation' | 'ImageVerify' | 'Deletion';
export type FailureAction = 'Audit' | 'Enforce';
export type FailurePolicy = 'Fail' | 'Ignore';

export interface PolicyRef {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
}

/** `namespace/name`, or `name` for cluster policies: Kyverno's policy key. */
export function policyKey(ref: PolicyRef): string {
  return ref.namespace ? `${ref.namespace}/${ref.name}` : ref.name;
}

/** A policy in CEL: one of policies.kyverno.io, or one of Kubernetes' own. */
export function isCelPolicy({ apiVersion }: PolicyRef): boolean {
  return apiVersion.startsWith('policies.kyverno.io/') || apiVersion.startsWith('admissionregistration.k8s.io/');
}

export interface ResourceRef {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid?: string;
}

/** `kind/namespace/name`: tells policies of all kinds apart, which may share names. */
export function policyId(ref: PolicyRef): string {
  let id = policyIds.get(ref);
  if (id === undefined) {
    const { kind, namespace = '', name } = ref;
    id = `${kind}/${namespace}/${name}`;
    policyIds.set(ref, id);
  }
  return id;
}

/** Each request asks for those of all its policies; the same text each time is found faster in maps as well. */
const policyIds = new WeakMap<PolicyRef, string>();

export interface RuleResult {
  readonly rule: string;
  readonly type: RuleType;
  readonly status: RuleStatus;
  readonly message: string;
  /** What a failure means for this request: overrides by namespace are already applied. */
  readonly action: FailureAction;
  /** Where in the resource it failed, as `/spec/containers/0/image/`. */
  readonly path?: string;
  /** Keys (`namespace/name`) of the exceptions that made it `skip`. */
  readonly exceptions?: readonly string[];
  /** Goes into the report as it is. */
  readonly properties?: Readonly<Record<string, string>>;
  /** Whether it is told to the user as a warning when the request is allowed. */
  readonly emitWarning?: boolean;
  /** What was verified about images; for the annotation and for `explain`. */
  readonly images?: readonly ImageResult[];
  /** What an ImageValidatingPolicy verified and what it requires: settled with those of the request's other policies. */
  readonly claims?: ImageClaims;
  /** Machine-readable cause, e.g. an `EvidenceReason`. */
  readonly reason?: string;
  /** The rule in the policy's source. */
  readonly source?: SourceRange;
}

/** Images as they are written in the resource. */
export interface ImageClaims {
  /** The digests that were verified. */
  readonly verified: Readonly<Record<string, string>>;
  /** Those that were asked about and not verified. */
  readonly refused: readonly string[];
  /** Those that some policy of the request must have verified. */
  readonly required: readonly string[];
  /** Those that could not be verified at this moment, and need not be: the update changes none. */
  readonly excused?: readonly string[];
}

export interface ImageResult {
  /** The reference as the annotation names it: with the digest once known. */
  readonly image: string;
  readonly status: 'pass' | 'fail' | 'skip';
  readonly digest?: string;
  /** JSON pointer of the field in the resource. */
  readonly pointer: string;
}

export type { PatchOperation };

/** What a decision asks of the world. Only shells apply effects. */
export type Effect =
  | { readonly kind: 'patch'; readonly operations: readonly PatchOperation[] }
  | {
      readonly kind: 'create' | 'update';
      readonly resource: JsonObject;
      /** The rule that asks for it. */
      readonly rule?: string;
      /** Of `create`: an object that is there already is made like this one. */
      readonly synchronize?: boolean;
      /** It is applied on the server: fields of others stay. */
      readonly serverSideApply?: boolean;
      /** Of `update`: the part of the object that is written. */
      readonly subresource?: string;
    }
  | { readonly kind: 'delete'; readonly target: ResourceRef }
  | { readonly kind: 'annotate'; readonly annotations: Readonly<Record<string, string | null>> }
  | { readonly kind: 'event'; readonly reason: string; readonly message: string };

/** One step of the explanation, recorded only when asked for. */
export interface TraceStep {
  readonly rule: string;
  readonly step: 'match' | 'exclude' | 'exception' | 'context' | 'precondition' | 'evidence' | 'check' | 'result';
  readonly outcome: 'yes' | 'no' | 'error' | 'info';
  readonly detail: string;
  readonly path?: string;
}

/**
 * How a decision takes part in the admission answer (the classes of Kyverno's policy cache): `enforce` can block,
 * `warn` can only add warnings, `audit` is for reports and may be computed after replying.
 */
export type Standing = 'enforce' | 'warn' | 'audit';

/** The outcome of one policy for one request. Plain JSON: storable and comparable. */
export interface Decision {
  readonly policy: PolicyRef;
  readonly phase: Phase;
  readonly standing: Standing;
  readonly resource: ResourceRef;
  readonly failurePolicy: FailurePolicy;
  readonly results: readonly RuleResult[];
  readonly effects: readonly Effect[];
  /** The resource after this policy's patches; absent when it changed nothing. */
  readonly patched?: JsonObject;
  /** What became of the object's wish to be let past this policy; absent when it has none. */
  readonly bypass?: BypassOutcome;
  readonly trace?: readonly TraceStep[];
}
