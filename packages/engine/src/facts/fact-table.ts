import type { Json } from '../kernel/json.ts';
import { stableText } from '../kernel/stable-text.ts';
import type { Fact } from './fact.ts';
import type { FactRequest, ImageVerificationRequest } from './fact-request.ts';
import type { FactSource } from './fact-source.ts';
import type { ImageVerification } from './image-verification.ts';
import type { ManifestVerification, ManifestVerificationRequest, SignedMessage } from './manifest-verification.ts';

/**
 * Raised by a closure that needs a fact the table does not hold. It travels by `throw` while evaluation errors are
 * values (or `EvaluationError`s), so that an operator that absorbs errors can never absorb a need. Whoever catches
 * anything inside the engine rethrows this first (`rethrowNeed`). No `Error`: a stack takes longer than all that follows.
 */
export class Need {
  readonly request: FactRequest;

  constructor(request: FactRequest) {
    this.request = request;
  }

  get message(): string {
    return `a fact is missing: ${this.request.kind}`;
  }
}

export function rethrowNeed(error: unknown): void {
  if (error instanceof Need) throw error;
}

/**
 * The result of `step`, or the need it raised as a value: so that a loop can go on and let its other steps note what they
 * need, before it raises the first.
 */
export function orNeed<Result>(step: () => Result): Result | Need {
  try {
    return step();
  } catch (error) {
    if (error instanceof Need) return error;
    throw error;
  }
}

/**
 * Stable identity of a request: equal requests share one fetch. Member order does not matter. What a policy was compiled
 * to, such as attestors, is the same object in each of its requests: its text is made once.
 */
export function factKey(request: FactRequest): string {
  let key = keys.get(request);
  if (key === undefined) {
    key = stableText(request, keys);
    keys.set(request, key);
  }
  return key;
}

const keys = new WeakMap<object, string>();

const NO_NEEDS: readonly FactRequest[] = [];

/**
 * The facts known for one evaluation, and the needs found so far. Evaluate with a table, fetch `takeNeeds()`, `add`
 * the answers, evaluate again.
 */
export class FactTable {
  // Made when first needed: most evaluations ask for nothing.
  #facts: Map<string, Fact> | undefined;
  #needs: Map<string, FactRequest> | undefined;
  readonly #source: Pick<FactSource, 'known'> | undefined;

  /** @param source asked for what it has at hand before a need is noted; its first answer stays for the whole evaluation */
  constructor(source?: Pick<FactSource, 'known'>) {
    this.#source = source;
  }

  /** The fact asked for. Throws `Need`, after noting it, when it is not here. */
  get(request: FactRequest): Fact {
    const fact = this.find(request);
    if (fact) return fact;
    throw new Need(request);
  }

  /** The fact, or `undefined` after noting it as a need: for who can go on without. */
  find(request: FactRequest): Fact | undefined {
    const key = factKey(request);
    const fact = this.#facts?.get(key) ?? this.#recall(key, request);
    if (!fact) this.#note(key, request);
    return fact;
  }

  // The source of each of these kinds promises the shape of their values; see FactSource.

  imageVerification(request: ImageVerificationRequest): Fact<ImageVerification> {
    return this.get(request) as Fact<ImageVerification>;
  }

  findImageVerification(request: ImageVerificationRequest): Fact<ImageVerification> | undefined {
    return this.find(request) as Fact<ImageVerification> | undefined;
  }

  manifestVerification(request: ManifestVerificationRequest): Fact<ManifestVerification> {
    return this.get(request) as Fact<ManifestVerification>;
  }

  signedMessage(message: string): Fact<SignedMessage> {
    return this.get({ kind: 'signed-message', message }) as Fact<SignedMessage>;
  }

  /** Notes a need without raising it, so that one pass gathers what is certain to be asked later. */
  prefetch(request: FactRequest): void {
    this.find(request);
  }

  #recall(key: string, request: FactRequest): Fact | undefined {
    const fact = this.#source?.known?.(request);
    if (fact) {
      this.#facts ??= new Map();
      this.#facts.set(key, fact);
    }
    return fact;
  }

  #note(key: string, request: FactRequest): void {
    this.#needs ??= new Map();
    this.#needs.set(key, request);
  }

  add(request: FactRequest, fact: Fact): void {
    const key = factKey(request);
    this.#facts ??= new Map();
    this.#facts.set(key, fact);
    this.#needs?.delete(key);
  }

  /** The needs noted since the last call. */
  takeNeeds(): readonly FactRequest[] {
    if (!this.#needs || this.#needs.size === 0) return NO_NEEDS;
    const needs = [...this.#needs.values()];
    this.#needs = undefined;
    return needs;
  }

  /** Everything known, for recording and replaying a decision. */
  entries(): readonly (readonly [string, Fact<Json>])[] {
    return this.#facts ? [...this.#facts] : [];
  }
}
