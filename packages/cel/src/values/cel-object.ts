import type { CelError } from './cel-error.ts';
import type { CelType } from './cel-type.ts';
import type { CelValue } from './cel-value.ts';

/**
 * Every value that is neither a JSON value nor bytes: doubles that look like integers, unsigned integers, timestamps,
 * optionals, types, messages and the values of extension libraries. Immutable.
 */
export abstract class CelObject {
  /** What `type(value)` gives. */
  abstract readonly celType: CelType;

  /** CEL equality; `other` is never the same instance's error. */
  abstract equals(other: CelValue): boolean;

  /** How many units a traversal costs; 1 for values without a size. */
  get costSize(): number {
    return 1;
  }
}

/** A value with fields that are read by name: a message, or a record whose fields are computed when asked for. */
export abstract class CelRecord extends CelObject {
  /** The field's value, an error, or `undefined` when it is absent. */
  abstract get(field: string): unknown;

  /** What `has(record.field)` says. */
  abstract has(field: string): boolean | CelError;
}
