import type { FactKind } from '../../facts/fact-request.ts';
import type { EvaluationError } from '../../kernel/evaluation-error.ts';
import type { Json, JsonObject } from '../../kernel/json.ts';
import type { VariableScope } from '../../model/variable-scope.ts';
import type { ContextSize } from './context-size.ts';

/** The stand-ins of one rule: variables set before its context entries, and the kinds of facts that entries cannot have. */
export interface RuleStandIns {
  readonly absent: ReadonlySet<FactKind>;
  readonly variables: JsonObject;
}

/**
 * The variables visible at one place of a rule. Immutable: every change is a child that looks up in its parent, so
 * nothing is copied. Children are cheap (one small object).
 */
export interface Scope extends VariableScope {
  /** Whether `request.object` in variables reads `request.oldObject` (kyverno-core §2.5). */
  readonly isDelete: boolean;
  /** What the context entries of this evaluation have taken so far. */
  readonly contextSize: ContextSize;
  /** Whether variables in the values of the request stay text; upstream resolves them. */
  readonly sealsRequest: boolean;
  /**
   * Whether the variable holds, wholly or in part, what came with the request or from outside of the policy: such values
   * are spliced as they are. An entry knows once it is loaded.
   */
  isGiven(name: string): boolean;
  /** What takes the place of facts when there is no cluster to ask. */
  readonly standIns: RuleStandIns | undefined;
  /** A child in which each member of `variables` replaces the variable of that name: elements, targets, statements. */
  with(variables: JsonObject): Scope;
  /** A child for one element of a list, inside `nesting` other loops: `element`, `elementIndex`, `element0`, … */
  withElement(element: Json, index: number, nesting: number): Scope;
  /**
   * A child in which `name` is computed by `load` at first use, at most once. `load` may throw `Need`. `isGiven` is asked
   * after it; absent, the variable is as the one of that name here.
   */
  withLazy(name: string, load: () => Json | EvaluationError, isGiven?: () => boolean): Scope;
  /** A child whose `request.object` is `resource`: what a rule sees after a mutation. */
  withResource(resource: JsonObject): Scope;
}
