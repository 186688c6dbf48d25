import {
  cloneJson,
  equalJson,
  isJsonObject,
  isWithinDepth,
  type JsonObject,
  type JsonValue,
  member,
  setMember,
} from '../json/json-value.ts';
import type { GroupVersionKind } from '../model/group-version-kind.ts';
import { SchemaError } from '../model/schema-error.ts';
import { goValueName } from '../typed/read-typed.ts';
import { typeNameOf } from '../typed/type-shape.ts';
import { elementKey, orderElements, partition } from './element-order.ts';
import { type FieldPatchRule, fieldPatchRule } from './patch-rules.ts';

const DIRECTIVE = '$patch';
const RETAIN_KEYS = '$retainKeys';
const DELETE_FROM_LIST = '$deleteFromPrimitiveList';
const ELEMENT_ORDER = '$setElementOrder';

/**
 * Applies a strategic merge patch to an object of a built-in kind: lists with a merge key merge by it, `$patch`,
 * `$retainKeys`, `$setElementOrder` and `$deleteFromPrimitiveList` are obeyed. The document is not changed.
 *
 * @throws SchemaError 400 for a malformed patch, with the API server's text.
 */
export function applyStrategicMergePatch(gvk: GroupVersionKind, document: JsonObject, patch: JsonValue): JsonObject {
  if (!isJsonObject(patch)) {
    throw new SchemaError(
      `error decoding patch: json: cannot unmarshal ${goValueName(patch)} into Go value of type map[string]interface {}`,
    );
  }
  if (!isWithinDepth(patch)) throw new SchemaError('error decoding patch: exceeded max depth');
  // Directives are taken out of the patch as they are met, so both sides are copies.
  return mergeMap(cloneJson(document), cloneJson(patch), typeNameOf(gvk) ?? '');
}

function mergeMap(original: JsonObject, patch: JsonObject, type: string): JsonObject {
  const directive = member(patch, DIRECTIVE);
  if (directive !== undefined) return obeyMapDirective(directive, patch);
  applyRetainKeys(original, patch);
  mergeOrderedLists(original, patch, type);
  for (const key of Object.keys(patch)) {
    const value = patch[key] ?? null;
    if (key.startsWith(DELETE_FROM_LIST)) deleteFromList(original, directiveField(key, DELETE_FROM_LIST), value);
    else if (value === null) delete original[key];
    else mergeField(original, key, value, type);
  }
  return original;
}

function obeyMapDirective(directive: JsonValue, patch: JsonObject): JsonObject {
  if (directive === 'replace') {
    delete patch[DIRECTIVE];
    return patch;
  }
  if (directive === 'delete') return {};
  throw badPatchType(directive, patch);
}

function mergeField(original: JsonObject, key: string, value: JsonValue, type: string): void {
  const existing = member(original, key);
  const rule = fieldPatchRule(type, key);
  if (isJsonObject(existing) && isJsonObject(value)) {
    setMember(original, key, rule.strategy === 'replace' ? value : mergeMap(existing, value, rule.type));
  } else if (Array.isArray(existing) && Array.isArray(value)) {
    setMember(original, key, rule.strategy === 'merge' ? mergeList(existing, value, rule, key) : value);
  } else {
    const kept = withoutDirectives(value);
    if (kept === undefined) delete original[key];
    else setMember(original, key, kept);
  }
}

/** `$retainKeys` names the only members of the merged object. */
function applyRetainKeys(original: JsonObject, patch: JsonObject): void {
  const retained = member(patch, RETAIN_KEYS);
  if (retained === undefined) return;
  delete patch[RETAIN_KEYS];
  if (!Array.isArray(retained)) throw new SchemaError('invalid patch format of retainKeys');
  const names = new Set(retained);
  for (const key of Object.keys(patch)) {
    const isDirective = key.startsWith(DELETE_FROM_LIST) || key.startsWith(ELEMENT_ORDER);
    if (patch[key] !== null && !isDirective && !names.has(key))
      throw new SchemaError('invalid patch format of retainKeys');
  }
  for (const key of Object.keys(original)) if (!names.has(key)) delete original[key];
}

