import { isJsonObject, type Json, member } from '../../kernel/json.ts';

/** The text of a scalar as YAML has it; empty for objects and lists. */
export function elementText(value: Json): string {
  if (typeof value === 'string') return value;
  return typeof value === 'object' && value !== null ? '' : String(value);
}

/** The text of a field for use as a merge key; empty when it is absent or null. */
export function fieldText(item: Json, key: string): string {
  const value = isJsonObject(item) ? member(item, key) : undefined;
  return value === undefined || value === null ? '' : elementText(value);
}

/** Whether the field is there with this text. The key '' is the element itself. */
function hasField(item: Json, key: string, text: string): boolean {
  if (key === '') return elementText(item) === text;
  const value = isJsonObject(item) ? member(item, key) : undefined;
  return value !== undefined && elementText(value) === text;
}

/** As `hasField`, but an empty text only asks that the field is there. */
function hasFieldOrAny(item: Json, key: string, text: string): boolean {
  if (key === '' || text !== '') return hasField(item, key, text);
  return isJsonObject(item) && member(item, key) !== undefined;
}

/** Index of the first element with these fields, −1 when there is none (kyaml `ElementMatcher`). */
export function findElement(list: readonly Json[], keys: readonly string[], values: readonly string[]): number {
  return list.findIndex(
    (item) => (keys[0] === '' || isJsonObject(item)) && keys.every((key, at) => hasField(item, key, values[at] ?? '')),
  );
}

/** `list` with `element` in place of those with these fields, or at the end. Empty elements go (kyaml `ElementSetter`). */
export function placeElement(
  list: readonly Json[],
  element: Json,
  keys: readonly string[],
  values: readonly string[],
): Json[] {
  const { kept, isFound } = replaceMatching(list, element, keys, values);
  return isFound ? kept : [...kept, element];
}

/** `list` without the elements with these fields, and without empty ones. */
export function dropElement(list: readonly Json[], keys: readonly string[], values: readonly string[]): Json[] {
  return replaceMatching(list, undefined, keys, values).kept;
}

function replaceMatching(
  list: readonly Json[],
  element: Json | undefined,
  keys: readonly string[],
  values: readonly string[],
): { readonly kept: Json[]; readonly isFound: boolean } {
  const kept: Json[] = [];
  let isFound = false;
  const isForObjects = keys[0] !== '' && (values[0] ?? '') !== '';
  for (const item of list) {
    if (item === null || (isJsonObject(item) && Object.keys(item).length === 0)) continue;
    if (!isJsonObject(item) && isForObjects) {
      kept.push(item);
    } else if (!matches(item, keys, values)) {
      // As upstream: looking for no values at all keeps nothing.
      if (values.length > 0) kept.push(item);
    } else {
      isFound = true;
      if (element !== undefined) kept.push(element);
    }
  }
  return { kept, isFound };
}

/** Keys beyond the last value go by the outcome of that one, as upstream. */
function matches(item: Json, keys: readonly string[], values: readonly string[]): boolean {
  let holds = false;
  for (const [at, key] of keys.entries()) {
    const value = values[at];
    if (value !== undefined) holds = hasFieldOrAny(item, key, value);
    if (!holds) return false;
  }
  return holds;
}
