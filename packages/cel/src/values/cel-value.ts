import type { CelError } from './cel-error.ts';
import type { CelObject } from './cel-object.ts';

/**
 * A value of the language. JSON is evaluated as it is:
 *
 * | CEL | JavaScript |
 * |---|---|
 * | null, bool, string | `null`, `boolean`, `string` |
 * | int | `number` within ±(2^53−1), `bigint` beyond |
 * | double | `number` when it is no safe integer (fractions, NaN, infinities, 1e300), else `CelDouble` |
 * | uint | `CelUint` |
 * | bytes | `Uint8Array` |
 * | list | array |
 * | map | plain object (string keys), or `CelMap` |
 * | everything else | a `CelObject` |
 *
 * So a JSON `1` is an int and a JSON `1.5` a double; `1.0` in JSON text cannot be told from `1` once parsed.
 */
export type CelValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | readonly CelValue[]
  | CelObject
  | PlainMap;

export interface PlainMap {
  readonly [key: string]: CelValue;
}

export type CelResult = CelValue | CelError;
