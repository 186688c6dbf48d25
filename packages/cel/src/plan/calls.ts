import type { CallCost, Overload } from '../declare/function-declaration.ts';
import { CelError, NO_SUCH_OVERLOAD } from '../values/cel-error.ts';
import { isMap } from '../values/cel-map.ts';
import type { CelResult, CelValue } from '../values/cel-value.ts';
import { costSize } from '../values/cost-size.ts';
import { typeOf } from '../values/type-of.ts';
import { type Frame, failed, type Step, spend, spendWork } from './frame.ts';
import { type Guard, guardOf } from './guards.ts';

/** An implementation with its declared argument types forgotten; the guards have made sure of them. */
type Invoke = (...args: unknown[]) => CelResult;

interface Candidate {
  readonly guards: readonly Guard[];
  readonly invoke: Invoke;
  readonly host: boolean;
  readonly cost: CallCost | undefined;
}

/**
 * A call of the overload whose parameters the arguments fit at run time, at that overload's cost.
 */
export function planCall(name: string, overloads: readonly Overload[], args: readonly Step[]): Step {
  const candidates = overloads.map(toCandidate);
  const [only] = candidates;
  if (candidates.length === 1 && only !== undefined && !only.host) {
    const [first, second] = args;
    if (args.length === 1 && first) return planUnary(name, only, first);
    if (args.length === 2 && first && second) return planPair(name, only, first, second);
  }
  return planAny(name, candidates, args);
}

function toCandidate({ parameters, call, host, cost }: Overload): Candidate {
  // The one place where declared parameter types are given up; guards check them for every call.
  return { guards: parameters.map(guardOf), invoke: call as unknown as Invoke, host, cost };
}

function planUnary(name: string, { guards, invoke, cost }: Candidate, argument: Step): Step {
  const [guard = never] = guards;
  return (frame) => {
    const value = argument(frame);
    if (value instanceof CelError) return failed(frame, value);
    if (!guard(value)) return noOverload(name, [value], frame);
    const result = invoke(value);
    charge(frame, cost, value, null, result);
    return result;
  };
}

function planPair(name: string, { guards, invoke, cost }: Candidate, left: Step, right: Step): Step {
  const [first = never, second = never] = guards;
  return (frame) => {
    const a = left(frame);
    if (a instanceof CelError) return failed(frame, a);
    const b = right(frame);
    if (b instanceof CelError) return failed(frame, b);
    if (!first(a) || !second(b)) return noOverload(name, [a, b], frame);
    const result = invoke(a, b);
    charge(frame, cost, a, b, result);
    return result;
  };
}

/**
 * A call of the only overload that may apply, with a constant as second argument. `undefined` when the constant is
 * of another type.
 */
export function planCallWith(name: string, declared: Overload, target: Step, constant: CelValue): Step | undefined {
  const { guards, invoke, host, cost } = toCandidate(declared);
  const [first, second] = guards;
  if (host || guards.length !== 2 || first === undefined || !second?.(constant)) return undefined;
  const prepared = declared.prepare?.(constant) ?? ((value: CelValue) => invoke(value, constant));
  return (frame) => {
    const value = target(frame);
    if (!first(value as CelValue)) {
      return value instanceof CelError ? failed(frame, value) : noOverload(name, [value, constant], frame);
    }
    // An error is of no declared type, so the guard has ruled it out.
    const result = prepared(value as CelValue);
    charge(frame, cost, value as CelValue, constant, result);
    return result;
  };
}

function planAny(name: string, candidates: readonly Candidate[], args: readonly Step[]): Step {
  return (frame) => {
    const values: CelValue[] = [];
    for (const argument of args) {
      const value = argument(frame);
      if (value instanceof CelError) return failed(frame, value);
      values.push(value);
    }
    for (const { guards, invoke, host, cost } of candidates) {
      if (!guards.every((guard, index) => guard(values[index] ?? null))) continue;
      const result = host ? invoke(frame.host, ...values) : invoke(...values);
      charge(frame, cost, values[0] ?? null, values[1] ?? null, result);
      return result;
    }
    return noOverload(name, values, frame);
  };
}

function charge(frame: Frame, cost: CallCost | undefined, first: CelValue, second: CelValue, result: CelResult): void {
  if (cost !== undefined && !(result instanceof CelError)) {
    spend(frame, cost(first, second, result));
    return;
  }
  spend(frame, 1);
  // One unit however long the text or large the map: the walk over it is effort all the same.
  if (typeof first === 'string') spendWork(frame, first.length / 16);
  else if (isMap(first)) spendWork(frame, costSize(first));
}

const never: Guard = () => false;

/** Functions whose implementation in the original complains without saying what it was given. */
const TERSE = new Set('contains endsWith find findAll matches startsWith'.split(' '));

/** The error of arguments that no overload takes. */
function noOverload(name: string, values: readonly CelValue[], frame: Frame): CelError {
  frame.cost++;
  if (TERSE.has(name)) return NO_SUCH_OVERLOAD;
  const shown = name === 'size' ? name : `${name}(${values.map((value) => typeOf(value).name).join(', ')})`;
  return new CelError(`no such overload: ${shown}`);
}
