import type { EvaluationError } from '../kernel/evaluation-error.ts';
import type { Json, JsonObject } from '../kernel/json.ts';

/**
 * The root of expressions: `request`, `images`, `element`, context entries. Names resolve lazily: a lookup may load a
 * context entry and so throw `Need`.
 */
export interface VariableScope {
  /** `undefined` when no such name exists; an `EvaluationError` when its context entry failed to load. */
  lookup(name: string): Json | EvaluationError | undefined;
  /** The whole root, for `@` and functions over it. */
  toJson(): JsonObject | EvaluationError;
  /** Milliseconds since the epoch: the clock of the decision, for time functions. */
  readonly now: number;
}
