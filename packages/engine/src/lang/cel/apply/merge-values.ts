import {
  defineMember,
  isJsonArray,
  isJsonObject,
  type Json,
  type JsonArray,
  type JsonObject,
  member,
} from '../../../kernel/json.ts';
import { identifyElement } from './element-identity.ts';
import { type ListSchema, type MapSchema, memberSchema, type ObjectSchema } from './object-schema.ts';

/**
 * `applied` merged into `live` as server-side apply merges, without owners: `applied` wins where both speak, nothing is
 * removed. Shares what it does not change. Fields of `live` that the schema does not know stay: they may be of a newer
 * Kubernetes.
 */
export function mergeValues(schema: ObjectSchema, live: Json | undefined, applied: Json | undefined): Json {
  if (applied === undefined) return live ?? null;
  if (live === undefined) return applied;
  if (isJsonObject(applied) && schema.map) return mergeMaps(schema.map, live, applied);
  if (isJsonArray(applied) && schema.list) return mergeLists(schema.list, live, applied);
  if (applied === null && schema.scalar === undefined) return mergeNull(schema, live);
  return applied;
}

/** A null stands for a map or list that is not there: the live one stays, unless it is replaced as a whole. */
function mergeNull({ map, list }: ObjectSchema, live: Json): Json {
  if (map) return map.isAtomic || !isJsonObject(live) || Object.keys(live).length === 0 ? null : live;
  return list?.isAtomic !== false || !isJsonArray(live) || live.length === 0 ? null : live;
}

function mergeMaps(map: MapSchema, live: Json, applied: JsonObject): Json {
  if (map.isAtomic || !isJsonObject(live)) return applied;
  const merged: Record<string, Json> = { ...live };
  for (const key of Object.keys(applied)) {
    const schema = memberSchema(map, key);
    if (schema) defineMember(merged, key, mergeValues(schema, member(live, key), member(applied, key)));
  }
  return merged;
}

/** Elements of both keep the order of `applied`; those only the live list has stay where they were between them. */
function mergeLists(list: ListSchema, live: Json, applied: JsonArray): Json {
  if (list.isAtomic || !isJsonArray(live) || live.length === 0) return applied;
  const left = indexElements(list, live);
  const right = indexElements(list, applied);
  const shared = right.order.filter((id) => left.elements.has(id));
  const merged: Json[] = [];
  const done = new Set<string>();
  let next = 0;
  let l = 0;
  let r = 0;
  const takeApplied = (id: string): void => {
    done.add(id);
    const candidates = left.elements.get(id) ?? [];
    // One that is live twice is replaced, not merged.
    const own = candidates.length === 1 ? candidates[0] : undefined;
    merged.push(mergeValues(list.element(), own, right.elements.get(id)?.[0]));
    if (shared[next] === id) next += 1;
  };
  while (l < left.order.length || r < right.order.length) {
    const ofLive = left.order[l];
    const ofApplied = right.order[r];
    if (ofLive !== undefined && ofLive === ofApplied) {
      takeApplied(ofLive);
      l += 1;
      r += 1;
      continue;
    }
    if (ofLive !== undefined && !right.elements.has(ofLive)) {
      merged.push(live[left.places[l] ?? 0] ?? null);
      l += 1;
      continue;
    }
    if (ofLive !== undefined && ofApplied !== undefined && shared[next] !== undefined && shared[next] !== ofLive) {
      // Its turn comes with the applied order.
      l += 1;
      continue;
    }
    if (ofLive !== undefined && done.has(ofLive)) l += 1;
    if (ofApplied !== undefined) {
      takeApplied(ofApplied);
      r += 1;
    }
  }
  return merged;
}

interface IndexedList {
  readonly order: readonly string[];
  /** Where each of `order` stands in the list. */
  readonly places: readonly number[];
  readonly elements: ReadonlyMap<string, readonly Json[]>;
}

function indexElements(list: ListSchema, items: JsonArray): IndexedList {
  const order: string[] = [];
  const places: number[] = [];
  const elements = new Map<string, Json[]>();
  for (const [place, item] of items.entries()) {
    const { id } = { id: undefined, ...identifyElement(list, item) };
    if (id === undefined) continue;
    order.push(id);
    places.push(place);
    const group = elements.get(id);
    if (group) group.push(item);
    else elements.set(id, [item]);
  }
  return { order, places, elements };
}
