import type { FactKind } from '../facts/fact-request.ts';
import type { Diagnostic } from '../kernel/diagnostics/diagnostic.ts';
import type { EngineHost } from '../kernel/host.ts';
import type { ImageReferenceSettings } from '../kernel/image-reference.ts';
import type { JsonObject } from '../kernel/json.ts';
import type { AdmissionPolicyBinding, CelPolicy, CelPolicyException, CelPolicyKind } from '../model/cel-policy.ts';
import type { CleanupPlan } from '../model/cleanup-plan.ts';
import type { CompiledPolicy, CompiledRule, Phase, ResourceSelector } from '../model/compiled-policy.ts';

/** What a kind of policies in CEL is given to compile one of them. */
export interface PolicyCompilation {
  readonly policy: CelPolicy;
  /** Those that name the policy. */
  readonly exceptions: readonly CelPolicyException[];
  /** Those of the policy, for Kubernetes' own kinds. */
  readonly bindings: readonly AdmissionPolicyBinding[];
  readonly host: EngineHost;
  readonly report: (diagnostic: Diagnostic) => void;
  /** How image references are completed; Docker Hub's when absent. */
  readonly images?: ImageReferenceSettings;
}

/** A policy as its kind compiled it; the compiler adds what all kinds have in common. */
export interface PolicyBody {
  /** The policy itself, then what autogen made of it: each judges the requests that its constraints match. */
  readonly rules: readonly CompiledRule[];
  /** Which requests can concern them, as data. */
  readonly selectors: readonly ResourceSelector[];
  /** The same as a test, once a shape of request. */
  readonly concerns: CompiledPolicy['matches'];
  readonly needs: ReadonlySet<FactKind>;
  /** See `CompiledPolicy`. */
  readonly vouchesForOthers?: boolean;
  /** `status.autogen.configs`: by name of the configuration. */
  readonly autogen?: JsonObject;
  readonly cleanup?: CleanupPlan;
}

/** One folder under `policies/` and one line in the list of kinds. */
export interface PolicyKind {
  readonly kinds: readonly CelPolicyKind[];
  readonly phases: ReadonlySet<Phase>;
  /** Reports what is wrong; the body is not used when something was an error. */
  readonly compile: (compilation: PolicyCompilation) => PolicyBody;
}
