import type { Diagnostic } from '../kernel/diagnostics/diagnostic.ts';
import type { EngineHost } from '../kernel/host.ts';
import type { ImageReferenceSettings } from '../kernel/image-reference.ts';
import type { JsonObject } from '../kernel/json.ts';
import type { Scope } from '../lang/variables/scope.ts';
import type { Phase, RuleInput } from '../model/compiled-policy.ts';
import type { Effect, FailureAction, ImageResult, RuleStatus, RuleType } from '../model/decision.ts';
import type { Demand, JoinDemands } from '../model/demand.ts';
import type { LegacyPolicy, Rule } from '../model/policy.ts';

/** What a rule kind is given to compile one rule of a legacy policy. */
export interface RuleCompilation {
  readonly policy: LegacyPolicy;
  readonly rule: Rule;
  readonly host: EngineHost;
  readonly report: (diagnostic: Diagnostic) => void;
  /** How image references are completed; Docker Hub's when absent. */
  readonly images?: ImageReferenceSettings;
}

/** One evaluation of a rule that matched, whose context is loaded and whose preconditions hold. */
export interface RuleEvaluation {
  readonly input: RuleInput;
  readonly scope: Scope;
  /** The action for this request; overrides by namespace are applied. */
  readonly action: FailureAction;
  /** Whether the rule's match holds for the old object as a CREATE. Absent: it does not. */
  readonly matchesOldObject?: () => boolean;
  /** Exceptions that matched and carry `podSecurity`: their exclusions apply only after the rule failed. */
  readonly podSecurityExceptions?: readonly PodSecurityException[];
}

export interface PodSecurityException {
  /** `namespace/name` of the PolicyException. */
  readonly key: string;
  readonly exclude: readonly JsonObject[];
}

/** A rule's result before the common pipeline adds its name, type, action and source. */
export interface RuleBodyOutcome {
  readonly status: RuleStatus;
  readonly message: string;
  readonly path?: string;
  readonly properties?: Readonly<Record<string, string>>;
  readonly effects?: readonly Effect[];
  /** The patched object, when the rule changed it. */
  readonly resource?: JsonObject;
  readonly images?: readonly ImageResult[];
  readonly reason?: string;
  readonly emitWarning?: boolean;
  /** Keys of the exceptions that made it `skip`. */
  readonly exceptions?: readonly string[];
}

export interface RuleBody {
  readonly type: RuleType;
  readonly phases: ReadonlySet<Phase>;
  /**
   * Asked before context and preconditions: `false` when the rule has nothing to judge and is absent from the results, or
   * the outcome when that cannot be told. Absent: it always has.
   */
  readonly applies?: (input: RuleInput) => boolean | RuleBodyOutcome;
  /**
   * The short way for what mostly happens: the outcome when the resource passes and no variable is needed to tell. Always
   * the same object. `undefined`: ask `evaluate`. Not asked where preconditions or exceptions come first.
   */
  readonly passes?: (input: RuleInput) => RuleBodyOutcome | undefined;
  /** The same as demands on the resource, where it is that simple. */
  readonly joint?: () => JointBody | undefined;
  /** `undefined` or none: the rule is absent from the results; several where it judges several things. Pure and synchronous; throws only `Need`. */
  readonly evaluate: (evaluation: RuleEvaluation) => RuleBodyOutcome | readonly RuleBodyOutcome[] | undefined;
}

export interface JointBody {
  readonly demands: readonly Demand[];
  readonly join: JoinDemands;
  /** The outcome when the first demand that is met is this one. */
  readonly passed: (demand: number, input: RuleInput) => RuleBodyOutcome | undefined;
}

/** One folder under `rules/` and one line in the list of rule kinds. */
export interface RuleKind {
  readonly name: 'validate' | 'mutate' | 'verifyImages' | 'generate';
  /** Whether `rule` is of this kind. */
  readonly reads: (rule: Rule) => boolean;
  readonly compile: (compilation: RuleCompilation) => RuleBody;
}
