import type { CallCost } from '../declare/function-declaration.ts';
import { isMap, mapGet, mapKeys } from '../values/cel-map.ts';
import type { CelValue } from '../values/cel-value.ts';
import { costSize, patternCost, traversalCost } from '../values/cost-size.ts';
import { encodeUtf8 } from '../values/utf8.ts';

/** One walk over the first argument. */
export const walkCost: CallCost = (first) => traversalCost(costSize(first));

/** A walk over the first argument and one more for the result that is built. */
export const rebuildCost: CallCost = (first) => Math.ceil((costSize(first) * 2) / 10);

/** A walk over the result and its construction. */
export const resultCost: CallCost = (_first, _second, result) => Math.ceil((costSize(result) * 2) / 10);

/** A search for a pattern, which is the second argument. */
export const searchCost: CallCost = (text, pattern) => patternCost(costSize(text), costSize(pattern));

/** One unit for each element of a list or a tenth of each character. */
export const elementsCost: CallCost = (first) => elementCost(first);

/** Scalars count one, text a tenth of its length in bytes, lists and maps what they hold. */
function elementCost(value: CelValue): number {
  if (typeof value === 'string') return Math.floor(encodeUtf8(value).length / 10);
  if (value instanceof Uint8Array) return Math.floor(value.length / 10);
  let cost = 0;
  if (Array.isArray(value)) for (const item of value) cost += elementCost(item);
  else if (isMap(value))
    for (const key of mapKeys(value)) cost += elementCost(key) + elementCost(mapGet(value, key) ?? null);
  else return 1;
  return cost;
}
