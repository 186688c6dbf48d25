import type { Diagnostic } from '../../kernel/diagnostics/diagnostic.ts';
import type { EvaluationError } from '../../kernel/evaluation-error.ts';
import type { EngineHost } from '../../kernel/host.ts';
import type { Json, JsonObject } from '../../kernel/json.ts';
import type { Template } from '../../lang/variables/compile-template.ts';
import type { Scope } from '../../lang/variables/scope.ts';
import type { RuleInput } from '../../model/compiled-policy.ts';
import type { PolicyRef } from '../../model/decision.ts';
import type { Demand } from '../../model/demand.ts';
import type { RuleBodyOutcome } from '../rule-kind.ts';

/** What a check of a validate rule, or of one of its foreach blocks, is compiled from. */
export interface CheckCompilation {
  readonly ruleName: string;
  readonly policy: PolicyRef;
  readonly host: EngineHost;
  readonly report: (diagnostic: Diagnostic) => void;
  /** JSON path of the block in the policy. */
  readonly path: string;
  readonly message: RuleMessage;
  /** How many foreach blocks are around it. */
  readonly nesting: number;
}

export interface CheckEvaluation {
  readonly input: RuleInput;
  readonly scope: Scope;
  /** The element a foreach is at, when patterns apply to it and not to the resource. */
  readonly element: JsonObject | undefined;
}

/** `undefined`: nothing was checked, the rule is absent from the results. */
export type Check = (evaluation: CheckEvaluation) => RuleBodyOutcome | undefined;

/** A check that reads no variable, asked in short: the outcome when `target` passes, else `undefined`. */
export type PassTest = (target: Json) => RuleBodyOutcome | undefined;

/**
 * Tells of a check on the variables `request` (with `object` alone) and `element` that it certainly passes. Good where
 * neither context entries nor the caller add variables.
 */
export interface QuickPass {
  readonly test: (variables: JsonObject) => boolean;
  readonly outcome: RuleBodyOutcome;
}

export interface CompiledCheck {
  readonly run: Check;
  readonly quick?: QuickPass | undefined;
  readonly passes?: PassTest;
  /** One demand for each of `outcomes`; `undefined` when a pattern is more than that. */
  readonly demands?: () => readonly Demand[] | undefined;
  readonly outcomes?: readonly RuleBodyOutcome[];
}

/** The rule's `message`: its text as written (may be empty) and compiled. */
export interface RuleMessage {
  readonly source: string;
  readonly template: Template;
}

export function passed(message: string): RuleBodyOutcome {
  return Object.freeze({ status: 'pass', message });
}

export function erred(context: string, error: EvaluationError): RuleBodyOutcome {
  return { status: 'error', message: `${context}: ${error.message}` };
}
