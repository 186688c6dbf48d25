import { CelError } from '../values/cel-error.ts';
import type { CelValue } from '../values/cel-value.ts';
import { costSize, traversalCost } from '../values/cost-size.ts';
import { isEqual } from '../values/equality.ts';
import { failed, type Step, spend, spendWork, workLeft } from './frame.ts';

const SHORT = 10;

/** What comparing two values costs: the shorter of them is walked over. */
function equalityCost(a: CelValue, b: CelValue): number {
  if (typeof a !== 'object' && typeof a !== 'string') return 1;
  if (typeof b !== 'object' && typeof b !== 'string') return 1;
  if (a === null || b === null) return Math.min(1, traversalCost(Math.min(costSize(a), costSize(b))));
  return traversalCost(Math.min(costSize(a), costSize(b)));
}

/** `left == right`, or `!=` when `wanted` is false. */
export function planEquality(left: Step, right: Step, wanted: boolean): Step {
  return (frame) => {
    const a = left(frame);
    const b = right(frame);
    if (a instanceof CelError) return failed(frame, a);
    if (b instanceof CelError) return failed(frame, b);
    spend(frame, equalityCost(a, b));
    if (typeof a !== 'object' || a === null) return isEqual(a, b) === wanted;
    const meter = { work: 0, limit: workLeft(frame) };
    const equal = isEqual(a, b, meter);
    spendWork(frame, meter.work);
    return equal === wanted;
  };
}

/** The same with a constant on one side; comparisons with text are the most frequent step of all. */
export function planEqualityTo(operand: Step, constant: CelValue, wanted: boolean): Step {
  if (typeof constant === 'string') return planTextEquality(operand, constant, wanted);
  if (typeof constant === 'boolean' || typeof constant === 'number' || constant === null) {
    return planScalarEquality(operand, constant, wanted);
  }
  return (frame) => {
    const value = operand(frame);
    if (value instanceof CelError) return failed(frame, value);
    frame.cost += equalityCost(value, constant);
    return (value === constant || isEqual(value, constant)) === wanted;
  };
}

function planScalarEquality(operand: Step, constant: boolean | number | null, wanted: boolean): Step {
  return (frame) => {
    const value = operand(frame);
    // NaN is no constant of the language, so what is identical is equal.
    if (value === constant) {
      frame.cost++;
      return wanted;
    }
    if (value instanceof CelError) return failed(frame, value);
    frame.cost += equalityCost(value, constant);
    return isEqual(value, constant) === wanted;
  };
}

function planTextEquality(operand: Step, text: string, wanted: boolean): Step {
  const size = costSize(text);
  return (frame) => {
    const value = operand(frame);
    if (typeof value === 'string') {
      frame.cost +=
        value.length <= SHORT && value.length > 0 && size > 0 ? 1 : traversalCost(Math.min(size, costSize(value)));
      return (value === text) === wanted;
    }
    if (value instanceof CelError) return failed(frame, value);
    frame.cost += equalityCost(value, text);
    return !wanted;
  };
}
