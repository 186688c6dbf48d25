import { equalJson, isJsonObject, type JsonObject, type JsonValue, member } from '../json/json-value.ts';
import { type FieldPath, type FieldSet, FieldSetBuilder } from './field-set.ts';
import { type ListType, type MapType, type MergeType, memberType } from './merge-type.ts';
import { fieldElement, itemElement, PathElementError } from './path-element.ts';

/** What changed from one object to another. No path is in two of the sets. */
export interface Comparison {
  readonly removed: FieldSet;
  readonly modified: FieldSet;
  readonly added: FieldSet;
}

/** Compares two objects of one type. */
export function compareTyped(type: MergeType, before: JsonValue | undefined, after: JsonValue | undefined): Comparison {
  const comparer = new Comparer();
  comparer.compare(type, before, after, []);
  return {
    removed: comparer.removed.build(),
    modified: comparer.modified.build(),
    added: comparer.added.build(),
  };
}

type Atom = 'map' | 'list' | 'scalar';

class Comparer {
  readonly removed = new FieldSetBuilder();
  readonly modified = new FieldSetBuilder();
  readonly added = new FieldSetBuilder();

  compare(type: MergeType, before: JsonValue | undefined, after: JsonValue | undefined, path: FieldPath): void {
    if (before === undefined && after === undefined) return;
    const atoms = atomsOf(type, before, after);
    let isLeaf = false;
    for (const atom of atoms) isLeaf = this.visit(atom, type, before, after, path);
    if (isLeaf) return;
    if (before === undefined) this.added.insert(path);
    else if (after === undefined) this.removed.insert(path);
  }

  /** Compares as one of the type's forms; whether it was compared as a whole. */
  private visit(
    atom: Atom,
    type: MergeType,
    before: JsonValue | undefined,
    after: JsonValue | undefined,
    path: FieldPath,
  ): boolean {
    if (atom === 'map' && type.map !== undefined) return this.compareMaps(type.map, before, after, path);
    if (atom === 'list' && type.list !== undefined) return this.compareLists(type.list, before, after, path);
    this.leaf(before, after, path);
    return true;
  }

  private leaf(before: JsonValue | undefined, after: JsonValue | undefined, path: FieldPath): void {
    if (before === undefined) this.added.insert(path);
    else if (after === undefined) this.removed.insert(path);
    else if (!equalJson(before, after)) this.modified.insert(path);
  }

  private compareMaps(
    map: MapType,
    before: JsonValue | undefined,
    after: JsonValue | undefined,
    path: FieldPath,
  ): boolean {
    const left = isJsonObject(before) ? before : undefined;
    const right = isJsonObject(after) ? after : undefined;
    if (map.isAtomic || (isEmptyObject(left) && isEmptyObject(right))) {
      this.leaf(before, after, path);
      return true;
    }
    for (const key of new Set([...Object.keys(left ?? {}), ...Object.keys(right ?? {})])) {
      const type = memberType(map, key);
      if (type !== undefined) this.compare(type, member(left, key), member(right, key), [...path, fieldElement(key)]);
    }
    return false;
  }

  private compareLists(
    list: ListType,
    before: JsonValue | undefined,
    after: JsonValue | undefined,
    path: FieldPath,
  ): boolean {
    const left = Array.isArray(before) ? before : [];
    const right = Array.isArray(after) ? after : [];
    if (list.isAtomic || (left.length === 0 && right.length === 0)) {
      this.leaf(before, after, path);
      return true;
    }
    const leftItems = groupItems(list, left);
    const rightItems = groupItems(list, right);
    for (const element of new Set([...leftItems.keys(), ...rightItems.keys()])) {
      this.compareItems(list, leftItems.get(element) ?? [], rightItems.get(element) ?? [], [...path, element]);
    }
    return false;
  }

  /** Items given twice count as one whole. */
  private compareItems(list: ListType, left: readonly JsonValue[], right: readonly JsonValue[], path: FieldPath): void {
    if (left.length <= 1 && right.length <= 1) {
      this.compare(list.element(), left[0], right[0], path);
    } else if (left.length > 1 && right.length > 1) {
      if (!equalJson([...left], [...right])) this.modified.insert(path);
    } else if (left.length > 1) {
      if (right.length > 0) this.compare(list.element(), undefined, right[0], path);
      this.removed.insert(path);
    } else {
      if (left.length > 0) this.compare(list.element(), left[0], undefined, path);
      this.added.insert(path);
    }
  }
}

function isEmptyObject(value: JsonObject | undefined): boolean {
  return value === undefined || Object.keys(value).length === 0;
}

/** The form of the value decides among several; a value on one side alone decides for both. */
function atomsOf(type: MergeType, before: JsonValue | undefined, after: JsonValue | undefined): Atom[] {
  if (after === undefined) return [atomOf(type, before ?? null)];
  const right = atomOf(type, after);
  if (before === undefined) return [right];
  const left = atomOf(type, before);
  return left === right ? [right] : [left, right];
}

function atomOf(type: MergeType, value: JsonValue): Atom {
  if (Array.isArray(value) && type.list !== undefined) return 'list';
  if (isJsonObject(value) && type.map !== undefined) return 'map';
  if (value !== null && typeof value !== 'object' && type.scalar !== undefined) return 'scalar';
  if (type.map !== undefined) return 'map';
  return type.scalar !== undefined ? 'scalar' : 'list';
}

function groupItems(list: ListType, items: readonly JsonValue[]): Map<string, JsonValue[]> {
  const groups = new Map<string, JsonValue[]>();
  for (const item of items) {
    try {
      const element = itemElement(list, item);
      const group = groups.get(element);
      if (group === undefined) groups.set(element, [item]);
      else group.push(item);
    } catch (error) {
      if (!(error instanceof PathElementError)) throw error;
    }
  }
  return groups;
}
