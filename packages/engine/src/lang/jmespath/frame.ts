import { EvaluationError } from '../../kernel/evaluation-error.ts';
import type { Json } from '../../kernel/json.ts';
import type { VariableScope } from '../../model/variable-scope.ts';

/** Elements one evaluation may visit, over all projections and functions. */
export const STEP_LIMIT = 5_000_000;

const TOO_MANY_STEPS = new EvaluationError(`expression visits more than ${STEP_LIMIT} elements`);

/** What one evaluation carries along; functions see it as their `CallContext`. */
export class Frame {
  /** The root of the expression, when it is a scope and not plain JSON. */
  readonly scope: VariableScope | undefined;
  /** Milliseconds since the epoch; NaN when the evaluation has no clock. */
  readonly now: number;
  /** The first context entry that failed: it fails the whole evaluation, whatever absorbs its error inside. */
  scopeError: EvaluationError | undefined = undefined;
  #steps = 0;

  constructor(scope: VariableScope | undefined, now: number) {
    this.scope = scope;
    this.now = now;
  }

  /** Counts `steps` visited elements; the error when there were too many. */
  spend(steps: number): EvaluationError | undefined {
    this.#steps += steps;
    return this.#steps > STEP_LIMIT ? TOO_MANY_STEPS : undefined;
  }
}

/** A compiled node. The current value goes in; at the root of a scope it is meaningless and not looked at. */
export type Run = (value: Json, frame: Frame) => Json | EvaluationError;
