import { EvaluationError } from '../../kernel/evaluation-error.ts';
import type { EngineHost } from '../../kernel/host.ts';
import type { ImageReferenceSettings } from '../../kernel/image-reference.ts';
import { defineMember, type Json, type JsonObject, member } from '../../kernel/json.ts';
import type { RuleInput } from '../../model/compiled-policy.ts';
import type { StandIns } from '../../model/request.ts';
import { ContextSize } from './context-size.ts';
import { imagesOf, imagesVariable } from './images.ts';
import { mergeVariables } from './merge-variables.ts';
import { knownRequestVariable, serviceAccountOf } from './request-variables.ts';
import type { RuleStandIns, Scope } from './scope.ts';
import { isGivenName, ScopeNode } from './scope-tree.ts';

export interface ScopeOptions {
  readonly host: EngineHost;
  readonly images?: ImageReferenceSettings;
  /** Most bytes of JSON that context entries may hold; 2 MiB when absent. */
  readonly maxContextSize?: number;
  /** Whether variables in the values of a request are resolved, as upstream. */
  readonly resolveRequestVariables?: boolean;
  /** The rule the scope is for, to find its stand-ins. */
  readonly rule?: string;
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

class RootScope extends ScopeNode {
  readonly #input: RuleInput;
  readonly #options: ScopeOptions;
  /** Most rules read no variable but `request`: made at the first. */
  #known: Map<string, Json | EvaluationError | typeof ABSENT> | undefined;
  #contextSize: ContextSize | undefined;

  constructor(input: RuleInput, options: ScopeOptions) {
    super(
      input.request.now,
      input.request.operation === 'DELETE',
      input.request.standIns && standInsOf(input.request.standIns, options.rule),
    );
    this.#input = input;
    this.#options = options;
  }

  override get contextSize(): ContextSize {
    this.#contextSize ??= new ContextSize(this.#options.maxContextSize);
    return this.#contextSize;
  }

  override lookup(name: string): Json | EvaluationError | undefined {
    if (name === 'request' && this.#input.request.variables === undefined) return knownRequestVariable(this.#input);
    this.#known ??= new Map();
    let value = this.#known.get(name);
    if (value === undefined) {
      value = this.#compute(name) ?? ABSENT;
      this.#known.set(name, value);
    }
    return value === ABSENT ? undefined : value;
  }

  override toJson(): JsonObject | EvaluationError {
    const names = ['request', 'images', 'serviceAccountName', 'serviceAccountNamespace'];
    const whole: Record<string, Json> = {};
    for (const name of [...names, ...Object.keys(this.#input.request.variables ?? {})]) {
      const value = this.lookup(name);
      if (value instanceof EvaluationError) return value;
      if (value !== undefined) defineMember(whole, name, value);
    }
    return whole;
  }

  override get sealsRequest(): boolean {
    return this.#options.resolveRequestVariables !== true;
  }

  override isGiven(name: string): boolean {
    return this.sealsRequest && isGivenName(name);
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
        return knownRequestVariable(this.#input);
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
    const { host, images: settings } = this.#options;
    const found = imagesOf(this.#input, settings ? { host, settings } : { host });
    if (found instanceof EvaluationError) return found;
    return found.size > 0 ? imagesVariable(found) : undefined;
  }
}

const AUTOGEN = /^autogen-(?:cronjob-)?/;
const NOTHING: JsonObject = Object.freeze({});

/** The values of a rule are also those of the rules autogen made of it. */
function standInsOf(given: StandIns, rule: string | undefined): RuleStandIns {
  const name = rule ?? '';
  const variables = given.rules.get(name) ?? given.rules.get(name.replace(AUTOGEN, '')) ?? NOTHING;
  return { absent: given.absent, variables };
}
