import { isJsonObject, type JsonObject, type JsonValue, setMember } from '../json/json-value.ts';
import { type MergeType, memberType } from './merge-type.ts';
import { compareElements, type PathElement, printElement, readElement } from './path-element.ts';

/** A set of field paths, as a tree. A path may be a member and have members below it. Sets are values: never changed. */
export interface FieldSet {
  readonly members: ReadonlySet<PathElement>;
  readonly children: ReadonlyMap<PathElement, FieldSet>;
}

export const EMPTY_SET: FieldSet = { members: new Set(), children: new Map() };

export type FieldPath = readonly PathElement[];

/** Collects paths; the sets it is made of stay its own until `build`. */
export class FieldSetBuilder {
  private readonly members = new Set<PathElement>();
  private readonly children = new Map<PathElement, FieldSetBuilder>();

  insert(path: FieldPath): void {
    let node: FieldSetBuilder = this;
    for (const element of path.slice(0, -1)) node = node.child(element);
    const last = path.at(-1);
    if (last !== undefined) node.members.add(last);
  }

  build(): FieldSet {
    const children = new Map<PathElement, FieldSet>();
    for (const [element, builder] of this.children) children.set(element, builder.build());
    return { members: new Set(this.members), children };
  }

  private child(element: PathElement): FieldSetBuilder {
    const known = this.children.get(element);
    if (known !== undefined) return known;
    const created = new FieldSetBuilder();
    this.children.set(element, created);
    return created;
  }
}

export function isEmptySet(set: FieldSet): boolean {
  if (set.members.size > 0) return false;
  for (const child of set.children.values()) if (!isEmptySet(child)) return false;
  return true;
}

function compact(members: Set<PathElement>, children: Map<PathElement, FieldSet>): FieldSet {
  for (const [element, child] of children) if (isEmptySet(child)) children.delete(element);
  return { members, children };
}

export function union(left: FieldSet, right: FieldSet): FieldSet {
  const children = new Map(left.children);
  for (const [element, child] of right.children) {
    const own = children.get(element);
    children.set(element, own === undefined ? child : union(own, child));
  }
  return compact(new Set([...left.members, ...right.members]), children);
}

export function intersection(left: FieldSet, right: FieldSet): FieldSet {
  const members = new Set([...left.members].filter((element) => right.members.has(element)));
  const children = new Map<PathElement, FieldSet>();
  for (const [element, child] of left.children) {
    const other = right.children.get(element);
    if (other !== undefined) children.set(element, intersection(child, other));
  }
  return compact(members, children);
}

/** Paths of `left` that are no members of `right`; what lies below a member of `right` stays. */
export function difference(left: FieldSet, right: FieldSet): FieldSet {
  const members = new Set([...left.members].filter((element) => !right.members.has(element)));
  const children = new Map<PathElement, FieldSet>();
  for (const [element, child] of left.children) {
    const other = right.children.get(element);
    children.set(element, other === undefined ? child : difference(child, other));
  }
  return compact(members, children);
}

/** Like `difference`, but a member of `right` takes everything below it away. */
export function recursiveDifference(left: FieldSet, right: FieldSet): FieldSet {
  const members = new Set([...left.members].filter((element) => !right.members.has(element)));
  const children = new Map<PathElement, FieldSet>();
  for (const [element, child] of left.children) {
    if (right.members.has(element)) continue;
    const other = right.children.get(element);
    children.set(element, other === undefined ? child : recursiveDifference(child, other));
  }
  return compact(members, children);
}

/** Every path of a set in the server's order: the members of a node, then what lies below. */
export function pathsOf(set: FieldSet): FieldPath[] {
  const paths: FieldPath[] = [];
  collect(set, [], paths);
  return paths;
}

function collect(set: FieldSet, prefix: FieldPath, paths: FieldPath[]): void {
  for (const element of [...set.members].sort(compareElements)) paths.push([...prefix, element]);
  for (const element of [...set.children.keys()].sort(compareElements)) {
    const child = set.children.get(element);
    if (child !== undefined) collect(child, [...prefix, element], paths);
  }
}

export function printPath(path: FieldPath): string {
  return path.map(printElement).join('');
}

/**
 * Adds every declared field on the way to a member: with `a.b.c` owned, `a` and `a.b` count as owned too when the schema
 * declares them, so that a removal takes the emptied parents along.
 */
export function withNamedParents(set: FieldSet, type: MergeType | undefined): FieldSet {
  const members = new Set(set.members);
  const children = new Map<PathElement, FieldSet>();
  for (const [element, child] of set.children) {
    if (element.startsWith('f:') && type?.map?.fields.has(element.slice(2))) members.add(element);
    children.set(element, withNamedParents(child, childType(type, element)));
  }
  return { members, children };
}

function childType(type: MergeType | undefined, element: PathElement): MergeType | undefined {
  if (element.startsWith('f:')) return type?.map === undefined ? undefined : memberType(type.map, element.slice(2));
  return element.startsWith('k:') ? type?.list?.element() : undefined;
}

/** `FieldsV1`: `{"f:spec":{"f:size":{}}}`, with `"."` where a path is owned and has members below it. */
export function toFieldsV1(set: FieldSet): JsonObject {
  const fields: JsonObject = {};
  const elements = new Set([...set.members, ...set.children.keys()]);
  for (const element of [...elements].sort(compareElements)) {
    const child = set.children.get(element);
    const isMember = set.members.has(element);
    if (child === undefined) setMember(fields, element, {});
    else setMember(fields, element, isMember ? { '.': {}, ...toFieldsV1(child) } : toFieldsV1(child));
  }
  return fields;
}

/** Reads `FieldsV1`; `undefined` when it is malformed. */
export function fromFieldsV1(fields: JsonValue | undefined): FieldSet | undefined {
  if (!isJsonObject(fields)) return undefined;
  const members = new Set<PathElement>();
  const children = new Map<PathElement, FieldSet>();
  for (const key of Object.keys(fields)) {
    if (key === '.') continue;
    const element = readElement(key);
    const below = fields[key];
    if (element === undefined || !isJsonObject(below)) return undefined;
    const names = Object.keys(below);
    if (names.length === 0 || Object.hasOwn(below, '.')) members.add(element);
    if (names.length > 0) {
      const child = fromFieldsV1(below);
      if (child === undefined) return undefined;
      if (!isEmptySet(child)) children.set(element, child);
    }
  }
  return { members, children };
}
