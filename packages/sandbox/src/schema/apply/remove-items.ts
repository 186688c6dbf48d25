import { isJsonObject, type JsonObject, type JsonValue, setMember } from '../json/json-value.ts';
import { EMPTY_SET, type FieldSet, isEmptySet } from './field-set.ts';
import { type ListType, type MapType, type MergeType, memberType } from './merge-type.ts';
import { fieldElement, itemElement, PathElementError } from './path-element.ts';

/** A value without the members and items of a set. What becomes empty that way becomes null, or stays empty where Go has a struct. */
export function removeItems(type: MergeType, value: JsonValue, doomed: FieldSet): JsonValue {
  if (isJsonObject(value) && type.map !== undefined) return removeMembers(type.map, value, doomed);
  if (Array.isArray(value) && type.list !== undefined) return removeElements(type.list, value, doomed);
  return value;
}

function removeMembers(map: MapType, value: JsonObject, doomed: FieldSet): JsonValue {
  if (map.isAtomic) return null;
  const result: JsonObject = {};
  for (const key of Object.keys(value)) {
    const element = fieldElement(key);
    if (doomed.members.has(element)) continue;
    setMember(result, key, below(memberType(map, key), value[key] ?? null, doomed.children.get(element)));
  }
  return Object.keys(result).length > 0 || map.isStruct ? result : null;
}

function removeElements(list: ListType, value: readonly JsonValue[], doomed: FieldSet): JsonValue {
  if (list.isAtomic) return null;
  const result: JsonValue[] = [];
  for (const item of value) {
    const element = elementOrNone(list, item);
    if (element !== undefined && doomed.members.has(element)) continue;
    result.push(below(list.element(), item, element === undefined ? undefined : doomed.children.get(element)));
  }
  return result.length > 0 ? result : null;
}

function below(type: MergeType | undefined, value: JsonValue, doomed: FieldSet = EMPTY_SET): JsonValue {
  return type === undefined || isEmptySet(doomed) ? value : removeItems(type, value, doomed);
}

function elementOrNone(list: ListType, item: JsonValue): string | undefined {
  try {
    return itemElement(list, item);
  } catch (error) {
    if (error instanceof PathElementError) return undefined;
    throw error;
  }
}
