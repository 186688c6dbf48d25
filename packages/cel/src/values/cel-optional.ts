import { CelObject } from './cel-object.ts';
import { type CelType, OPTIONAL } from './cel-type.ts';
import type { CelValue } from './cel-value.ts';
import { isEqual } from './equality.ts';

/** A value that may be missing. */
export class CelOptional extends CelObject {
  /** `undefined` when empty. */
  readonly value: CelValue | undefined;

  constructor(value: CelValue | undefined) {
    super();
    this.value = value;
  }

  get celType(): CelType {
    return OPTIONAL;
  }

  equals(other: CelValue): boolean {
    if (!(other instanceof CelOptional)) return false;
    if (this.value === undefined || other.value === undefined) return this.value === other.value;
    return isEqual(this.value, other.value);
  }
}

export const OPTIONAL_NONE = new CelOptional(undefined);

export function optionalOf(value: CelValue | undefined): CelOptional {
  return value === undefined ? OPTIONAL_NONE : new CelOptional(value);
}
