import { isWithinDepth, type JsonObject, memberAt, stringMember } from '../json/json-value.ts';
import { apiVersionOf, type GroupVersionKind } from '../model/group-version-kind.ts';
import { SchemaError } from '../model/schema-error.ts';
import { typedRoundTrip } from '../typed/decode-strict.ts';
import { kindShape } from '../typed/type-shape.ts';
import { builtinMergeType } from './builtin-merge-type.ts';
import { type Comparison, compareTyped } from './compare-typed.ts';
import { customMergeType } from './custom-merge-type.ts';
import {
  difference,
  EMPTY_SET,
  type FieldSet,
  intersection,
  isEmptySet,
  recursiveDifference,
  union,
} from './field-set.ts';
import { ignoredFields, STRIPPED_FIELDS } from './ignored-fields.ts';
import {
  capEntries,
  entryIdentity,
  isReset,
  type ManagedEntries,
  type ManagedEntry,
  readEntries,
  withEntries,
} from './managed-entries.ts';
import type { MergeType } from './merge-type.ts';

/** A write that is about to be stored. */
export interface ManagedFieldsInput {
  /** The stored object; `undefined` on create. */
  readonly before: JsonObject | undefined;
  readonly after: JsonObject;
  readonly gvk: GroupVersionKind;
  /** The raw `openAPIV3Schema` of a custom resource; ignored for built-in kinds. */
  readonly schema?: JsonObject | undefined;
  /** `fieldManager`, or what the user agent gives in its place. */
  readonly manager: string;
  readonly subresource?: string;
  readonly now: Date;
  /** Whether a custom resource has the status subresource; assumed when not given. */
  readonly hasStatus?: boolean;
}

/** Everything a write is judged by. */
export interface WriteContext {
  readonly type: MergeType;
  readonly gvk: GroupVersionKind;
  readonly apiVersion: string;
  readonly subresource: string;
  readonly time: string;
  readonly ignored: FieldSet;
}

/**
 * Records who owns what after a create, update or patch: fields the write changed move to its manager. Returns a copy of
 * `after` with the new `metadata.managedFields`.
 */
export function updateManagedFields(input: ManagedFieldsInput): JsonObject {
  if (!isWithinDepth(input.after)) throw new SchemaError('exceeded max depth');
  const context = writeContext(input);
  const live = input.before ?? emptyObject(input.gvk);
  const managed = managedBefore(live, input.after, context.subresource !== '');
  const after = withEntries(input.after, new Map());
  const isUnowned = managed.size === 0 && stringMember(memberAt(input.before, 'metadata'), 'uid') !== '';
  // Objects that lost their owners are not tracked again until somebody applies.
  if (isUnowned) return after;
  return withEntries(after, recordUpdate(context, live, after, managed, input.manager));
}

export function writeContext(
  input: Pick<ManagedFieldsInput, 'gvk' | 'schema' | 'subresource' | 'now' | 'hasStatus'>,
): WriteContext {
  const { gvk, schema, subresource = '', now, hasStatus } = input;
  return {
    type: builtinMergeType(gvk) ?? customMergeType(schema),
    gvk,
    apiVersion: apiVersionOf(gvk),
    subresource,
    time: `${now.toISOString().slice(0, 19)}Z`,
    ignored: ignoredFields(gvk, subresource, hasStatus),
  };
}

/** What an object is before anything was set: Go's empty struct for built-in kinds. */
export function emptyObject(gvk: GroupVersionKind): JsonObject {
  const bare: JsonObject = { apiVersion: apiVersionOf(gvk), kind: gvk.kind };
  return kindShape(gvk) === undefined ? bare : typedRoundTrip(gvk, bare);
}

function managedBefore(live: JsonObject, after: JsonObject, isSubresource: boolean): ManagedEntries {
  if (isSubresource) return readEntries(live) ?? new Map();
  if (isReset(after)) return new Map();
  const given = readEntries(after);
  return given !== undefined && given.size > 0 ? given : (readEntries(live) ?? new Map());
}

/** The entries after an update by `manager`. */
export function recordUpdate(
  context: WriteContext,
  live: JsonObject,
  after: JsonObject,
  managed: ManagedEntries,
  manager: string,
): ManagedEntries {
  const comparison = changes(context, live, after);
  const gained = difference(union(comparison.modified, comparison.added), STRIPPED_FIELDS);
  const entries = new Map(takeAway(managed, comparison, undefined));
  if (!isEmptySet(gained)) {
    const bare = {
      manager: manager === '' ? 'unknown' : manager,
      operation: 'Update' as const,
      apiVersion: context.apiVersion,
      subresource: context.subresource,
    };
    const identity = entryIdentity(bare);
    const own = entries.get(identity)?.set ?? EMPTY_SET;
    entries.set(identity, { ...bare, time: context.time, set: union(gained, own) });
  }
  return capEntries(entries);
}

/** What changed, without the fields this endpoint resets. */
export function changes(context: WriteContext, live: JsonObject, after: JsonObject): Comparison {
  const comparison = compareTyped(context.type, live, after);
  if (isEmptySet(context.ignored)) return comparison;
  return {
    removed: recursiveDifference(comparison.removed, context.ignored),
    modified: recursiveDifference(comparison.modified, context.ignored),
    added: recursiveDifference(comparison.added, context.ignored),
  };
}

/** Takes changed and removed fields away from every entry but the one named. */
export function takeAway(
  managed: ManagedEntries,
  comparison: Comparison,
  except: string | undefined,
): Map<string, ManagedEntry> {
  const lost = union(union(comparison.modified, comparison.added), comparison.removed);
  const entries = new Map<string, ManagedEntry>();
  for (const [identity, entry] of managed) {
    const set = identity === except ? entry.set : difference(entry.set, lost);
    if (!isEmptySet(set)) entries.set(identity, { ...entry, set });
  }
  return entries;
}

/** Fields of other managers that a write changes, by manager. */
export function conflictsWith(
  managed: ManagedEntries,
  comparison: Comparison,
  applier: string,
): { readonly entry: ManagedEntry; readonly set: FieldSet }[] {
  const changed = union(comparison.modified, comparison.added);
  const conflicts: { entry: ManagedEntry; set: FieldSet }[] = [];
  for (const [identity, entry] of managed) {
    if (identity === applier) continue;
    const set = intersection(entry.set, changed);
    if (!isEmptySet(set)) conflicts.push({ entry, set });
  }
  return conflicts;
}
