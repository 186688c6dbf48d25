import { isJsonObject, type JsonObject, type JsonValue, member, setMember } from '../json/json-value.ts';
import { type ListType, type MapType, type MergeType, memberType } from './merge-type.ts';
import { itemElement, PathElementError } from './path-element.ts';

/** Merges an applied configuration into a live value: the configuration wins where both speak. Shares what it does not change. */
export function mergeTyped(type: MergeType, live: JsonValue | undefined, config: JsonValue | undefined): JsonValue {
  if (config === undefined) return live ?? null;
  if (live === undefined) return config;
  if (isJsonObject(config) && type.map !== undefined) return mergeMaps(type.map, live, config);
  if (Array.isArray(config) && type.list !== undefined) return mergeLists(type.list, live, config);
  if (config === null && type.scalar === undefined) return mergeNull(type, live);
  return config;
}

/** A null stands for an absent map or list: what is live stays, unless it has one owner. */
function mergeNull(type: MergeType, live: JsonValue): JsonValue {
  if (type.map !== undefined) return type.map.isAtomic || !isJsonObject(live) || isEmpty(live) ? null : live;
  return type.list?.isAtomic || !Array.isArray(live) || live.length === 0 ? null : live;
}

function isEmpty(value: JsonObject): boolean {
  return Object.keys(value).length === 0;
}

function mergeMaps(map: MapType, live: JsonValue, config: JsonObject): JsonValue {
  const base = isJsonObject(live) ? live : {};
  if (map.isAtomic || (isEmpty(base) && isEmpty(config))) return config;
  const result: JsonObject = {};
  for (const key of new Set([...Object.keys(base), ...Object.keys(config)])) {
    const type = memberType(map, key);
    if (type !== undefined) setMember(result, key, mergeTyped(type, member(base, key), member(config, key)));
  }
  return result;
}

/**
 * Items keep the configuration's order where both have them; items only the live list has stay where they were between
 * those.
 */
function mergeLists(list: ListType, live: JsonValue, config: readonly JsonValue[]): JsonValue {
  const base = Array.isArray(live) ? live : [];
  if (list.isAtomic || (base.length === 0 && config.length === 0)) return [...config];
  const left = indexItems(list, base);
  const right = indexItems(list, config);
  const shared = right.order.filter((element) => left.items.has(element));
  const result: JsonValue[] = [];
  const merged = new Set<string>();
  let nextShared = shared.shift();
  let l = 0;
  let r = 0;
  const takeRight = (element: string): void => {
    merged.add(element);
    const leftItems = left.items.get(element) ?? [];
    // An item that is live twice is replaced, not merged.
    const liveItem = leftItems.length === 1 ? leftItems[0] : undefined;
    result.push(mergeTyped(list.element(), liveItem, right.items.get(element)?.[0]));
    if (nextShared === element) nextShared = shared.shift();
  };
  while (l < left.order.length || r < right.order.length) {
    const leftElement = left.order[l];
    const rightElement = right.order[r];
    if (leftElement !== undefined && leftElement === rightElement) {
      takeRight(leftElement);
      l++;
      r++;
      continue;
    }
    if (leftElement !== undefined && rightElement !== undefined) {
      const isLater = right.items.has(leftElement) && nextShared !== undefined && nextShared !== leftElement;
      if (isLater) {
        l++;
        continue;
      }
    }
    if (leftElement !== undefined) {
      if (!right.items.has(leftElement)) {
        result.push(base[left.places[l] ?? 0] ?? null);
        l++;
        continue;
      }
      if (merged.has(leftElement)) l++;
    }
    if (rightElement !== undefined) {
      takeRight(rightElement);
      r++;
    }
  }
  return result;
}

interface IndexedList {
  readonly order: readonly string[];
  readonly places: readonly number[];
  readonly items: ReadonlyMap<string, readonly JsonValue[]>;
}

function indexItems(list: ListType, items: readonly JsonValue[]): IndexedList {
  const order: string[] = [];
  const places: number[] = [];
  const groups = new Map<string, JsonValue[]>();
  for (const [place, item] of items.entries()) {
    const element = elementOf(list, item);
    if (element === undefined) continue;
    order.push(element);
    places.push(place);
    const group = groups.get(element);
    if (group === undefined) groups.set(element, [item]);
    else group.push(item);
  }
  return { order, places, items: groups };
}

function elementOf(list: ListType, item: JsonValue): string | undefined {
  try {
    return itemElement(list, item);
  } catch (error) {
    if (error instanceof PathElementError) return undefined;
    throw error;
  }
}
