import { CelObject } from './cel-object.ts';
import type { CelType } from './cel-type.ts';
import type { CelValue } from './cel-value.ts';

/** A value of an opaque type: whatever the library that made it understands. */
export class CelOpaque<Payload> extends CelObject {
  readonly celType: CelType;
  readonly payload: Payload;
  readonly #isEqual: (a: Payload, b: Payload) => boolean;
  readonly #size: number;

  /** `isEqual` compares payloads of the same type; `size` is what cost accounting takes for the value's length. */
  constructor(type: CelType, payload: Payload, isEqual: (a: Payload, b: Payload) => boolean = Object.is, size = 1) {
    super();
    this.celType = type;
    this.payload = payload;
    this.#isEqual = isEqual;
    this.#size = size;
  }

  override get costSize(): number {
    return this.#size;
  }

  equals(other: CelValue): boolean {
    // Values of one type are made by one library, so their payloads have one shape.
    return (
      other instanceof CelOpaque &&
      other.celType.name === this.celType.name &&
      this.#isEqual(this.payload, other.payload as Payload)
    );
  }
}
