import { isJsonObject, type JsonObject, type JsonValue } from '../json/json-value.ts';
import { type FieldPath, type FieldSet, FieldSetBuilder } from './field-set.ts';
import { type ListType, type MapType, type MergeType, memberType } from './merge-type.ts';
import { fieldElement, itemElement, PathElementError } from './path-element.ts';

/** The paths an apply of `value` claims: leaves, list items, and empty or undeclared members. */
export function toFieldSet(type: MergeType, value: JsonValue): FieldSet {
  const builder = new FieldSetBuilder();
  visit(type, value, [], builder);
  return builder.build();
}

function visit(type: MergeType, value: JsonValue, path: FieldPath, builder: FieldSetBuilder): void {
  if (isJsonObject(value) && type.map !== undefined) visitMap(type.map, value, path, builder);
  else if (Array.isArray(value) && type.list !== undefined) visitList(type.list, value, path, builder);
  else if (value !== null || type.scalar !== undefined) builder.insert(path);
  else if (type.map?.isAtomic || type.list?.isAtomic) builder.insert(path);
}

function visitMap(map: MapType, value: JsonObject, path: FieldPath, builder: FieldSetBuilder): void {
  if (map.isAtomic) {
    builder.insert(path);
    return;
  }
  for (const key of Object.keys(value)) {
    const item = value[key] ?? null;
    const below = [...path, fieldElement(key)];
    const type = memberType(map, key);
    if (type !== undefined) visit(type, item, below, builder);
    const isEmpty = item === null || (isJsonObject(item) && Object.keys(item).length === 0);
    if (isEmpty || !map.fields.has(key)) builder.insert(below);
  }
}

function visitList(list: ListType, value: readonly JsonValue[], path: FieldPath, builder: FieldSetBuilder): void {
  if (list.isAtomic) {
    builder.insert(path);
    return;
  }
  const counts = new Map<string, number>();
  const elements = value.map((item) => elementOrNone(list, item));
  for (const element of elements) if (element !== undefined) counts.set(element, (counts.get(element) ?? 0) + 1);
  for (const [index, item] of value.entries()) {
    const element = elements[index];
    if (element === undefined) continue;
    const below = [...path, element];
    // Items given twice are owned as one, without their members.
    if (counts.get(element) === 1) visit(list.element(), item, below, builder);
    builder.insert(below);
  }
}

function elementOrNone(list: ListType, item: JsonValue): string | undefined {
  try {
    return itemElement(list, item);
  } catch (error) {
    if (error instanceof PathElementError) return undefined;
    throw error;
  }
}
