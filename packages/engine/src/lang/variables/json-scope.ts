import type { JsonObject } from '../../kernel/json.ts';
import { ContextSize } from './context-size.ts';
import type { Scope } from './scope.ts';
import { ScopeNode } from './scope-tree.ts';

class EmptyScope extends ScopeNode {
  override readonly contextSize = new ContextSize();

  override lookup(): undefined {
    return undefined;
  }

  override toJson(): JsonObject {
    return {};
  }

  override get sealsRequest(): boolean {
    return true;
  }

  override isGiven(): boolean {
    return false;
  }
}

/** A scope of just these variables, for expressions that belong to no request. */
export function createJsonScope(variables: JsonObject, now: number, isDelete = false): Scope {
  return new EmptyScope(now, isDelete, undefined).with(variables);
}
