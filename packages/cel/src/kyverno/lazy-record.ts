import { CelRecord } from '../values/cel-object.ts';
import type { CelType } from '../values/cel-type.ts';
import type { CelResult, CelValue } from '../values/cel-value.ts';

/** Fields that are computed when first read, at most once. What a computation throws is thrown to the reader. */
export class LazyRecord extends CelRecord {
  readonly celType: CelType;
  readonly #fields: ReadonlyMap<string, () => CelResult>;
  readonly #known = new Map<string, CelResult>();

  constructor(type: CelType, fields: ReadonlyMap<string, () => CelResult>) {
    super();
    this.celType = type;
    this.#fields = fields;
  }

  override get(field: string): CelResult | undefined {
    const known = this.#known.get(field);
    if (known !== undefined) return known;
    const compute = this.#fields.get(field);
    if (compute === undefined) return undefined;
    const value = compute();
    this.#known.set(field, value);
    return value;
  }

  override has(field: string): boolean {
    return this.#fields.has(field);
  }

  equals(other: CelValue): boolean {
    return other === this;
  }
}
