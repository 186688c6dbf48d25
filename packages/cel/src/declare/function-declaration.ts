import type { CelType } from '../values/cel-type.ts';
import type { CelResult, CelValue } from '../values/cel-value.ts';

/**
 * An implementation over values that already have the declared types; `never` lets each say its own. It returns an
 * error value when it fails and throws only what must cross the whole evaluation.
 */
export type CelFunction = (...args: never[]) => CelResult;

/** One signature of a function. The target of a member comes first among the parameters. */
export interface Overload {
  readonly id: string;
  readonly member: boolean;
  readonly parameters: readonly CelType[];
  readonly result: CelType;
  readonly call: CelFunction;
  /** Whether the host is passed before the arguments. */
  readonly host: boolean;
  /** Cost units of a call; 1 when absent. */
  readonly cost: CallCost | undefined;
  /**
   * The same for a second argument that is a constant, prepared once; `undefined` when that one cannot be prepared.
   * What it returns is given only first arguments of the declared type.
   */
  readonly prepare?: (second: CelValue) => ((first: CelValue) => CelResult) | undefined;
}

/** Cost units of a call by its first two arguments (the target counts) and its result. */
export type CallCost = (first: CelValue, second: CelValue, result: CelValue) => number;

export interface FunctionDeclaration {
  readonly name: string;
  readonly overloads: readonly Overload[];
}

/** A global function's overload. */
export function overload(
  id: string,
  parameters: readonly CelType[],
  result: CelType,
  call: CelFunction,
  cost?: CallCost,
): Overload {
  return { id, member: false, parameters, result, call, host: false, cost };
}

/** A method's overload; the first parameter is the target. */
export function member(
  id: string,
  parameters: readonly CelType[],
  result: CelType,
  call: CelFunction,
  cost?: CallCost,
): Overload {
  return { id, member: true, parameters, result, call, host: false, cost };
}

/** The same overload with the host as first argument of its implementation. */
export function withHost(declared: Overload): Overload {
  return { ...declared, host: true };
}

export function declareFunction(name: string, ...overloads: Overload[]): FunctionDeclaration {
  return { name, overloads };
}
