/** A map that can list its values in key order. Sorting is put off until somebody lists. */
export interface SortedTable<Value> {
  readonly size: number;
  get(key: string): Value | undefined;
  set(key: string, value: Value): void;
  delete(key: string): void;
  values(): readonly Value[];
  /** Values with `from` <= key < `to`. */
  range(from: string, to: string): readonly Value[];
}

/** Creates an empty table. */
export function createSortedTable<Value>(): SortedTable<Value> {
  const entries = new Map<string, Value>();
  let keys: string[] | undefined = [];

  function sortedKeys(): string[] {
    keys ??= [...entries.keys()].sort();
    return keys;
  }

  function valuesOf(some: readonly string[]): Value[] {
    const values: Value[] = [];
    for (const key of some) {
      const value = entries.get(key);
      if (value !== undefined) {
        values.push(value);
      }
    }
    return values;
  }

  return {
    get size() {
      return entries.size;
    },
    get: (key) => entries.get(key),
    set(key, value) {
      if (!entries.has(key)) {
        const last = keys?.at(-1);
        // Names often arrive in order (generated runs): keep the order when the new key is the last.
        if (keys !== undefined && (last === undefined || last < key)) {
          keys.push(key);
        } else {
          keys = undefined;
        }
      }
      entries.set(key, value);
    },
    delete(key) {
      if (entries.delete(key)) {
        if (keys?.at(-1) === key) {
          keys.pop();
        } else {
          keys = undefined;
        }
      }
    },
    values: () => valuesOf(sortedKeys()),
    range(from, to) {
      const sorted = sortedKeys();
      return valuesOf(sorted.slice(firstAtLeast(sorted, from), firstAtLeast(sorted, to)));
    },
  };
}

function firstAtLeast(sorted: readonly string[], key: string): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] ?? '') < key) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}
