import { EvaluationError } from '../../kernel/evaluation-error.ts';
import { defineMember, isJsonObject, type Json, type JsonObject, member } from '../../kernel/json.ts';
import { dropElement, elementText, fieldText, findElement, placeElement } from './list-elements.ts';
import type { MergeSchema } from './merge-schema.ts';
import { takeDirective, takeListDirective } from './patch-directive.ts';
import { type Merged, mergeElements } from './strategic-merge.ts';

/** Texts of the merge keys of one element; empty where it has none. */
type KeyValues = readonly string[];

/**
 * Merges two lists whose elements belong together by `keys`; new elements come first (kyaml `walkAssociativeSequence`).
 * Elements without a key behave as upstream, oddities included: see `list-elements.ts`.
 */
export function mergeKeyedLists(
  resource: readonly Json[] | undefined | null,
  patch: readonly Json[] | undefined,
  keys: readonly string[],
  schema: MergeSchema,
): Merged {
  if (resource === undefined || resource === null) {
    return patch === undefined ? undefined : mergeByKey(patch, patch, keys, schema, true);
  }
  if (patch === undefined) {
    return isRegular(resource, keys) ? mergeUntouched(resource, schema) : mergeByKey(resource, [], keys, schema, false);
  }
  const directed = takeListDirective(patch);
  if (directed instanceof EvaluationError) return directed;
  if (directed.directive === 'delete') return undefined;
  if (directed.directive === 'replace') return mergeByKey(directed.patch, directed.patch, keys, schema, true);
  // What is added is merged with itself, so that both sides are one list.
  const isSameList = resource === patch;
  return mergeByKey(isSameList ? directed.patch : resource, directed.patch, keys, schema, isSameList);
}

/** Whether walking the list by its keys leaves every element in its place. */
function isRegular(list: readonly Json[], keys: readonly string[]): boolean {
  const [only] = keys;
  if (keys.length === 1 && only !== undefined) return isRegularBy(list, only);
  const seen = new Set<string>();
  let shape: string | undefined;
  for (const item of list) {
    if (keys.length === 0 ? typeof item !== 'string' || item === '' : !isJsonObject(item)) return false;
    const values = keys.length === 0 ? [elementText(item)] : keyValues(item, keys);
    const present = values.map((value) => (value === '' ? '-' : '+')).join('');
    shape ??= present;
    const text = values.join('\0');
    if (present !== shape || !present.includes('+') || seen.has(text)) return false;
    seen.add(text);
  }
  return true;
}

/** The same for most lists: each element has the key, each its own. */
function isRegularBy(list: readonly Json[], key: string): boolean {
  const seen = list.length > 1 ? new Set<string>() : undefined;
  for (let index = 0; index < list.length; index += 1) {
    const text = fieldText(list[index] ?? null, key);
    if (text === '' || seen?.has(text)) return false;
    seen?.add(text);
  }
  return true;
}

function mergeUntouched(list: readonly Json[], schema: MergeSchema): Merged {
  let result: Json[] | undefined;
  for (let index = 0; index < list.length; index += 1) {
    const item = list[index] ?? null;
    const merged = mergeElements(item, undefined, schema);
    if (merged instanceof EvaluationError) return merged;
    if (merged === item || merged === undefined) continue;
    result ??= [...list];
    result[index] = merged;
  }
  return result ?? list;
}

function keyValues(item: Json, keys: readonly string[]): KeyValues {
  return keys.map((key) => fieldText(item, key));
}

function mergeByKey(
  resourceList: readonly Json[],
  patchList: readonly Json[],
  keys: readonly string[],
  schema: MergeSchema,
  isSameList: boolean,
): Merged {
  // Merging changes elements where they are, so what was merged once is found merged by the next key.
  const resource = [...resourceList];
  const patch = isSameList ? resource : [...patchList];
  const isScalar = keys.length === 0;
  const names = isScalar ? [''] : keys;
  const groups = isScalar
    ? distinct([...patch, ...resource].map((item) => [elementText(item)]))
    : agree(distinct([...patch, ...resource].map((item) => keyValues(item, keys))));
  if (groups.length === 0) return resource;
  const present = names.map((_, at) => groups.some((values) => values[at] !== ''));
  const isKeyless = !present.includes(true);
  const pick = (values: readonly string[]): string[] => values.filter((_, at) => isKeyless || present[at] === true);
  const usedKeys = pick(names);
  let added: Json[] = [];
  for (const group of groups) {
    const values = pick(group);
    const merged = mergeGroup(resource, patch, usedKeys, values, schema);
    if (merged instanceof EvaluationError) return merged;
    if (merged === undefined || (isJsonObject(merged) && Object.keys(merged).length === 0)) {
      const kept = dropElement(resource, usedKeys, values);
      resource.splice(0, resource.length, ...kept);
    } else {
      added = placeElement(added, merged, usedKeys, values);
    }
  }
  return appendRest(added, resource, usedKeys);
}

