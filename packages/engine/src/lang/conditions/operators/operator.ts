import type { Json } from '../../../kernel/json.ts';

/** A condition's operator with its value read: whether a key satisfies it. A null key never does. */
export type KeyTest = (key: Json) => boolean;

/** Reads a value once, for all the keys it is compared with. */
export interface Operator {
  (value: Json): KeyTest;
  /** The answer for one key where it is plain without reading the value; else `undefined`. */
  readonly atOnce?: (key: Json, value: Json) => boolean | undefined;
}
