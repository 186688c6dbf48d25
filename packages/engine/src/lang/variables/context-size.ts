import { EvaluationError } from '../../kernel/evaluation-error.ts';
import { isJsonArray, type Json, type JsonObject } from '../../kernel/json.ts';

const DEFAULT_CONTEXT_SIZE = 2 * 1024 * 1024;

/** Counts what context entries load (`maxContextSize`, kyverno-core §2.3). Only grows. */
export class ContextSize {
  readonly limit: number;
  #used = 0;

  constructor(limit: number = DEFAULT_CONTEXT_SIZE) {
    this.limit = limit;
  }

  /** Takes the size of `value` as JSON; an error once the limit is passed. */
  take(value: Json): EvaluationError | undefined {
    this.#used += jsonSize(value, this.limit - this.#used + 1);
    if (this.#used <= this.limit) return undefined;
    return new EvaluationError(`context size limit exceeded: ${this.#used} bytes exceeds limit of ${this.limit} bytes`);
  }
}

/** Length of the JSON text of `value` in UTF-16 units, without escapes; counting stops soon after `enough`. */
function jsonSize(value: Json, enough: number): number {
  if (typeof value === 'string') return value.length + 2;
  if (typeof value !== 'object' || value === null) return String(value).length;
  let size = 2;
  if (isJsonArray(value)) {
    for (const item of value) {
      size += jsonSize(item, enough - size) + 1;
      if (size > enough) return size;
    }
    return size;
  }
  // What is no list is an object here; Array.isArray does not narrow read-only arrays.
  const object = value as JsonObject;
  for (const key of Object.keys(object)) {
    size += key.length + 4 + jsonSize(object[key] ?? null, enough - size);
    if (size > enough) return size;
  }
  return size;
}
