import { CelError, NO_SUCH_OVERLOAD } from '../values/cel-error.ts';
import type { CelResult } from '../values/cel-value.ts';
import type { Step } from './frame.ts';

/**
 * `&&` and `||`: the first operand that is `decisive` decides, whatever the others are. Otherwise the first error
 * is the result, and operands that are no booleans are errors.
 */
export function planLogical(terms: readonly Step[], decisive: boolean): Step {
  const [first, second] = terms;
  if (terms.length === 2 && first && second) return planPair(first, second, decisive);
  const other = !decisive;
  return (frame) => {
    let failure: CelError | undefined;
    for (let index = 0; index < terms.length; index++) {
      const value = terms[index]?.(frame) ?? null;
      if (value === decisive) return decisive;
      if (value !== other) failure ??= asFailure(value);
    }
    return failure ?? other;
  };
}

function planPair(first: Step, second: Step, decisive: boolean): Step {
  const other = !decisive;
  return (frame) => {
    const left = first(frame);
    if (left === decisive) return decisive;
    const right = second(frame);
    if (right === decisive) return decisive;
    if (left !== other) return asFailure(left);
    return right === other ? other : asFailure(right);
  };
}

function asFailure(value: CelResult): CelError {
  return value instanceof CelError ? value : NO_SUCH_OVERLOAD;
}

export function planConditional(condition: Step, yes: Step, no: Step): Step {
  return (frame) => {
    const chosen = condition(frame);
    if (chosen === true) return yes(frame);
    if (chosen === false) return no(frame);
    return asFailure(chosen);
  };
}

export function planNot(operand: Step): Step {
  return (frame) => {
    const value = operand(frame);
    frame.cost++;
    if (typeof value === 'boolean') return !value;
    return asFailure(value);
  };
}
