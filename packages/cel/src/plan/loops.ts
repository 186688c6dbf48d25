import type { ComprehensionForm } from '../syntax/ast.ts';
import { CelError, NO_SUCH_OVERLOAD } from '../values/cel-error.ts';
import { isMap, MapBuilder, mapGet, mapKeys } from '../values/cel-map.ts';
import { CelObject } from '../values/cel-object.ts';
import type { CelResult, CelValue } from '../values/cel-value.ts';
import { type Frame, type Step, spend, spendWork } from './frame.ts';

export interface LoopParts {
  readonly form: ComprehensionForm;
  readonly range: Step;
  /** Slot of the element, or of index and element (key and value) with two variables. */
  readonly slots: readonly number[];
  readonly filter: Step | undefined;
  readonly step: Step;
  /** Whether the result of a step is a constant, which the original does not charge for building a list of. */
  readonly constantStep: boolean;
}

/** What the loop's body says about going on: a result ends it. */
type Body = (frame: Frame, last: boolean) => CelResult | undefined;

/** The start of a loop: makes the body and the result for one evaluation. */
interface Loop {
  readonly body: Body;
  readonly finish: () => CelResult;
}

/** Costs per turn as the original's expansion of the macros has them. */
const ALL_COST = 3;
const EXISTS_COST = 4;
/** What asking once more whether to go on costs when a decision ends the loop early. */
const ALL_END_COST = 2;
const EXISTS_END_COST = 3;
const APPEND_COST = 12;
const APPEND_CONSTANT_COST = 2;
const COUNT_COST = 2;
const INSERT_COST = 2;

/** A macro over a list or map as one loop. */
export function planLoop(parts: LoopParts): Step {
  const { range, slots, form } = parts;
  if ((form === 'all' || form === 'exists') && slots.length === 1) return planQuantifier(parts, form === 'exists');
  const start = starterOf(parts);
  const resultCost = form === 'existsOne' ? 2 : 1;
  const [first = 0, second] = slots;
  return (frame) => {
    const values = range(frame);
    if (values instanceof CelError) return values;
    const { body, finish } = start();
    const ended =
      second === undefined ? walk(frame, values, first, body) : walkPairs(frame, values, first, second, body);
    spend(frame, resultCost);
    return ended === undefined ? finish() : ended;
  };
}

/** `all` and `exists` with one variable: the loops that policies are made of, without a state of their own. */
function planQuantifier({ range, slots, step }: LoopParts, decisive: boolean): Step {
  const [slot = 0] = slots;
  const other = !decisive;
  const cost = decisive ? EXISTS_COST : ALL_COST;
  const endCost = decisive ? EXISTS_END_COST : ALL_END_COST;
  return (frame) => {
    const values = range(frame);
    const items = itemsOf(frame, values);
    if (items instanceof CelError) return items;
    const { slots: frameSlots } = frame;
    const last = items.length - 1;
    let failure: CelError | undefined;
    for (let index = 0; index <= last; index++) {
      frameSlots[slot] = items[index] as CelValue;
      spend(frame, cost);
      const value = step(frame);
      if (value === decisive) {
        frame.cost += index < last ? endCost + 1 : 1;
        return decisive;
      }
      if (value !== other) failure ??= value instanceof CelError ? value : NO_SUCH_OVERLOAD;
    }
    frame.cost++;
    return failure ?? other;
  };
}

/** What a loop with one variable goes over: the elements of a list, the keys of a map. */
function itemsOf(frame: Frame, values: CelResult): readonly CelValue[] | CelError {
  if (Array.isArray(values)) return values;
  if (values instanceof CelError) return values;
  if (!isMap(values)) return notIterable(values);
  const keys = mapKeys(values);
  spendWork(frame, keys.length);
  return keys;
}

function walk(frame: Frame, values: CelValue, slot: number, body: Body): CelResult | undefined {
  const { slots } = frame;
  const items = itemsOf(frame, values);
  if (items instanceof CelError) return items;
  for (let index = 0; index < items.length; index++) {
    slots[slot] = items[index] as CelValue;
    const ended = body(frame, index === items.length - 1);
    if (ended !== undefined) return ended;
  }
  return undefined;
}

function walkPairs(frame: Frame, values: CelValue, first: number, second: number, body: Body): CelResult | undefined {
  const { slots } = frame;
  if (Array.isArray(values)) {
    for (let index = 0; index < values.length; index++) {
      slots[first] = index;
      slots[second] = values[index] as CelValue;
      const ended = body(frame, index === values.length - 1);
      if (ended !== undefined) return ended;
    }
    return undefined;
  }
  if (!isMap(values)) return notIterable(values);
  const keys = mapKeys(values);
  spendWork(frame, keys.length);
  for (const [index, key] of keys.entries()) {
    slots[first] = key;
    slots[second] = mapGet(values, key);
    const ended = body(frame, index === keys.length - 1);
    if (ended !== undefined) return ended;
  }
  return undefined;
}

