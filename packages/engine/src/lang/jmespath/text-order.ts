/**
 * Order of two strings by code point, which is Go's order of their UTF-8 bytes: negative, 0 or positive. JavaScript's
 * own order differs where surrogate pairs meet U+E000 to U+FFFF.
 */
export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index++) {
    const left = a.charCodeAt(index);
    const right = b.charCodeAt(index);
    if (left !== right) return rank(left) - rank(right);
  }
  return a.length - b.length;
}

/** Moves surrogates behind all other units. */
function rank(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}

/** The own keys of an object in `compareText` order: upstream's order is random, ours is always the same. */
export function sortedKeys(value: object): string[] {
  const keys = Object.keys(value);
  for (let index = 1; index < keys.length; index++) {
    // Most objects of Kubernetes are sorted already, and a pass is cheaper than a sort.
    if (compareText(keys[index - 1] ?? '', keys[index] ?? '') > 0) {
      return keys.length <= FEW ? insertionSort(keys) : keys.sort(compareText);
    }
  }
  return keys;
}

/** So few are sorted in place, without the room that `sort` takes. */
const FEW = 12;

function insertionSort(keys: string[]): string[] {
  for (let index = 1; index < keys.length; index++) {
    const key = keys[index] ?? '';
    let at = index;
    while (at > 0 && compareText(keys[at - 1] ?? '', key) > 0) {
      keys[at] = keys[at - 1] ?? '';
      at -= 1;
    }
    keys[at] = key;
  }
  return keys;
}
