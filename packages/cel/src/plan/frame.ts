import type { Expr } from '../syntax/ast.ts';
import type { CelError } from '../values/cel-error.ts';
import type { CelResult } from '../values/cel-value.ts';

/** Sees the value of every node of an expression as it is computed; ranges are offsets in UTF-16 units. */
export type Observer = (nodeId: number, range: readonly [start: number, end: number], value: CelResult) => void;

/** The state of one evaluation. */
export interface Frame {
  /** Variables of the activation, then those of macros; `undefined` is unbound. */
  readonly slots: (CelResult | undefined)[];
  /** What library functions that reach outside are given. */
  readonly host: unknown;
  readonly observer: Observer | undefined;
  readonly limit: number;
  cost: number;
  /** Effort that the cost units leave out: elements copied, compared or listed. */
  work: number;
}

/** One node, planned. Never throws by itself; what a host throws passes through. */
export type Step = (frame: Frame) => CelResult;

/** Ends an evaluation that has used its budget; thrown so that no operator absorbs it, caught by the program only. */
export class BudgetExceeded {}

/** Notes cost where it can grow without bound: loops, and calls that walk over their arguments. */
export function spend(frame: Frame, cost: number): void {
  frame.cost += cost;
  if (frame.cost > frame.limit) throw new BudgetExceeded();
}

/** The error of an operand as the result of an operation, which costs one unit all the same. */
export function failed(frame: Frame, error: CelError): CelError {
  frame.cost++;
  return error;
}

/** How much effort an evaluation may make for each cost unit it may use. */
const WORK_PER_COST = 5;

/**
 * Notes effort that the original does not charge for, so that a budget bounds time too. Only evaluations that stay
 * far from ordinary ones meet this bound before the other.
 */
export function spendWork(frame: Frame, work: number): void {
  frame.work += work;
  if (frame.work > frame.limit * WORK_PER_COST) throw new BudgetExceeded();
}

/** How much more effort `spendWork` will bear. */
export function workLeft(frame: Frame): number {
  return frame.limit * WORK_PER_COST - frame.work;
}

/** A step that reports its values to the observer. */
export function observed(expr: Expr, step: Step): Step {
  const { id } = expr;
  const range = [expr.start, expr.end] as const;
  return (frame) => {
    const value = step(frame);
    frame.observer?.(id, range, value);
    return value;
  };
}
