import { EvaluationError } from '../../kernel/evaluation-error.ts';
import type { EngineHost } from '../../kernel/host.ts';
import type { ImageReferenceSettings } from '../../kernel/image-reference.ts';
import { defineMember, isJsonObject, type Json, type JsonObject, member, withMember } from '../../kernel/json.ts';
import type { RuleInput } from '../../model/compiled-policy.ts';
import { ContextSize } from './context-size.ts';
import { extractImages, imagesVariable } from './images.ts';
import { mergeVariables } from './merge-variables.ts';
import { requestVariable, serviceAccountOf } from './request-variables.ts';
import type { Scope } from './scope.ts';

export interface ScopeOptions {
  readonly host: EngineHost;
  readonly images?: ImageReferenceSettings;
  /** Most bytes of JSON that context entries may hold; 2 MiB when absent. */
  readonly maxContextSize?: number;
}

/**
 * The root variables of one request (kyverno-core §2.3): `request`, `images`, `serviceAccountName`,
 * `serviceAccountNamespace`, and what the caller adds. Computed when first read.
 */
export function createScope(input: RuleInput, options: ScopeOptions): Scope {
  return new RootScope(input, options);
}

/** What a lazy variable answers when it does not exist after all. */
const ABSENT = Symbol('absent');

class RootScope implements Scope {
  readonly now: number;
  readonly isDelete: boolean;
  readonly contextSize: ContextSize;
  readonly #input: RuleInput;
  readonly #options: ScopeOptions;
  readonly #known = new Map<string, Json | EvaluationError | typeof ABSENT>();

  constructor(input: RuleInput, options: ScopeOptions) {
    this.#input = input;
    this.#options = options;
    this.now = input.request.now;
    this.isDelete = input.request.operation === 'DELETE';
    this.contextSize = new ContextSize(options.maxContextSize);
  }

  lookup(name: string): Json | EvaluationError | undefined {
    let value = this.#known.get(name);
    if (value === undefined) {
      value = this.#compute(name) ?? ABSENT;
      this.#known.set(name, value);
    }
    return value === ABSENT ? undefined : value;
  }

  toJson(): JsonObject | EvaluationError {
    const names = ['request', 'images', 'serviceAccountName', 'serviceAccountNamespace'];
    const whole: Record<string, Json> = {};
    for (const name of [...names, ...Object.keys(this.#input.request.variables ?? {})]) {
      const value = this.lookup(name);
      if (value instanceof EvaluationError) return value;
      if (value !== undefined) defineMember(whole, name, value);
    }
    return whole;
  }

  with(variables: JsonObject): Scope {
    return new ChildScope(this, variables);
  }

  withLazy(name: string, load: () => Json | EvaluationError): Scope {
    return new LazyScope(this, name, load);
  }

  withResource(resource: JsonObject): Scope {
    return withObject(this, resource);
  }

  #compute(name: string): Json | EvaluationError | undefined {
    const own = this.#own(name);
    const added = member(this.#input.request.variables ?? {}, name);
    return added === undefined || own instanceof EvaluationError ? own : mergeVariables(own, added);
  }

  #own(name: string): Json | EvaluationError | undefined {
    const { user } = this.#input.request;
    switch (name) {
      case 'request':
        return requestVariable(this.#input);
      case 'images':
        return this.#images();
      case 'serviceAccountName':
        return user && serviceAccountOf(user.username).name;
      case 'serviceAccountNamespace':
        return user && serviceAccountOf(user.username).namespace;
      default:
        return undefined;
    }
  }

  #images(): Json | EvaluationError | undefined {
    const { resource, request } = this.#input;
    const { host, images: settings } = this.#options;
    const found = extractImages(resource, request.kind.kind, settings ? { host, settings } : { host });
    if (found instanceof EvaluationError) return found;
    return found.size > 0 ? imagesVariable(found) : undefined;
  }
}

class ChildScope implements Scope {
  readonly now: number;
  readonly isDelete: boolean;
  readonly contextSize: ContextSize;
  readonly #parent: Scope;
  readonly #variables: JsonObject;

  constructor(parent: Scope, variables: JsonObject) {
    this.#parent = parent;
    this.#variables = variables;
    this.now = parent.now;
    this.isDelete = parent.isDelete;
    this.contextSize = parent.contextSize;
  }

  lookup(name: string): Json | EvaluationError | undefined {
    return Object.hasOwn(this.#variables, name) ? this.#variables[name] : this.#parent.lookup(name);
  }

  toJson(): JsonObject | EvaluationError {
    const whole = this.#parent.toJson();
    if (whole instanceof EvaluationError) return whole;
    const copy: Record<string, Json> = { ...whole };
    for (const [name, value] of Object.entries(this.#variables)) defineMember(copy, name, value);
    return copy;
  }

  with(variables: JsonObject): Scope {
    return new ChildScope(this, variables);
  }

  withLazy(name: string, load: () => Json | EvaluationError): Scope {
    return new LazyScope(this, name, load);
  }

  withResource(resource: JsonObject): Scope {
    return withObject(this, resource);
  }
}

class LazyScope implements Scope {
  readonly now: number;
  readonly isDelete: boolean;
  readonly contextSize: ContextSize;
  readonly #parent: Scope;
  readonly #name: string;
  readonly #load: () => Json | EvaluationError;
  #value: Json | EvaluationError | undefined;

  constructor(parent: Scope, name: string, load: () => Json | EvaluationError) {
    this.#parent = parent;
    this.#name = name;
    this.#load = load;
    this.now = parent.now;
    this.isDelete = parent.isDelete;
    this.contextSize = parent.contextSize;
  }

  lookup(name: string): Json | EvaluationError | undefined {
    if (name !== this.#name) return this.#parent.lookup(name);
    this.#value ??= this.#load();
    return this.#value;
  }

  /** A variable nobody read yet is left out, as upstream: reading the whole root loads nothing. */
  toJson(): JsonObject | EvaluationError {
    const whole = this.#parent.toJson();
    if (whole instanceof EvaluationError || this.#value === undefined) return whole;
    return this.#value instanceof EvaluationError ? this.#value : withMember(whole, this.#name, this.#value);
  }

  with(variables: JsonObject): Scope {
    return new ChildScope(this, variables);
  }

  withLazy(name: string, load: () => Json | EvaluationError): Scope {
    return new LazyScope(this, name, load);
  }

  withResource(resource: JsonObject): Scope {
    return withObject(this, resource);
  }
}

function withObject(scope: Scope, resource: JsonObject): Scope {
  return scope.withLazy('request', () => {
    const request = scope.lookup('request');
    if (request instanceof EvaluationError) return request;
    return isJsonObject(request) ? { ...request, object: resource } : { object: resource };
  });
}
