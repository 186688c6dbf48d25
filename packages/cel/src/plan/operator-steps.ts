import { add, divide, modulo, multiply, negate, subtract } from '../values/arithmetic.ts';
import { CelError, NO_SUCH_OVERLOAD } from '../values/cel-error.ts';
import { isMap, mapGet, toMapKey } from '../values/cel-map.ts';
import type { CelType } from '../values/cel-type.ts';
import type { CelResult, CelValue } from '../values/cel-value.ts';
import { costSize, traversalCost } from '../values/cost-size.ts';
import { isEqual } from '../values/equality.ts';
import { compareValues } from '../values/ordering.ts';
import { hasPlainMember } from './attributes.ts';
import { failed, type Step, spend, spendWork } from './frame.ts';

type Binary = (a: CelValue, b: CelValue) => CelResult;

const ARITHMETIC = new Map<string, Binary>([
  ['_+_', add],
  ['_-_', subtract],
  ['_*_', multiply],
  ['_/_', divide],
  ['_%_', modulo],
]);

const ORDER = new Map<string, (order: number) => boolean>([
  ['_<_', (order) => order < 0],
  ['_<=_', (order) => order <= 0],
  ['_>_', (order) => order > 0],
  ['_>=_', (order) => order >= 0],
]);

/** Whether a static type makes the operator walk over text or bytes. */
function isText(type: CelType | undefined): boolean {
  return type?.kind === 'string' || type?.kind === 'bytes';
}

/** `+ - * / %` and the orderings; `undefined` for every other name. The types are the static ones of the operands. */
export function planBinary(
  name: string,
  left: Step,
  right: Step,
  types: readonly (CelType | undefined)[],
): Step | undefined {
  const arithmetic = ARITHMETIC.get(name);
  if (arithmetic !== undefined) return planArithmetic(name, arithmetic, left, right, types);
  const accept = ORDER.get(name);
  return accept && planOrder(accept, left, right, types.some(isText));
}

function planArithmetic(
  name: string,
  operation: Binary,
  left: Step,
  right: Step,
  types: readonly (CelType | undefined)[],
): Step {
  const joinsText = name === '_+_' && types.some(isText);
  return (frame) => {
    const a = left(frame);
    const b = right(frame);
    if (a instanceof CelError) return failed(frame, a);
    if (b instanceof CelError) return failed(frame, b);
    if (joinsText) spend(frame, traversalCost(costSize(a) + costSize(b)));
    else spend(frame, 1);
    const result = operation(a, b);
    if (typeof result === 'object' || typeof result === 'string') spendWork(frame, sizeOf(result));
    return result;
  };
}

/** What was copied to make a sum of lists or texts. */
function sizeOf(result: CelResult): number {
  if (typeof result === 'string') return result.length / 16;
  return Array.isArray(result) || result instanceof Uint8Array ? result.length : 1;
}

function planOrder(accept: (order: number) => boolean, left: Step, right: Step, text: boolean): Step {
  return (frame) => {
    const a = left(frame);
    const b = right(frame);
    if (a instanceof CelError) return failed(frame, a);
    if (b instanceof CelError) return failed(frame, b);
    if (text) spend(frame, traversalCost(Math.min(costSize(a), costSize(b))));
    else frame.cost++;
    const order = compareValues(a, b);
    return order === undefined ? NO_SUCH_OVERLOAD : accept(order);
  };
}

export function planNegate(operand: Step): Step {
  return (frame) => {
    const value = operand(frame);
    frame.cost++;
    return value instanceof CelError ? value : negate(value);
  };
}

/** `value in collection`. */
export function planIn(element: Step, collection: Step, collectionType: CelType | undefined): Step {
  const isList = collectionType?.kind === 'list';
  return (frame) => {
    const value = element(frame);
    const within = collection(frame);
    if (value instanceof CelError) return failed(frame, value);
    if (within instanceof CelError) return failed(frame, within);
    if (Array.isArray(within)) {
      spend(frame, isList ? within.length : 1);
      spendWork(frame, within.length);
      return includes(within, value);
    }
    frame.cost++;
    const plain = hasPlainMember(within, value);
    if (plain !== undefined) return plain;
    if (!isMap(within)) return NO_SUCH_OVERLOAD;
    return toMapKey(value) === undefined ? NO_SUCH_OVERLOAD : mapGet(within, value) !== undefined;
  };
}

function includes(list: readonly CelValue[], value: CelValue): boolean {
  // Text equals the same text only, which the engine finds faster.
  if (typeof value === 'string') return list.includes(value);
  for (const item of list) if (isEqual(value, item)) return true;
  return false;
}

/** `value in [constants…]`: one look-up, which the original does not charge for. */
export function planInConstants(element: Step, constants: readonly CelValue[]): Step {
  const keys = new Set(constants.map(toMapKey));
  const others = constants.filter((constant) => toMapKey(constant) === undefined);
  return (frame) => {
    const value = element(frame);
    if (value instanceof CelError) return value;
    const key = toMapKey(value);
    if (key !== undefined) return keys.has(key);
    return others.some((other) => isEqual(value, other));
  };
}
