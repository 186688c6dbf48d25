import type { JsonValue } from '../json/json-value.ts';

/** How values of one type merge, compare and are owned: the view of a schema that server-side apply works with. */
export interface MergeType {
  readonly scalar?: ScalarType;
  readonly list?: ListType;
  readonly map?: MapType;
}

export type ScalarType = 'string' | 'numeric' | 'boolean' | 'untyped';

export interface ListType {
  /** An atomic list has one owner; otherwise its items are told apart by `keys`, or by value when there are none. */
  readonly isAtomic: boolean;
  readonly keys: readonly string[];
  readonly element: () => MergeType;
}

export interface MapField {
  readonly type: () => MergeType;
  /** Value that a list key takes when an item leaves it out. */
  readonly fallback?: JsonValue;
}

export interface MapType {
  readonly isAtomic: boolean;
  readonly fields: ReadonlyMap<string, MapField>;
  /** Type of members that are no declared field; `undefined` when there may be none. */
  readonly element: (() => MergeType) | undefined;
  /** A Go struct: emptied by a removal it stays as an empty object, where any other map vanishes. */
  readonly isStruct?: boolean;
}

const NO_FIELDS: ReadonlyMap<string, MapField> = new Map();

/** Any value; lists and maps in it have one owner. */
export const UNTYPED_ATOMIC: MergeType = {
  scalar: 'untyped',
  list: { isAtomic: true, keys: [], element: () => UNTYPED_ATOMIC },
  map: { isAtomic: true, fields: NO_FIELDS, element: () => UNTYPED_ATOMIC },
};

/** Any value; maps in it are owned member by member, lists as a whole. */
export const UNTYPED_DEDUCED: MergeType = {
  scalar: 'untyped',
  list: { isAtomic: true, keys: [], element: () => UNTYPED_ATOMIC },
  map: { isAtomic: false, fields: NO_FIELDS, element: () => UNTYPED_DEDUCED },
};

/** The type of a member of a map, declared or not. */
export function memberType(map: MapType, key: string): MergeType | undefined {
  return (map.fields.get(key)?.type ?? map.element)?.();
}
