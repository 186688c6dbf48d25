import type { Json, JsonObject } from '../kernel/json.ts';

/**
 * A pattern that cannot skip, as what it demands of single values: the resource passes when all of it holds, in whatever
 * order it is looked at. That is what lets the patterns of many policies be judged in one walk.
 */
export type Demand =
  | { readonly kind: 'map'; readonly keys: readonly DemandKey[] }
  /** Of each element of a list. */
  | { readonly kind: 'each'; readonly element: Demand }
  /** Of a value, or of each item when it is a list; `inList`: it must be one. */
  | { readonly kind: 'value'; readonly test: (value: Json | undefined) => boolean; readonly inList: boolean };

export type DemandKey =
  | { readonly name: string; readonly kind: 'forbidden' | 'filled' }
  | { readonly name: string; readonly kind: 'optional' | 'required'; readonly demand: Demand };

/** By the place of a demand in its list: 1 when the resource does not meet it. Good until the next walk. */
export type JointWalk = (resource: JsonObject) => Uint8Array;

/** Makes one walk of demands: what many of them look at is read once. */
export type JoinDemands = (demands: readonly Demand[]) => JointWalk;
