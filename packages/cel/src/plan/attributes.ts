import { findField, hasField, indexOptional, indexValue, selectField, selectOptional } from '../values/access.ts';
import { CelError, noSuchKey } from '../values/cel-error.ts';
import { CelObject } from '../values/cel-object.ts';
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

/** Names that something other than a member of a JSON object may answer to: only own members count for them. */
const INHERITED = new Set(
  [Object.prototype, Array.prototype, Uint8Array.prototype, Object.getPrototypeOf(Uint8Array.prototype) as object]
    .flatMap((prototype) => Object.getOwnPropertyNames(prototype))
    .concat('message'),
);
const POSITION = /^\d+$/;

/**
 * Whether reading this member of any value gives a member of a JSON object, or nothing, or belongs to a `CelObject`.
 * That is faster to sort out afterwards than to ask for an own member.
 */
export function isPlainName(field: string): boolean {
  return !INHERITED.has(field) && !POSITION.test(field);
}

type Members = { readonly [key: string]: CelValue | undefined };

/**
 * Reads one field; `undefined` when it is absent, errors are passed on. `careful` is for names that are not plain.
 */
export function readMember(value: CelResult, field: string, careful = false): CelResult | undefined {
  if (typeof value === 'object' && value !== null && !careful) {
    const found = (value as Members)[field];
    if (found !== undefined && !(value instanceof CelObject)) return found;
  }
  return value instanceof CelError ? value : findField(value, field);
}

/** Whether a value has a field, for `has`; errors are passed on. */
export function hasMember(value: CelResult, field: string, plain: boolean): boolean | CelError {
  if (plain && isJsonObject(value)) return (value as Members)[field] !== undefined;
  return value instanceof CelError ? value : hasField(value, field);
}

/** `operand.first.second…`, in one loop. */
export function planSelects(operand: Step, fields: readonly string[]): Step {
  const missing = fields.map(noSuchKey);
  const careful = fields.map((field) => !isPlainName(field));
  const cost = fields.length;
  return (frame) => {
    let value = operand(frame);
    frame.cost += cost;
    for (let index = 0; index < fields.length; index++) {
      const found: CelResult | undefined = readMember(value, fields[index] ?? '', careful[index]);
      if (found === undefined) return missing[index] ?? noSuchKey('');
      value = found;
    }
    return value;
  };
}

/** `has(operand.field)`. */
export function planTest(operand: Step, field: string): Step {
  const plain = isPlainName(field);
  return (frame) => hasMember(operand(frame), field, plain);
}

function isJsonObject(value: CelResult): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    !(value instanceof CelObject) &&
    !Array.isArray(value) &&
    !(value instanceof CelError) &&
    !(value instanceof Uint8Array)
  );
}

/** Whether a JSON object has a member of its own; `undefined` when it is none, or the name is no text. */
export function hasPlainMember(value: CelValue, name: CelValue): boolean | undefined {
  if (typeof name !== 'string' || !isJsonObject(value)) return undefined;
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
