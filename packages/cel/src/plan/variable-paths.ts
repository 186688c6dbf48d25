import { CelError, noSuchKey } from '../values/cel-error.ts';
import type { CelResult } from '../values/cel-value.ts';
import { hasMember, isPlainName, readMember } from './attributes.ts';
import type { Step } from './frame.ts';

/** A variable by its slot, and the error of reading it unbound. */
export interface Variable {
  readonly slot: number;
  readonly name: string;
}

/** `variable.first.second…` in one step: what policies are mostly made of. */
export function planVariablePath({ slot, name }: Variable, fields: readonly string[]): Step {
  const unbound = new CelError(`no such attribute(s): ${name}`);
  const [first = '', second = ''] = fields;
  const noFirst = noSuchKey(first);
  const noSecond = noSuchKey(second);
  const cost = fields.length + 1;
  if (!fields.every(isPlainName) || fields.length > 2) return planLongPath(slot, unbound, fields);
  if (fields.length === 1) {
    return (frame) => {
      frame.cost += cost;
      const value = frame.slots[slot];
      if (value === undefined) return unbound;
      const found = readMember(value, first);
      return found === undefined ? noFirst : found;
    };
  }
  return (frame) => {
    frame.cost += cost;
    const value = frame.slots[slot];
    if (value === undefined) return unbound;
    const middle = readMember(value, first);
    if (middle === undefined) return noFirst;
    const found = readMember(middle, second);
    return found === undefined ? noSecond : found;
  };
}

function planLongPath(slot: number, unbound: CelError, fields: readonly string[]): Step {
  const missing = fields.map(noSuchKey);
  const read = fields.map((field) => (isPlainName(field) ? readMember : hasOwnRead));
  const cost = fields.length + 1;
  return (frame) => {
    frame.cost += cost;
    let value: CelResult | undefined = frame.slots[slot];
    if (value === undefined) return unbound;
    for (let index = 0; index < fields.length; index++) {
      const found: CelResult | undefined = read[index]?.(value, fields[index] ?? '');
      if (found === undefined) return missing[index] ?? unbound;
      value = found;
    }
    return value;
  };
}

const hasOwnRead = (value: CelResult, field: string): CelResult | undefined => readMember(value, field, true);

/** `has(variable.field)`. */
export function planVariableTest({ slot, name }: Variable, field: string): Step {
  const unbound = new CelError(`no such attribute(s): ${name}`);
  const plain = isPlainName(field);
  return (frame) => {
    frame.cost++;
    const value = frame.slots[slot];
    return value === undefined ? unbound : hasMember(value, field, plain);
  };
}
