import type { EvaluationError } from '../../kernel/evaluation-error.ts';
import type { Json, JsonObject } from '../../kernel/json.ts';
import { InnerScope } from './scope-tree.ts';

/** A scope that notes whether anything that came with the request was read through it. */
export class WatchedScope extends InnerScope {
  hasReadGiven = false;

  override lookup(name: string): Json | EvaluationError | undefined {
    const value = this.parent.lookup(name);
    // asked afterwards: an entry knows what it read once it is loaded
    if (this.parent.isGiven(name)) this.hasReadGiven = true;
    return value;
  }

  /** The whole root holds the request. */
  override toJson(): JsonObject | EvaluationError {
    if (this.sealsRequest) this.hasReadGiven = true;
    return this.parent.toJson();
  }

  override isGiven(name: string): boolean {
    return this.parent.isGiven(name);
  }
}
