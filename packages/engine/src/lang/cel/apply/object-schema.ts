import type { Json } from '../../../kernel/json.ts';

/** How values of one type merge: as a scalar, as a list, as a map, by what the value is. */
export interface ObjectSchema {
  readonly scalar?: ScalarKind;
  readonly list?: ListSchema;
  readonly map?: MapSchema;
}

export type ScalarKind = 'string' | 'numeric' | 'boolean' | 'untyped';

export interface ListSchema {
  /** The list is replaced as a whole; else its elements are told apart by `keys`, by value when there are none. */
  readonly isAtomic: boolean;
  readonly keys: readonly string[];
  readonly element: () => ObjectSchema;
}

export interface MapSchema {
  readonly isAtomic: boolean;
  readonly field: (name: string) => FieldSchema | undefined;
  /** Schema of members that are no declared field; `undefined` when there may be none. */
  readonly element: (() => ObjectSchema) | undefined;
}

export interface FieldSchema {
  readonly schema: () => ObjectSchema;
  /** What a key of a list is when an element leaves it out. */
  readonly fallback?: Json;
}

const NO_FIELD = (): undefined => undefined;

/** Any value; lists and maps are replaced as a whole. */
export const ATOMIC: ObjectSchema = {
  scalar: 'untyped',
  list: { isAtomic: true, keys: [], element: () => ATOMIC },
  map: { isAtomic: true, field: NO_FIELD, element: () => ATOMIC },
};

/** Any value; maps merge member by member, lists are replaced as a whole: what is told of values without a schema. */
export const DEDUCED: ObjectSchema = {
  scalar: 'untyped',
  list: { isAtomic: true, keys: [], element: () => ATOMIC },
  map: { isAtomic: false, field: NO_FIELD, element: () => DEDUCED },
};

/** `build`, once. */
export function once(build: () => ObjectSchema): () => ObjectSchema {
  let built: ObjectSchema | undefined;
  return () => {
    built ??= build();
    return built;
  };
}

/** The schema of a member, declared or not. */
export function memberSchema(map: MapSchema, name: string): ObjectSchema | undefined {
  return (map.field(name)?.schema ?? map.element)?.();
}
