import type { AttestorSet, ImageVerificationType } from '../facts/attestor.ts';
import type { SourceRange } from '../kernel/diagnostics/diagnostic.ts';
import type { Json, JsonObject } from '../kernel/json.ts';
import type { CelPolicy } from './cel-policy.ts';
import type { CleanupPolicy } from './cleanup-policy.ts';
import type { FailureAction, FailurePolicy, PolicyRef } from './decision.ts';
import type { Operation } from './request.ts';

/** Maps a JSON path of the document (`spec.rules[0].name`) to its place in the source, when the text is known. */
export type SourceMap = (path: string, offset?: number) => SourceRange | undefined;

/** ClusterPolicy and Policy (kyverno.io/v1, v2beta1), normalised once: defaults applied, old forms converted. */
export interface LegacyPolicy {
  readonly family: 'legacy';
  readonly ref: PolicyRef;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly spec: LegacyPolicySpec;
  /** The document as it was read; autogen rewrites its rules. */
  readonly document: JsonObject;
  readonly sources: SourceMap;
}

export type Policy = LegacyPolicy | CelPolicy | CleanupPolicy;

/** The rules of a ClusterPolicy or Policy; policies of other families have none. */
export function rulesOf(policy: Policy): readonly Rule[] {
  return policy.family === 'legacy' ? policy.spec.rules : [];
}

/** kyverno.io/v2 (v2beta1) PolicyException. Its rules are skipped for what it matches (kyverno-core §2.10). */
export interface PolicyException {
  readonly name: string;
  readonly namespace: string;
  /** `namespace/name`, as results name it. */
  readonly key: string;
  readonly background: boolean;
  readonly match: MatchResources;
  /** `{any, all}`, as written. */
  readonly conditions: Json | undefined;
  readonly exceptions: readonly { readonly policyName: string; readonly ruleNames: readonly string[] }[];
  readonly podSecurity: readonly JsonObject[];
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly document: JsonObject;
  readonly sources: SourceMap;
}

/** A document that is no policy: a resource, a test manifest, a values file. */
export interface LoadedDocument {
  readonly apiVersion: string;
  readonly kind: string;
  readonly object: JsonObject;
  readonly sources: SourceMap;
}

export interface LegacyPolicySpec {
  readonly rules: readonly Rule[];
  readonly applyRules: 'All' | 'One';
  readonly failurePolicy: FailurePolicy;
  readonly failureAction: FailureAction;
  readonly failureActionOverrides: readonly FailureActionOverride[];
  readonly emitWarning: boolean;
  readonly admission: boolean;
  readonly background: boolean;
  readonly timeoutSeconds?: number;
  readonly matchConditions: readonly { readonly name: string; readonly expression: string }[];
}

export interface FailureActionOverride {
  readonly action: FailureAction;
  readonly namespaces: readonly string[];
  readonly namespaceSelector?: LabelSelector;
}

export interface LabelSelector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';
    readonly values?: readonly string[];
  }[];
}

export interface Rule {
  readonly name: string;
  /** JSON path of the rule in its policy, for source positions: `spec.rules[2]`. */
  readonly path: string;
  readonly context: readonly JsonObject[];
  readonly match: MatchResources;
  readonly exclude: MatchResources | undefined;
  readonly imageExtractors: JsonObject | undefined;
  /** `{any, all}` or the legacy list, as written. */
  readonly preconditions: Json | undefined;
  readonly celPreconditions: readonly JsonObject[];
  readonly validate: JsonObject | undefined;
  readonly mutate: JsonObject | undefined;
  readonly generate: JsonObject | undefined;
  readonly verifyImages: readonly ImageVerificationEntry[];
  readonly skipBackgroundRequests: boolean;
  readonly reportProperties: Readonly<Record<string, string>>;
}

export interface MatchResources {
  readonly any: readonly ResourceFilter[];
  readonly all: readonly ResourceFilter[];
  /** The legacy inline block, when neither `any` nor `all` is given. */
  readonly inline: ResourceFilter | undefined;
}

export interface ResourceFilter {
  readonly kinds: readonly string[];
  readonly name: string | undefined;
  readonly names: readonly string[];
  readonly namespaces: readonly string[];
  readonly annotations: Readonly<Record<string, string>>;
  readonly selector: LabelSelector | undefined;
  readonly namespaceSelector: LabelSelector | undefined;
  readonly operations: readonly Operation[];
  readonly subjects: readonly { readonly kind: string; readonly name: string; readonly namespace?: string }[];
  readonly roles: readonly string[];
  readonly clusterRoles: readonly string[];
}

/** One entry of `verifyImages`, with Kyverno's defaults applied (kyverno-core §3.9). */
export interface ImageVerificationEntry {
  readonly type: ImageVerificationType;
  readonly imageReferences: readonly string[];
  readonly skipImageReferences: readonly string[];
  readonly failureAction: FailureAction | undefined;
  readonly attestors: readonly AttestorSet[];
  readonly attestations: readonly {
    readonly name?: string;
    readonly type: string;
    readonly attestors: readonly AttestorSet[];
    readonly conditions: readonly Json[];
  }[];
  readonly annotations: Readonly<Record<string, string>>;
  readonly repository: string | undefined;
  readonly cosignOCI11: boolean;
  readonly mutateDigest: boolean;
  readonly verifyDigest: boolean;
  readonly required: boolean;
  readonly useCache: boolean;
  readonly imageRegistryCredentials: {
    readonly allowInsecureRegistry: boolean;
    readonly providers: readonly string[];
    readonly secrets: readonly string[];
  };
  readonly validate: JsonObject | undefined;
}
