import type { TypeDeclaration } from '../declare/type-declaration.ts';
import { CelError, NO_SUCH_OVERLOAD } from '../values/cel-error.ts';
import { MapBuilder } from '../values/cel-map.ts';
import { CelOptional } from '../values/cel-optional.ts';
import type { CelResult, CelValue } from '../values/cel-value.ts';
import { type Step, spend } from './frame.ts';

const LIST_COST = 10;
const MAP_COST = 30;
const STRUCT_COST = 40;

export interface PlannedElement {
  readonly step: Step;
  readonly optional: boolean;
}

export interface PlannedEntry extends PlannedElement {
  readonly key: Step;
}

export interface PlannedField extends PlannedElement {
  readonly name: string;
}

/** What an optional entry contributes: its value, `undefined` for none, an error when it is no optional. */
function unwrap(value: CelValue): CelResult | undefined {
  if (value instanceof CelOptional) return value.value;
  return NO_SUCH_OVERLOAD;
}

export function planList(elements: readonly PlannedElement[]): Step {
  return (frame) => {
    const list: CelValue[] = [];
    for (const { step, optional } of elements) {
      const value = step(frame);
      if (value instanceof CelError) return value;
      const item = optional ? unwrap(value) : value;
      if (item instanceof CelError) return item;
      if (item !== undefined) list.push(item);
    }
    spend(frame, LIST_COST);
    return list;
  };
}

export function planMap(entries: readonly PlannedEntry[]): Step {
  return (frame) => {
    const builder = new MapBuilder();
    for (const { key, step, optional } of entries) {
      const name = key(frame);
      if (name instanceof CelError) return name;
      const value = step(frame);
      if (value instanceof CelError) return value;
      const item = optional ? unwrap(value) : value;
      if (item instanceof CelError) return item;
      const problem = item === undefined ? undefined : builder.add(name, item);
      if (problem !== undefined) return problem;
    }
    spend(frame, MAP_COST);
    return builder.build();
  };
}

export function planStruct(type: TypeDeclaration, fields: readonly PlannedField[]): Step {
  const unsupported = new CelError(`no such type: ${type.name}`);
  return (frame) => {
    const values = new Map<string, CelValue>();
    for (const { name, step, optional } of fields) {
      const value = step(frame);
      if (value instanceof CelError) return value;
      const item = optional ? unwrap(value) : value;
      if (item instanceof CelError) return item;
      if (item !== undefined) values.set(name, item);
    }
    spend(frame, STRUCT_COST);
    return type.construct === undefined ? unsupported : type.construct(values);
  };
}