function distinct(groups: readonly KeyValues[]): KeyValues[] {
  const seen = new Map<string, KeyValues>();
  for (const values of groups) {
    const text = JSON.stringify(values);
    if (values.length > 0 && !seen.has(text)) seen.set(text, values);
  }
  return [...seen.values()];
}

/** Groups that differ only where one has no value become one: port 80 and port 80 of TCP. */
function agree(groups: KeyValues[]): readonly KeyValues[] {
  if ((groups[0]?.length ?? 0) < 2) return groups;
  for (let first = 0; first < groups.length; first++) {
    for (let second = 0; second < groups.length; second++) {
      const both = agreement(groups[first] ?? [], groups[second] ?? []);
      if (!both) continue;
      groups[first] = both;
      groups[second] = both;
    }
  }
  return groups;
}

function agreement(a: KeyValues, b: KeyValues): KeyValues | undefined {
  let isShared = false;
  const both: string[] = [];
  for (const [at, value] of a.entries()) {
    const other = b[at] ?? '';
    if (value === other) isShared = true;
    else if (value !== '' && other !== '') return undefined;
    both.push(value !== '' ? value : other);
  }
  return isShared ? both : undefined;
}

/** Merges the elements that have these key values and puts the result back into the list it belongs to. */
function mergeGroup(
  resource: Json[],
  patch: Json[],
  keys: readonly string[],
  values: readonly string[],
  schema: MergeSchema,
): Merged {
  const known = values.map((value) => value !== '');
  const useAll = !known.includes(true);
  const searchKeys = keys.filter((_, at) => useAll || known[at] === true);
  const searchValues = values.filter((_, at) => useAll || known[at] === true);
  const resourceAt = findElement(resource, searchKeys, searchValues);
  const patchAt = findElement(patch, searchKeys, searchValues);
  const before = resource[resourceAt];
  const change = patch[patchAt];
  const merged = mergeElements(before, change, schema);
  const directed = isJsonObject(change) ? takeDirective(change) : undefined;
  // A directive is done with once it was seen.
  if (directed && !(directed instanceof EvaluationError)) patch[patchAt] = directed.patch;
  if (merged instanceof EvaluationError || !isJsonObject(merged) || Object.keys(merged).length === 0) return merged;
  const named = withKeys(merged, keys, values);
  if (isFromPatch(before, change)) patch[patchAt] = named;
  else resource[resourceAt] = named;
  return named;
}

function isFromPatch(before: Json | undefined, change: Json | undefined): boolean {
  if (before === undefined || before === null) return true;
  if (!isJsonObject(change)) return false;
  const directed = takeDirective(change);
  return !(directed instanceof EvaluationError) && directed.directive === 'replace';
}

/** The element with the keys it lacks, as another element of its group has them. */
function withKeys(element: JsonObject, keys: readonly string[], values: readonly string[]): JsonObject {
  let result = element;
  for (const [at, key] of keys.entries()) {
    const value = values[at] ?? '';
    if (member(result, key) !== undefined || value === '') continue;
    const copy: Record<string, Json> = { ...result };
    // The text is read as YAML again, where a number is a number.
    defineMember(copy, key, /^-?(?:0|[1-9][0-9]*)$/.test(value) ? Number(value) : value);
    result = copy;
  }
  return result;
}

/** The elements of the resource after the merged ones, each replacing the one with its keys. */
function appendRest(added: readonly Json[], resource: readonly Json[], keys: readonly string[]): Json[] {
  let list = [...added];
  for (const item of resource) {
    if (keys[0] === '') {
      list = placeElement(list, item, keys, [elementText(item)]);
      continue;
    }
    const values: string[] = [];
    for (const key of keys) {
      const value = isJsonObject(item) ? member(item, key) : undefined;
      // As upstream, once for each key it lacks, and then once more below.
      if (value === undefined) list.push(item);
      else values.push(elementText(value));
    }
    if (keys.length > 1) list = dropElement(list, keys, values);
    list = placeElement(list, item, keys, values);
  }
  return list;
}
