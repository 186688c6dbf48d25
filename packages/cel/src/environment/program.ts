import type { CheckedExpr } from '../check/checked.ts';
import { BudgetExceeded, type Frame, type Observer } from '../plan/frame.ts';
import { type Plan, plan } from '../plan/planner.ts';
import { CelError } from '../values/cel-error.ts';
import type { CelResult, CelValue } from '../values/cel-value.ts';

/** Values of the variables by name; only own members count. */
export type VariableRecord = Readonly<Record<string, CelValue | CelError | undefined>>;

/** Variables that are told when they are asked for. */
export abstract class VariableSource {
  /** `undefined` for a variable it does not know. */
  abstract read(name: string): CelResult | undefined;
}

/** The variables of one evaluation. */
export type Activation = VariableRecord | VariableSource;

/** The value of one of them. */
export function readVariable(activation: Activation, name: string): CelResult | undefined {
  if (activation instanceof VariableSource) return activation.read(name);
  return Object.hasOwn(activation, name) ? activation[name] : undefined;
}

export interface EvaluateOptions {
  /** Cost units an evaluation may use; Kubernetes allows 1 000 000 per call, which is the default. */
  readonly costLimit?: number;
  /** Given to library functions that ask the outside. */
  readonly host?: unknown;
}

export interface Evaluation {
  readonly value: CelResult;
  readonly cost: number;
}

/** A compiled expression. Evaluations share nothing, so a program may be used at any time, also by itself. */
export interface CelProgram {
  /**
   * The value, or an error value. Nothing is thrown but what a host function throws, and that is thrown on whatever
   * operators stand around the call.
   */
  evaluate(activation: Activation, options?: EvaluateOptions): CelResult;
  /** The same with the cost units that were used. */
  measure(activation: Activation, options?: EvaluateOptions): Evaluation;
  /** The same, reporting the value of every sub-expression; the closures that report are made when first asked for. */
  observe(activation: Activation, observer: Observer, options?: EvaluateOptions): CelResult;
  /** Names of the activation's variables that the expression reads. */
  readonly variables: readonly string[];
}

/** What one call may cost in Kubernetes. */
export const DEFAULT_COST_LIMIT = 1_000_000;

const OVER_BUDGET = new CelError('operation cancelled: actual cost limit exceeded');

const TOO_DEEP = new CelError('operation cancelled: values are nested too deeply');

/** Comparing data nested without bound exhausts the stack; the frame is left behind, so nothing else is harmed. */
function isStackOverflow(reason: unknown): boolean {
  return reason instanceof RangeError && reason.message === 'Maximum call stack size exceeded';
}

export function createProgram(checked: CheckedExpr): CelProgram {
  const planned = plan(checked, false);
  let observing: Plan | undefined;
  return Object.freeze({
    variables: planned.variables,
    evaluate: (activation: Activation, options?: EvaluateOptions) => {
      return run(planned, createFrame(planned, activation, options));
    },
    measure: (activation: Activation, options?: EvaluateOptions) => {
      const frame = createFrame(planned, activation, options);
      return { value: run(planned, frame), cost: frame.cost };
    },
    observe: (activation: Activation, observer: Observer, options?: EvaluateOptions) => {
      observing ??= plan(checked, true);
      return run(observing, createFrame(observing, activation, options, observer));
    },
  });
}

function createFrame(
  { variables, slotCount }: Plan,
  activation: Activation,
  options?: EvaluateOptions,
  observer?: Observer,
): Frame {
  const slots: (CelResult | undefined)[] = [];
  for (const name of variables) slots.push(readVariable(activation, name));
  while (slots.length < slotCount) slots.push(undefined);
  return { slots, host: options?.host, observer, limit: options?.costLimit ?? DEFAULT_COST_LIMIT, cost: 0, work: 0 };
}

function run({ step }: Plan, frame: Frame): CelResult {
  try {
    const value = step(frame);
    return frame.cost > frame.limit ? OVER_BUDGET : value;
  } catch (reason) {
    if (reason instanceof BudgetExceeded) return OVER_BUDGET;
    if (isStackOverflow(reason)) return TOO_DEEP;
    throw reason;
  }
}