/** Lists that come with `$setElementOrder/<field>`: merged, then put in the wished order. */
function mergeOrderedLists(original: JsonObject, patch: JsonObject, type: string): void {
  for (const key of Object.keys(patch)) {
    if (!key.startsWith(ELEMENT_ORDER)) continue;
    const order = patch[key] ?? null;
    delete patch[key];
    const field = directiveField(key, ELEMENT_ORDER);
    const rule = fieldPatchRule(type, field);
    const live = listOrAbsent(member(original, field));
    const change = listOrAbsent(member(patch, field));
    if (!Array.isArray(order)) throw badOrder();
    checkOrder(change ?? [], order, rule.mergeKey);
    if (live === undefined && change === undefined) continue;
    const liveOrder = [...(live ?? [])];
    const merged = mergeBoth(live, change, rule, field);
    delete patch[field];
    if (merged === undefined) continue;
    const { listed, others } = partition(merged, order, rule.mergeKey);
    setMember(original, field, orderElements(listed, others, order, liveOrder, rule.mergeKey));
  }
}

function mergeBoth(
  live: JsonValue[] | undefined,
  change: JsonValue[] | undefined,
  rule: FieldPatchRule,
  field: string,
): JsonValue[] | undefined {
  if (change === undefined) return live;
  if (live !== undefined) return rule.strategy === 'merge' ? mergeList(live, change, rule, field) : change;
  const kept = withoutDirectives(change);
  return Array.isArray(kept) ? kept : undefined;
}

function listOrAbsent(value: JsonValue | undefined): JsonValue[] | undefined {
  if (value === undefined) return undefined;
  if (!Array.isArray(value)) throw new SchemaError(`expected a []interface {}, but received a ${goValueName(value)}`);
  return value;
}

function badOrder(): SchemaError {
  return new SchemaError('invalid patch format of setElementOrder list');
}

/** The elements of the patch must stand in the order list, in the same order. */
function checkOrder(change: readonly JsonValue[], order: readonly JsonValue[], mergeKey: string): void {
  if (change.length === 0 || order.length === 0) return;
  let at = 0;
  for (const item of change) {
    if (isJsonObject(item) && Object.hasOwn(item, DIRECTIVE)) continue;
    while (at < order.length && !sameElement(item, order[at] ?? null, mergeKey)) at++;
    if (at >= order.length) {
      throw new SchemaError(
        `The order in patch list:\n${JSON.stringify(change)}\n doesn't match $setElementOrder list:\n${JSON.stringify(order)}\n`,
      );
    }
    at++;
  }
}

function sameElement(left: JsonValue, right: JsonValue, mergeKey: string): boolean {
  if (mergeKey === '') return equalJson(left, right);
  return equalJson(mergeKeyOf(left, mergeKey), mergeKeyOf(right, mergeKey));
}

function mergeKeyOf(item: JsonValue, mergeKey: string): JsonValue {
  const value = member(item, mergeKey);
  if (value === undefined) {
    throw new SchemaError(`map: ${goMap(item)} does not contain declared merge key: ${mergeKey}`);
  }
  return value;
}

/** Go's print of a map, as its error texts carry it. */
function goMap(value: JsonValue): string {
  if (Array.isArray(value)) return `[${value.map(goMap).join(' ')}]`;
  if (!isJsonObject(value)) return value === null ? '<nil>' : String(value);
  const members = Object.keys(value).sort();
  return `map[${members.map((key) => `${key}:${goMap(value[key] ?? null)}`).join(' ')}]`;
}

