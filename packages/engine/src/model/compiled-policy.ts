import type { FactKind } from '../facts/fact-request.ts';
import type { FactTable } from '../facts/fact-table.ts';
import type { JsonObject } from '../kernel/json.ts';
import type { CleanupPlan } from './cleanup-plan.ts';
import type {
  Effect,
  FailureAction,
  FailurePolicy,
  PolicyRef,
  RuleResult,
  RuleType,
  Standing,
  TraceStep,
} from './decision.ts';
import type { Demand, JoinDemands } from './demand.ts';
import type { KnownImages } from './extracted-image.ts';
import type { EvaluationRequest, Operation } from './request.ts';

/**
 * When a rule runs. Admission calls mutate, then verify-images (pins and annotates), then validate; verify-images
 * rules also run in validate, where they check without patching. Generate comes after the answer; delete is asked by
 * cleanups about what exists, never by admission.
 */
export type Phase = 'mutate' | 'verify-images' | 'validate' | 'generate' | 'delete';

export interface RuleInput {
  readonly request: EvaluationRequest;
  /** The object as patched so far by earlier rules and policies; the old object on DELETE. */
  readonly resource: JsonObject;
  readonly phase: Phase;
  readonly facts: FactTable;
  /** Present only when an explanation was asked for. */
  readonly trace: ((step: TraceStep) => void) | undefined;
  /** Why the policy is bypassed for this request: a rule that matches is skipped with this text, and asks nothing. */
  readonly bypassed?: string;
  /** What some rule worked out, for the others of the evaluation. */
  readonly known?: KnownSoFar;
}

/** Each is good for the very request and resource it names: inputs are copied with others. */
export interface KnownSoFar {
  /** The variable `request`. */
  variable:
    | { readonly request: EvaluationRequest; readonly resource: JsonObject; readonly value: JsonObject }
    | undefined;
  images: KnownImages | undefined;
}

export interface RuleOutcome {
  /** Empty when the rule did not apply (no match): Kyverno reports nothing then. */
  readonly results: readonly RuleResult[];
  readonly effects: readonly Effect[];
  /** The patched object, when the rule changed it. */
  readonly resource?: JsonObject;
}

export interface CompiledRule {
  readonly name: string;
  readonly type: RuleType;
  readonly phases: ReadonlySet<Phase>;
  /** The only kinds it can match; any kind when absent. */
  readonly kinds?: ReadonlySet<string>;
  /** What a failure means for this request: overrides by namespace applied. */
  readonly action: (request: EvaluationRequest) => FailureAction;
  /** Pure and synchronous. Throws only `Need`. */
  readonly evaluate: (input: RuleInput) => RuleOutcome;
  /** Set when match and exclude depend on the request's shape (`toShape`) alone. */
  readonly ofShape?: RuleOfShape | undefined;
}

export interface RuleOfShape {
  readonly matches: (request: EvaluationRequest, phase: Phase) => boolean;
  /** `evaluate` for a request that is known to match. */
  readonly evaluate: (input: RuleInput) => RuleOutcome;
  readonly passes?: PassTest;
  /** What `passes` asks, to be judged in one walk with other rules. Made when first asked for. */
  readonly joint?: () => JointTest | undefined;
}

/** The rule passes when the resource meets one of the demands; `passed` is its outcome by the first that is met. */
export interface JointTest {
  readonly demands: readonly Demand[];
  readonly join: JoinDemands;
  readonly passed: (demand: number, input: RuleInput) => RuleOutcome | undefined;
  /** An outcome is the same for all requests of the shape. */
  readonly isConstant: boolean;
}

/**
 * The short way for what mostly happens: the outcome, always the same one, when the rule passes and no variable is
 * needed to tell. `undefined`: evaluate the rule.
 */
export type PassTest = (input: RuleInput) => RuleOutcome | undefined;

/** The rules of a policy that can concern the requests of a shape. */
export interface RulesOfShape {
  readonly rules: readonly CompiledRule[];
  /** Of these rules, in order, when all of them have one. */
  readonly passes: readonly PassTest[] | undefined;
}

