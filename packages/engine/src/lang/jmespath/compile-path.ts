import { EvaluationError } from '../../kernel/evaluation-error.ts';
import type { Json } from '../../kernel/json.ts';
import type { Run } from './frame.ts';

/** A key of an object or an index of a list. */
export type PathStep = string | number;

/**
 * The closure of a path such as `spec.containers[0].image`. A key that an object lacks fails (`notFound`); a key of
 * anything that is no object gives null, as does an index that is out of range or not into a list.
 */
export function compilePath(steps: readonly PathStep[]): Run {
  const [first, second] = steps.map(compileStep);
  if (first === undefined) return (value) => value;
  if (second === undefined) return (value) => first(value);
  if (steps.length === 2) {
    return (value) => {
      const found = first(value);
      return found instanceof EvaluationError ? found : second(found);
    };
  }
  const all = steps.map(compileStep);
  return (value) => walk(all, value);
}

/** A path whose first key is looked up at the root: in the scope, or in plain JSON. */
export function compileRootPath(first: string, rest: readonly PathStep[]): Run {
  const missing = unknownKey(first);
  const plain = compileStep(first);
  const steps = rest.map(compileStep);
  return (value, frame) => {
    let found: Json | EvaluationError | undefined;
    if (frame.scope === undefined) {
      found = plain(value);
    } else {
      found = frame.scope.lookup(first);
      if (found === undefined) return missing;
      if (found instanceof EvaluationError) frame.scopeError ??= found;
    }
    return found instanceof EvaluationError ? found : walk(steps, found);
  };
}

type Step = (value: Json) => Json | EvaluationError;

function walk(steps: readonly Step[], start: Json): Json | EvaluationError {
  let at = start;
  for (let index = 0; index < steps.length; index++) {
    const step = steps[index];
    if (step === undefined) break;
    const found = step(at);
    if (found === null || found instanceof EvaluationError) return found;
    at = found;
  }
  return at;
}

function compileStep(step: PathStep): Step {
  return typeof step === 'number' ? indexStep(step) : keyStep(step);
}

function keyStep(key: string): Step {
  const missing = unknownKey(key);
  // Reading a name that Object.prototype does not have cannot find anything inherited, and is faster.
  if (key in Object.prototype) {
    return (value) => {
      if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
      return Object.hasOwn(value, key) ? ((value as Readonly<Record<string, Json>>)[key] ?? null) : missing;
    };
  }
  return (value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
    // Not a list, so an object.
    const found = (value as Readonly<Record<string, Json>>)[key];
    return found === undefined ? missing : found;
  };
}

function indexStep(index: number): Step {
  return (value) => {
    if (!Array.isArray(value)) return null;
    // Array.isArray does not narrow read-only arrays.
    const list = value as readonly Json[];
    return list[index < 0 ? index + list.length : index] ?? null;
  };
}

/** The failure of the dialect for a key an object lacks. */
export function unknownKey(key: string): EvaluationError {
  return new EvaluationError(`Unknown key "${key}" in path`, true);
}
