import { EvaluationError } from '../../kernel/evaluation-error.ts';
import { defineMember, isJsonObject, type Json, type JsonObject, withMember } from '../../kernel/json.ts';
import type { ContextSize } from './context-size.ts';
import type { RuleStandIns, Scope } from './scope.ts';

/** What all scopes have in common: how children are made. */
export abstract class ScopeNode implements Scope {
  readonly now: number;
  readonly isDelete: boolean;
  readonly contextSize: ContextSize;
  readonly standIns: RuleStandIns | undefined;

  constructor(origin: Pick<Scope, 'now' | 'isDelete' | 'contextSize' | 'standIns'>) {
    this.now = origin.now;
    this.isDelete = origin.isDelete;
    this.contextSize = origin.contextSize;
    this.standIns = origin.standIns;
  }

  abstract lookup(name: string): Json | EvaluationError | undefined;
  abstract toJson(): JsonObject | EvaluationError;

  with(variables: JsonObject): Scope {
    return new ChildScope(this, variables);
  }

  withLazy(name: string, load: () => Json | EvaluationError): Scope {
    return new LazyScope(this, name, load);
  }

  withResource(resource: JsonObject): Scope {
    return this.withLazy('request', () => {
      const request = this.lookup('request');
      if (request instanceof EvaluationError) return request;
      return isJsonObject(request) ? { ...request, object: resource } : { object: resource };
    });
  }
}

class ChildScope extends ScopeNode {
  readonly #parent: Scope;
  readonly #variables: JsonObject;

  constructor(parent: Scope, variables: JsonObject) {
    super(parent);
    this.#parent = parent;
    this.#variables = variables;
  }

  override lookup(name: string): Json | EvaluationError | undefined {
    return Object.hasOwn(this.#variables, name) ? this.#variables[name] : this.#parent.lookup(name);
  }

  override toJson(): JsonObject | EvaluationError {
    const whole = this.#parent.toJson();
    if (whole instanceof EvaluationError) return whole;
    const copy: Record<string, Json> = { ...whole };
    for (const [name, value] of Object.entries(this.#variables)) defineMember(copy, name, value);
    return copy;
  }
}

class LazyScope extends ScopeNode {
  readonly #parent: Scope;
  readonly #name: string;
  readonly #load: () => Json | EvaluationError;
  #value: Json | EvaluationError | undefined;

  constructor(parent: Scope, name: string, load: () => Json | EvaluationError) {
    super(parent);
    this.#parent = parent;
    this.#name = name;
    this.#load = load;
  }

  override lookup(name: string): Json | EvaluationError | undefined {
    if (name !== this.#name) return this.#parent.lookup(name);
    if (this.#value === undefined) this.#value = this.#load();
    return this.#value;
  }

  /** A variable nobody read yet is left out, as upstream: reading the whole root loads nothing. */
  override toJson(): JsonObject | EvaluationError {
    const whole = this.#parent.toJson();
    if (whole instanceof EvaluationError || this.#value === undefined) return whole;
    return this.#value instanceof EvaluationError ? this.#value : withMember(whole, this.#name, this.#value);
  }
}