/** Coarse index entry: which requests can concern the policy at all. `*` and `?` are wildcards. */
export interface ResourceSelector {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly subresource: string;
  /** Empty: the defaults of the phase (kyverno-core §4.1). */
  readonly operations: readonly Operation[];
  /** Operations that the rule leaves out whatever the object: nobody needs to ask about them. */
  readonly excludedOperations?: readonly Operation[];
  readonly phases: ReadonlySet<Phase>;
  /**
   * What policies in CEL name instead of a kind (which is then `*`): the plural with its subresource, as webhook rules
   * write it: `pods`, `pods/*`, `*`.
   */
  readonly resource?: string;
  readonly scope?: '*' | 'Namespaced' | 'Cluster';
  /** The variant made by autogen that asks for it: `defaults`, `cronjobs`. Webhooks name its resources apart. */
  readonly variant?: string;
}

/** `webhookConfiguration.matchConditions` of a policy. */
export interface MatchConditions {
  readonly written: readonly { readonly name: string; readonly expression: string }[];
  /** Asked about each request before any rule; the policy has no results when they do not hold. */
  readonly hold: (request: EvaluationRequest) => boolean;
}

/** What the API server decides about a policy in CEL before it calls; the engine decides all of it again. */
export interface PolicyWebhook {
  /** Empty when the API server could not evaluate one of them. */
  readonly matchConditions: readonly { readonly name: string; readonly expression: string }[];
  /** As written; absent selectors select everything. */
  readonly namespaceSelector: JsonObject | undefined;
  readonly objectSelector: JsonObject | undefined;
  /** `matchPolicy: Exact`. */
  readonly isExact: boolean;
  readonly reinvocationPolicy: 'Never' | 'IfNeeded';
}

export interface StandingOf {
  (request: EvaluationRequest, phase: Phase): Standing;
  /** The same for all requests of a phase. */
  readonly isConstant?: boolean;
}

/** Frozen, shared by all requests. */
export interface CompiledPolicy {
  readonly ref: PolicyRef;
  readonly failurePolicy: FailurePolicy;
  /** Some rule can deny: Enforce by rule, policy or an override. */
  readonly canEnforce: boolean;
  readonly background: boolean;
  readonly admission: boolean;
  readonly applyRules: 'All' | 'One';
  /** Seconds asked for in the policy; shells bound it. */
  readonly timeoutSeconds: number | undefined;
  readonly selectors: readonly ResourceSelector[];
  /** Cheap gate before any rule: namespaced policies, kinds, operations. */
  readonly matches: (request: EvaluationRequest, phase: Phase) => boolean;
  /** Whether the objects are in the namespace of the policy, for one that has a namespace. */
  readonly inScope?: ((request: EvaluationRequest) => boolean) | undefined;
  /** Its own webhook's conditions; without any it shares one with others. */
  readonly matchConditions?: MatchConditions | undefined;
  /** Whether the decision takes part in the answer, only warns, or is for reports alone. */
  readonly standing: StandingOf;
  readonly rules: readonly CompiledRule[];
  /** Those of them that can concern a request of this shape in a phase, judged once a shape (`toShape`). */
  readonly rulesFor?: (request: EvaluationRequest, phase: Phase, shape: string) => RulesOfShape;
  /** The kinds of facts its rules can ask for. */
  readonly needs: ReadonlySet<FactKind>;
  /** What it verifies of images counts for others of the request: they are decided together. */
  readonly vouchesForOthers?: boolean;
  /** Rules as autogen wrote them, for the policy's status. */
  readonly autogenRules: readonly JsonObject[];
  /** `status.autogen.configs` of a policy in CEL. */
  readonly autogenConfigs?: JsonObject;
  /** Present for policies in CEL. */
  readonly webhook?: PolicyWebhook;
  readonly annotations: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly emitWarning: boolean;
  /** Of a policy that deletes. */
  readonly cleanup?: CleanupPlan;
}
