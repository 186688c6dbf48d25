import type { CelError } from './cel-error.ts';
import { CelError as ErrorValue } from './cel-error.ts';
import { CelObject } from './cel-object.ts';
import { type CelType, MAP } from './cel-type.ts';
import type { CelValue, PlainMap } from './cel-value.ts';
import { equalMaps } from './equality.ts';
import { CelDouble, CelUint } from './numbers.ts';

/** A key as it is looked up: numbers that are equal in CEL are one key, whatever their type. */
export type MapKey = string | boolean | number | bigint;

/** A map made by an expression; its keys may be of any key type. Plain objects stay as they are. */
export class CelMap extends CelObject {
  readonly entries: ReadonlyMap<MapKey, CelValue>;
  /** Keys whose type the lookup form has lost. */
  readonly #keys: ReadonlyMap<MapKey, CelValue> | undefined;

  constructor(entries: ReadonlyMap<MapKey, CelValue>, keys?: ReadonlyMap<MapKey, CelValue>) {
    super();
    this.entries = entries;
    this.#keys = keys;
  }

  get celType(): CelType {
    return MAP;
  }

  override get costSize(): number {
    return this.entries.size;
  }

  equals(other: CelValue): boolean {
    return isMap(other) && equalMaps(this, other);
  }

  /** The keys as they were written, in order. */
  keys(): CelValue[] {
    const keys: CelValue[] = [];
    for (const key of this.entries.keys()) keys.push(this.#keys?.get(key) ?? key);
    return keys;
  }
}

export type CelMapping = CelMap | PlainMap;

/** The lookup form of a key; `undefined` for values that can be no key. Integral doubles look up integers. */
export function toMapKey(key: CelValue): MapKey | undefined {
  switch (typeof key) {
    case 'string':
    case 'boolean':
    case 'number':
    case 'bigint':
      return key;
    default:
      if (key instanceof CelDouble) return key.value;
      if (!(key instanceof CelUint)) return undefined;
      return key.value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(key.value) : key.value;
  }
}

/** Collects the entries of a map literal. */
export class MapBuilder {
  readonly #entries = new Map<MapKey, CelValue>();
  #keys: Map<MapKey, CelValue> | undefined;

  /** Adds an entry; says what is wrong with the key otherwise. */
  add(key: CelValue, value: CelValue): CelError | undefined {
    const lookup = toMapKey(key);
    if (lookup === undefined || key instanceof CelDouble || (typeof key === 'number' && !Number.isSafeInteger(key))) {
      return new ErrorValue('unsupported key type');
    }
    if (this.#entries.has(lookup)) return new ErrorValue(`Failed with repeated key: ${String(lookup)}`);
    this.#entries.set(lookup, value);
    if (key instanceof CelUint) {
      this.#keys ??= new Map();
      this.#keys.set(lookup, key);
    }
    return undefined;
  }

  has(key: CelValue): boolean {
    const lookup = toMapKey(key);
    return lookup !== undefined && this.#entries.has(lookup);
  }

  build(): CelMap {
    return new CelMap(this.#entries, this.#keys);
  }
}

/** Whether a value is a map. Class instances other than ours never enter an evaluation. */
export function isMap(value: unknown): value is CelMapping {
  if (typeof value !== 'object' || value === null) return false;
  if (value instanceof CelObject) return value instanceof CelMap;
  return !Array.isArray(value) && !(value instanceof Uint8Array) && !(value instanceof ErrorValue);
}

/** The value of a key, `undefined` when absent. Only own members of plain objects count. */
export function mapGet(map: CelMapping, key: CelValue): CelValue | undefined {
  if (map instanceof CelMap) {
    const lookup = toMapKey(key);
    return lookup === undefined ? undefined : map.entries.get(lookup);
  }
  return typeof key === 'string' && Object.hasOwn(map, key) ? map[key] : undefined;
}

export function mapKeys(map: CelMapping): CelValue[] {
  return map instanceof CelMap ? map.keys() : Object.keys(map).filter((key) => map[key] !== undefined);
}

export function mapSize(map: CelMapping): number {
  return map instanceof CelMap ? map.entries.size : Object.keys(map).length;
}
