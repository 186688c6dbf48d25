import type { Json, JsonObject } from '../../kernel/json.ts';
import { ContextSize } from './context-size.ts';
import type { Scope } from './scope.ts';
import { isGivenName, ScopeNode } from './scope-tree.ts';

class JsonScope extends ScopeNode {
  override readonly contextSize = new ContextSize();
  override readonly sealsRequest = true;
  readonly #variables: JsonObject;

  constructor(variables: JsonObject, now: number, isDelete: boolean) {
    super(now, isDelete, undefined);
    this.#variables = variables;
  }

  override lookup(name: string): Json | undefined {
    return Object.hasOwn(this.#variables, name) ? this.#variables[name] : undefined;
  }

  override toJson(): JsonObject {
    return this.#variables;
  }

  override isGiven(name: string): boolean {
    return isGivenName(name);
  }
}

/** A scope of just these variables, for expressions that belong to no request. */
export function createJsonScope(variables: JsonObject, now: number, isDelete = false): Scope {
  return new JsonScope(variables, now, isDelete);
}
