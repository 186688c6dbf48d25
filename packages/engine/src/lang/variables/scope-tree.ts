import { EvaluationError } from '../../kernel/evaluation-error.ts';
import { defineMember, isJsonObject, type Json, type JsonObject, withMember } from '../../kernel/json.ts';
import type { ContextSize } from './context-size.ts';
import type { RuleStandIns, Scope } from './scope.ts';

/** What all scopes have in common: how children are made. */
export abstract class ScopeNode implements Scope {
  readonly now: number;
  readonly isDelete: boolean;
  readonly standIns: RuleStandIns | undefined;

  constructor(now: number, isDelete: boolean, standIns: RuleStandIns | undefined) {
    this.now = now;
    this.isDelete = isDelete;
    this.standIns = standIns;
  }

  abstract get contextSize(): ContextSize;
  abstract get sealsRequest(): boolean;
  abstract lookup(name: string): Json | EvaluationError | undefined;
  abstract toJson(): JsonObject | EvaluationError;
  abstract isGiven(name: string): boolean;

  with(variables: JsonObject): Scope {
    return new ChildScope(this, variables);
  }

  withElement(element: Json, index: number, nesting: number): Scope {
    return new ElementScope(this, element, index, nesting);
  }

  withLazy(name: string, load: () => Json | EvaluationError, isGiven?: () => boolean): Scope {
    return new LazyScope(this, name, load, isGiven);
  }

  withResource(resource: JsonObject): Scope {
    return this.withLazy('request', () => {
      const request = this.lookup('request');
      if (request instanceof EvaluationError) return request;
      return isJsonObject(request) ? { ...request, object: resource } : { object: resource };
    });
  }
}

/** A scope inside another. */
export abstract class InnerScope extends ScopeNode {
  readonly parent: Scope;

  constructor(parent: Scope) {
    super(parent.now, parent.isDelete, parent.standIns);
    this.parent = parent;
  }

  override get contextSize(): ContextSize {
    return this.parent.contextSize;
  }

  override get sealsRequest(): boolean {
    return this.parent.sealsRequest;
  }
}

class ChildScope extends InnerScope {
  readonly #variables: JsonObject;

  constructor(parent: Scope, variables: JsonObject) {
    super(parent);
    this.#variables = variables;
  }

  override lookup(name: string): Json | EvaluationError | undefined {
    return Object.hasOwn(this.#variables, name) ? this.#variables[name] : this.parent.lookup(name);
  }

  override toJson(): JsonObject | EvaluationError {
    return withMembers(this.parent.toJson(), this.#variables);
  }

  override isGiven(name: string): boolean {
    return Object.hasOwn(this.#variables, name) ? this.sealsRequest : this.parent.isGiven(name);
  }
}

/** `element` and `elementIndex`, and the same with the number of foreach blocks around (kyverno-core §2.9). */
class ElementScope extends InnerScope {
  readonly #element: Json;
  readonly #index: number;
  readonly #nesting: number;

  constructor(parent: Scope, element: Json, index: number, nesting: number) {
    super(parent);
    this.#element = element;
    this.#index = index;
    this.#nesting = nesting;
  }

  override lookup(name: string): Json | EvaluationError | undefined {
    if (name === 'element') return this.#element;
    if (!name.startsWith('element')) return this.parent.lookup(name);
    if (name === 'elementIndex' || name === `elementIndex${this.#nesting}`) return this.#index;
    return name === `element${this.#nesting}` ? this.#element : this.parent.lookup(name);
  }

  override toJson(): JsonObject | EvaluationError {
    return withMembers(this.parent.toJson(), {
      element: this.#element,
      elementIndex: this.#index,
      [`element${this.#nesting}`]: this.#element,
      [`elementIndex${this.#nesting}`]: this.#index,
    });
  }

  override isGiven(name: string): boolean {
    return ELEMENT.test(name) ? this.sealsRequest : this.parent.isGiven(name);
  }
}

const GIVEN = new Set(['request', 'images', 'image', 'target', 'serviceAccountName', 'serviceAccountNamespace']);
const ELEMENT = /^element(?:Index)?[0-9]*$/;

/** The variables that a request brings, and those that a rule makes of it by itself. */
export function isGivenName(name: string): boolean {
  return GIVEN.has(name) || ELEMENT.test(name);
}

function withMembers(whole: JsonObject | EvaluationError, variables: JsonObject): JsonObject | EvaluationError {
  if (whole instanceof EvaluationError) return whole;
  const copy: Record<string, Json> = { ...whole };
  for (const [name, value] of Object.entries(variables)) defineMember(copy, name, value);
  return copy;
}

class LazyScope extends InnerScope {
  readonly #name: string;
  readonly #load: () => Json | EvaluationError;
  readonly #isGiven: (() => boolean) | undefined;
  #value: Json | EvaluationError | undefined;

  constructor(parent: Scope, name: string, load: () => Json | EvaluationError, isGiven: (() => boolean) | undefined) {
    super(parent);
    this.#name = name;
    this.#load = load;
    this.#isGiven = isGiven;
  }

  override lookup(name: string): Json | EvaluationError | undefined {
    if (name !== this.#name) return this.parent.lookup(name);
    if (this.#value === undefined) this.#value = this.#load();
    return this.#value;
  }

  override isGiven(name: string): boolean {
    return name === this.#name && this.#isGiven ? this.#isGiven() : this.parent.isGiven(name);
  }

  /** A variable nobody read yet is left out, as upstream: reading the whole root loads nothing. */
  override toJson(): JsonObject | EvaluationError {
    const whole = this.parent.toJson();
    if (whole instanceof EvaluationError || this.#value === undefined) return whole;
    return this.#value instanceof EvaluationError ? this.#value : withMember(whole, this.#name, this.#value);
  }
}