function mergeList(live: JsonValue[], change: JsonValue[], rule: FieldPatchRule, field: string): JsonValue[] {
  if (live.length === 0 && change.length === 0) return live;
  const isOfMaps = isJsonObject(live[0] ?? change[0]);
  if (!isOfMaps) return mergeScalars(live, change);
  if (rule.mergeKey === '') throw new SchemaError(`cannot merge lists without merge key for ${field}`);
  const { base, additions } = obeyListDirectives(live, change, rule.mergeKey);
  const merged = [...base];
  const places = new Map(merged.map((item, index) => [elementKey(item, rule.mergeKey), index]));
  for (const item of additions) {
    mergeKeyOf(item, rule.mergeKey);
    const key = elementKey(item, rule.mergeKey);
    const index = places.get(key);
    const existing = index === undefined ? undefined : merged[index];
    if (index === undefined || !isJsonObject(existing) || !isJsonObject(item)) {
      places.set(key, merged.length);
      merged.push(item);
    } else {
      merged[index] = mergeMap(existing, item, rule.type);
    }
  }
  const { listed, others } = partition(merged, additions, rule.mergeKey);
  return orderElements(listed, others, additions, base, rule.mergeKey);
}

function mergeScalars(live: readonly JsonValue[], change: readonly JsonValue[]): JsonValue[] {
  const merged = [...new Set([...live, ...change])];
  const { listed, others } = partition(merged, change, '');
  return orderElements(listed, others, change, live, '');
}

/** Elements with `$patch`: `delete` removes the live element with that key, `replace` drops all live ones. */
function obeyListDirectives(live: JsonValue[], change: JsonValue[], mergeKey: string) {
  const deleted = new Set<string>();
  let isReplaced = false;
  const plain: JsonValue[] = [];
  for (const item of change) {
    const directive = member(item, DIRECTIVE);
    if (directive === undefined) {
      plain.push(item);
    } else if (directive === 'delete') {
      mergeKeyOf(item, mergeKey);
      deleted.add(elementKey(item, mergeKey));
    } else if (directive === 'replace') {
      isReplaced = true;
    } else if (directive === 'merge') {
      throw new SchemaError('merging lists cannot yet be specified in the patch');
    } else {
      throw badPatchType(directive, item);
    }
  }
  if (isReplaced) return { base: plain, additions: [] };
  const base = deleted.size === 0 ? live : live.filter((item) => !deleted.has(elementKey(item, mergeKey)));
  return { base, additions: plain };
}

function badPatchType(directive: JsonValue, patch: JsonValue): SchemaError {
  return new SchemaError(`unknown patch type: ${goMap(directive)} in map: ${goMap(patch)}`);
}

function deleteFromList(original: JsonObject, field: string, doomed: JsonValue): void {
  const live = member(original, field);
  if (!Array.isArray(live) || !Array.isArray(doomed)) return;
  const values = new Set(doomed);
  setMember(
    original,
    field,
    live.filter((item) => !values.has(item)),
  );
}

/** The field a directive such as `$setElementOrder/containers` is about. */
function directiveField(key: string, prefix: string): string {
  const slash = key.indexOf('/');
  if (slash < 0 || key.slice(0, slash) !== prefix) {
    throw prefix === ELEMENT_ORDER ? badOrder() : new SchemaError('invalid patch format of primitive list');
  }
  return key.slice(slash + 1);
}

/** What is left of a value that meets nothing to merge with: its objects with directives vanish. */
function withoutDirectives(value: JsonValue): JsonValue | undefined {
  if (Array.isArray(value)) {
    return value.map(withoutDirectives).filter((item): item is JsonValue => item !== undefined);
  }
  if (!isJsonObject(value)) return value;
  if (Object.hasOwn(value, DIRECTIVE)) return undefined;
  const result: JsonObject = {};
  for (const key of Object.keys(value)) {
    const kept = withoutDirectives(value[key] ?? null);
    // A null below an added object has nothing to remove.
    if (kept !== undefined && kept !== null) setMember(result, key, kept);
  }
  return result;
}
