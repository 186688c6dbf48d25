import { findField, hasField, indexOptional, indexValue, selectField, selectOptional } from '../values/access.ts';
import { CelError, noSuchKey } from '../values/cel-error.ts';
import { CelOptional } from '../values/cel-optional.ts';
import type { CelResult, CelValue } from '../values/cel-value.ts';
import type { Frame, Step } from './frame.ts';

/** A variable of the activation. */
export function planVariable(slot: number, name: string): Step {
  const unbound = new CelError(`no such attribute(s): ${name}`);
  return (frame) => {
    frame.cost++;
    const value = frame.slots[slot];
    return value === undefined ? unbound : value;
  };
}

/** A variable of `cel.bind`, computed when first asked for. */
export function planBound(slot: number, compute: Step): Step {
  return (frame) => {
    frame.cost++;
    const known = frame.slots[slot];
    if (known !== undefined) return known;
    const value = compute(frame);
    frame.slots[slot] = value;
    return value;
  };
}

/** The same for a value that stands for a repeated expression: each use costs what computing it would. */
export function planRepeated(slot: number, compute: Step): Step {
  // The cost is kept in the slot that follows.
  return (frame) => {
    const known = frame.slots[slot];
    if (known !== undefined) {
      frame.cost += Number(frame.slots[slot + 1]);
      return known;
    }
    const before = frame.cost;
    const value = compute(frame);
    frame.slots[slot + 1] = frame.cost - before;
    frame.slots[slot] = value;
    return value;
  };
}

/** Names that plain objects inherit: reading them must look at own members only. */
const INHERITED = new Set(Object.getOwnPropertyNames(Object.prototype));

/** Reads one field; `undefined` when it is absent. Errors are passed on. */
type Read = (value: CelResult) => CelResult | undefined;

const OBJECT_PROTOTYPE: unknown = Object.prototype;

/**
 * Whether a value is a JSON object that inherits nothing but what all objects do: then any other name that it
 * answers to is a member of its own. Faster to see than to ask for an own member.
 */
function isPlain(value: CelResult): boolean {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === OBJECT_PROTOTYPE;
}

type Members = { readonly [key: string]: CelValue | undefined };

function reader(field: string): Read {
  if (INHERITED.has(field)) return (value) => (value instanceof CelError ? value : findField(value, field));
  return (value) => {
    if (isPlain(value)) return (value as Members)[field];
    return value instanceof CelError ? value : findField(value, field);
  };
}

/** `operand.first.second…`, in one loop. */
export function planSelects(operand: Step, fields: readonly string[]): Step {
  const [first, second, third] = fields;
  const cost = fields.length;
  if (first !== undefined && second === undefined) return planOne(operand, first);
  if (first !== undefined && second !== undefined && third === undefined) return planTwo(operand, first, second);
  const reads = fields.map(reader);
  const missing = fields.map(noSuchKey);
  return (frame) => {
    let value = operand(frame);
    frame.cost += cost;
    for (let index = 0; index < reads.length; index++) {
      const found: CelResult | undefined = reads[index]?.(value);
      if (found === undefined) return missing[index] ?? noSuchKey('');
      value = found;
    }
    return value;
  };
}

function planOne(operand: Step, field: string): Step {
  const missing = noSuchKey(field);
  const inherited = INHERITED.has(field);
  return (frame) => {
    const value = operand(frame);
    frame.cost++;
    let found: CelResult | undefined;
    if (isPlain(value) && !inherited) found = (value as Members)[field];
    else if (value instanceof CelError) return value;
    else found = findField(value, field);
    return found === undefined ? missing : found;
  };
}

function planTwo(operand: Step, first: string, second: string): Step {
  const readFirst = reader(first);
  const readSecond = reader(second);
  const noFirst = noSuchKey(first);
  const noSecond = noSuchKey(second);
  return (frame) => {
    const value = operand(frame);
    frame.cost += 2;
    const middle = readFirst(value);
    if (middle === undefined) return noFirst;
    const found = readSecond(middle);
    return found === undefined ? noSecond : found;
  };
}

/** `has(operand.field)`. */
export function planTest(operand: Step, field: string): Step {
  const inherited = INHERITED.has(field);
  return (frame) => {
    const value = operand(frame);
    if (isPlain(value) && !inherited) return (value as Members)[field] !== undefined;
    return value instanceof CelError ? value : hasField(value, field);
  };
}

/** Whether a plain object has a member, for names that may be inherited too; `undefined` when it is not plain. */
export function hasPlainMember(value: CelValue, name: CelValue): boolean | undefined {
  if (typeof name !== 'string' || !isPlain(value)) return undefined;
  return Object.hasOwn(value as Members, name) && (value as Members)[name] !== undefined;
}

/** `operand.?field`. */
export function planOptionalSelect(operand: Step, field: string): Step {
  return (frame) => {
    const value = operand(frame);
    if (value instanceof CelError) return value;
    const found = selectOptional(value, field);
    if (found instanceof CelOptional && found.value !== undefined) frame.cost++;
    return found;
  };
}

/** `operand[index]` and `operand[?index]`; what is absent costs nothing. */
export function planIndex(operand: Step, index: Step, optional: boolean): Step {
  const access = optional ? indexOptional : indexValue;
  return (frame) => {
    const value = operand(frame);
    if (value instanceof CelError) return value;
    const key = index(frame);
    if (key instanceof CelError) return key;
    const found = access(value, key);
    if (!(found instanceof CelOptional && found.value === undefined)) frame.cost++;
    return found;
  };
}

/** `operand[3]` and `operand["key"]` with a constant. */
export function planConstantIndex(operand: Step, index: CelValue): Step {
  if (typeof index === 'string') return planKey(operand, index);
  return (frame) => {
    const value = operand(frame);
    frame.cost++;
    if (value instanceof CelError) return value;
    if (Array.isArray(value) && typeof index === 'number' && index >= 0 && index < value.length) {
      const element: CelValue | undefined = value[index];
      if (element !== undefined) return element;
    }
    return indexValue(value, index);
  };
}

function planKey(operand: Step, key: string): Step {
  const missing = noSuchKey(key);
  return (frame) => {
    const value = operand(frame);
    frame.cost++;
    return value instanceof CelError ? value : selectField(value, key, missing);
  };
}

/** `optional.orValue(other)`: the other is evaluated only when the optional is empty. */
export function planOrValue(operand: Step, other: Step): Step {
  return (frame) => {
    const value = operand(frame);
    if (value instanceof CelError) return value;
    if (!(value instanceof CelOptional)) return notOptional(frame);
    return value.value === undefined ? other(frame) : value.value;
  };
}

/** `optional.or(other)`. */
export function planOr(operand: Step, other: Step): Step {
  return (frame) => {
    const value = operand(frame);
    if (value instanceof CelError) return value;
    if (!(value instanceof CelOptional)) return notOptional(frame);
    return value.value === undefined ? other(frame) : value;
  };
}

const NOT_OPTIONAL = new CelError('no such overload');

function notOptional(_frame: Frame): CelError {
  return NOT_OPTIONAL;
}
