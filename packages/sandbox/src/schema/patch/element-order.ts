import { canonicalJson, type JsonValue, member } from '../json/json-value.ts';

/** Splits a list into the elements that `by` also holds and the others. */
export function partition(
  list: readonly JsonValue[],
  by: readonly JsonValue[],
  mergeKey: string,
): { listed: JsonValue[]; others: JsonValue[] } {
  const places = placesOf(by, mergeKey);
  const listed: JsonValue[] = [];
  const others: JsonValue[] = [];
  for (const item of list) (places.has(elementKey(item, mergeKey)) ? listed : others).push(item);
  return { listed, others };
}

/**
 * Puts elements that a patch names in the patch's order and weaves the others in where the live list had them: each goes
 * before the first named element that stood behind it.
 */
export function orderElements(
  listed: readonly JsonValue[],
  others: readonly JsonValue[],
  listedOrder: readonly JsonValue[],
  liveOrder: readonly JsonValue[],
  mergeKey: string,
): JsonValue[] {
  const live = placesOf(liveOrder, mergeKey);
  const named = sortedBy(listed, placesOf(listedOrder, mergeKey), mergeKey);
  const rest = sortedBy(others, live, mergeKey);
  const result: JsonValue[] = [];
  let nextRest = 0;
  for (const item of named) {
    const place = live.get(elementKey(item, mergeKey));
    for (let other = rest[nextRest]; other !== undefined; other = rest[nextRest]) {
      const otherPlace = live.get(elementKey(other, mergeKey));
      if (place === undefined || otherPlace === undefined || otherPlace >= place) break;
      result.push(other);
      nextRest++;
    }
    result.push(item);
  }
  return [...result, ...rest.slice(nextRest)];
}

/** What tells elements of a list apart: the value of the merge key, or the whole element of a list of scalars. */
export function elementKey(item: JsonValue, mergeKey: string): string {
  return canonicalJson(mergeKey === '' ? item : (member(item, mergeKey) ?? null));
}

function placesOf(list: readonly JsonValue[], mergeKey: string): ReadonlyMap<string, number> {
  const places = new Map<string, number>();
  for (const [index, item] of list.entries()) {
    const key = elementKey(item, mergeKey);
    if (!places.has(key)) places.set(key, index);
  }
  return places;
}

function sortedBy(list: readonly JsonValue[], order: ReadonlyMap<string, number>, mergeKey: string): JsonValue[] {
  const placed = list.map((item, index) => ({ item, place: order.get(elementKey(item, mergeKey)) ?? index }));
  placed.sort((left, right) => left.place - right.place);
  return placed.map(({ item }) => item);
}