function notIterable(value: CelValue): CelError {
  return new CelError(`got 'types.${hostTypeName(value)}', expected iterable type`);
}

// The original names its own implementation types here.
function hostTypeName(value: CelValue): string {
  switch (typeof value) {
    case 'string':
      return 'String';
    case 'boolean':
      return 'Bool';
    case 'number':
      return Number.isSafeInteger(value) ? 'Int' : 'Double';
    case 'bigint':
      return 'Int';
    default:
      if (value === null) return 'Null';
      if (!(value instanceof CelObject)) return 'Bytes';
      return HOST_NAMES.get(value.celType.name) ?? value.celType.name;
  }
}

const HOST_NAMES = new Map([
  ['double', 'Double'],
  ['uint', 'Uint'],
  ['google.protobuf.Timestamp', 'Timestamp'],
  ['google.protobuf.Duration', 'Duration'],
  ['optional_type', 'Optional'],
]);

function starterOf(parts: LoopParts): () => Loop {
  switch (parts.form) {
    case 'all':
      return quantifier(parts.step, false, ALL_COST, ALL_END_COST);
    case 'exists':
      return quantifier(parts.step, true, EXISTS_COST, EXISTS_END_COST);
    case 'existsOne':
      return counter(parts.step);
    case 'transformMap':
      return mapTransform(parts);
    case 'transformMapEntry':
      return entryTransform(parts);
    default:
      return collector(parts);
  }
}

/** `all` and `exists`: a decisive element ends the loop, errors count only when none is. */
function quantifier(step: Step, decisive: boolean, cost: number, endCost: number): () => Loop {
  return () => {
    let failure: CelError | undefined;
    return {
      body(frame, last) {
        spend(frame, cost);
        const value = step(frame);
        if (value === decisive) {
          if (!last) frame.cost += endCost;
          return decisive;
        }
        if (value !== !decisive) failure ??= value instanceof CelError ? value : NO_SUCH_OVERLOAD;
        return undefined;
      },
      finish: () => failure ?? !decisive,
    };
  };
}

function counter(step: Step): () => Loop {
  return () => {
    let count = 0;
    return {
      body(frame) {
        const value = step(frame);
        spend(frame, value === true ? COUNT_COST : 0);
        if (value === true) count++;
        else if (value !== false) return value instanceof CelError ? value : NO_SUCH_OVERLOAD;
        return undefined;
      },
      finish: () => count === 1,
    };
  };
}

/** Whether the filter lets an element through; `undefined` means it does. */
function rejected(filter: Step | undefined, frame: Frame): CelError | 'skip' | undefined {
  if (filter === undefined) return undefined;
  const value = filter(frame);
  if (value === true) return undefined;
  if (value === false) return 'skip';
  return value instanceof CelError ? value : NO_SUCH_OVERLOAD;
}

/** `map`, `filter` and `transformList`. */
function collector({ filter, step, constantStep }: LoopParts): () => Loop {
  const cost = constantStep ? APPEND_CONSTANT_COST : APPEND_COST;
  return () => {
    const list: CelValue[] = [];
    return {
      body(frame) {
        const refusal = rejected(filter, frame);
        if (refusal !== undefined) return refusal === 'skip' ? undefined : refusal;
        spend(frame, cost);
        const value = step(frame);
        if (value instanceof CelError) return value;
        list.push(value);
        return undefined;
      },
      finish: () => list,
    };
  };
}

function mapTransform({ filter, step, slots }: LoopParts): () => Loop {
  const [keySlot = 0] = slots;
  return () => {
    const builder = new MapBuilder();
    return {
      body(frame) {
        const refusal = rejected(filter, frame);
        if (refusal !== undefined) return refusal === 'skip' ? undefined : refusal;
        spend(frame, INSERT_COST + 1);
        const value = step(frame);
        if (value instanceof CelError) return value;
        const key = frame.slots[keySlot];
        return key === undefined || key instanceof CelError ? NO_SUCH_OVERLOAD : insert(builder, key, value);
      },
      finish: () => builder.build(),
    };
  };
}

function entryTransform({ filter, step }: LoopParts): () => Loop {
  return () => {
    const builder = new MapBuilder();
    return {
      body(frame) {
        const refusal = rejected(filter, frame);
        if (refusal !== undefined) return refusal === 'skip' ? undefined : refusal;
        spend(frame, INSERT_COST);
        const value = step(frame);
        if (value instanceof CelError) return value;
        if (!isMap(value)) return NO_SUCH_OVERLOAD;
        for (const key of mapKeys(value)) {
          const problem = insert(builder, key, mapGet(value, key) ?? null);
          if (problem !== undefined) return problem;
        }
        return undefined;
      },
      finish: () => builder.build(),
    };
  };
}

function insert(builder: MapBuilder, key: CelValue, value: CelValue): CelError | undefined {
  if (builder.has(key)) return new CelError(`insert failed: key ${String(key)} already exists`);
  return builder.add(key, value);
}
