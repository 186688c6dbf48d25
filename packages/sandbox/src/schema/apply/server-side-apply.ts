import {
  canonicalJson,
  cloneJson,
  equalJson,
  isJsonObject,
  isWithinDepth,
  type JsonObject,
  member,
  memberAt,
  setMember,
  stringMember,
} from '../json/json-value.ts';
import { parseJson } from '../json/parse-json.ts';
import { formatKind, type GroupVersionKind, parseApiVersion } from '../model/group-version-kind.ts';
import { SchemaError } from '../model/schema-error.ts';
import { typedRoundTrip } from '../typed/decode-strict.ts';
import { kindShape } from '../typed/type-shape.ts';
import { type ApplyConflict, conflictsOf } from './apply-conflict.ts';
import { compareTyped } from './compare-typed.ts';
import { difference, EMPTY_SET, type FieldSet, isEmptySet, recursiveDifference, union } from './field-set.ts';
import { STRIPPED_FIELDS } from './ignored-fields.ts';
import { entryIdentity, type ManagedEntries, type ManagedEntry, readEntries, withEntries } from './managed-entries.ts';
import {
  changes,
  conflictsWith,
  emptyObject,
  type ManagedFieldsInput,
  recordUpdate,
  takeAway,
  type WriteContext,
  writeContext,
} from './managed-fields.ts';
import { mergeTyped } from './merge-typed.ts';
import { pruneUnowned } from './prune-unowned.ts';
import { toFieldSet } from './to-field-set.ts';
import { typedProblem } from './validate-typed.ts';

export interface ApplyInput extends Omit<ManagedFieldsInput, 'before' | 'after'> {
  /** The stored object; `undefined` when the apply creates it. */
  readonly live: JsonObject | undefined;
  readonly config: JsonObject;
  readonly force: boolean;
}

/** An apply gives the object to default, admit and store, or the conflicts that stop it. */
export type ApplyResult =
  | { readonly object: JsonObject; readonly conflicts?: undefined }
  | { readonly object?: undefined; readonly conflicts: ApplyConflict };

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';
/** kubectl's field manager; its server-side apply takes over what its client-side apply owned. */
const KUBECTL = 'kubectl';

/**
 * Server-side apply: merges a configuration into the live object by the schema's list and map types, drops what the
 * manager applied before and nobody owns any more, and records owners. Defaults are not applied; see `applyDefaults`.
 *
 * @throws SchemaError 400 for a wrong kind or `managedFields` in the configuration, 500 when it does not fit the schema.
 */
export function serverSideApply(input: ApplyInput): ApplyResult {
  checkConfig(input.gvk, input.config);
  const context = writeContext(input);
  const problem = typedProblem(context.type, input.config);
  if (problem !== undefined) {
    throw new SchemaError(`failed to create typed patch object (${describe(input.gvk, input.config)}): ${problem}`, '');
  }
  const live = input.live ?? emptyObject(input.gvk);
  const bare = withEntries(live, new Map());
  const managed = managedBefore(context, bare, live);
  let outcome = apply(context, bare, input.config, managed, input.manager, input.force);
  if (outcome.conflicts !== undefined && input.manager === KUBECTL) {
    const allowed = lastAppliedFields(context, bare);
    const remaining = allowed === undefined ? outcome.conflicts : without(outcome.conflicts, allowed);
    if (remaining.length > 0) return { conflicts: conflictsOf(remaining) };
    outcome = apply(context, bare, input.config, managed, input.manager, true);
  }
  if (outcome.conflicts !== undefined) return { conflicts: conflictsOf(outcome.conflicts) };
  const object = input.manager === KUBECTL ? syncLastApplied(outcome.object, input.config) : outcome.object;
  return { object: withEntries(object, outcome.managed) };
}

type Conflicts = readonly { readonly entry: ManagedEntry; readonly set: FieldSet }[];

type Outcome =
  | { readonly object: JsonObject; readonly managed: ManagedEntries; readonly conflicts?: undefined }
  | { readonly conflicts: Conflicts };

function apply(
  context: WriteContext,
  live: JsonObject,
  config: JsonObject,
  managed: ManagedEntries,
  manager: string,
  force: boolean,
): Outcome {
  const identity = entryIdentity({
    manager,
    operation: 'Apply',
    apiVersion: context.apiVersion,
    subresource: context.subresource,
  });
  const last = managed.get(identity);
  const claimed = recursiveDifference(toFieldSet(context.type, config), context.ignored);
  const merged = mergeTyped(context.type, live, config);
  const others = new Map([...managed].filter(([key]) => key !== identity));
  const owned = [...others.values()].reduce((all, entry) => union(all, entry.set), claimed);
  const pruned = pruneUnowned(context.type, merged, last?.set ?? EMPTY_SET, owned);
  const candidate = isJsonObject(pruned) ? pruned : {};
  const comparison = changes(context, live, candidate);
  const conflicts = force ? [] : conflictsWith(others, comparison, identity);
  if (conflicts.length > 0) return { conflicts };
  const object = settle(context.gvk, candidate);
  const entries = takeAway(others, comparison, identity);
  const set = difference(claimed, STRIPPED_FIELDS);
  if (!isEmptySet(set)) {
    const isSame = equalJson(live, object) && last !== undefined;
    entries.set(identity, {
      manager,
      operation: 'Apply',
      apiVersion: context.apiVersion,
      subresource: context.subresource,
      time: isSame ? last.time : context.time,
      set,
    });
  }
  return { object, managed: entries };
}

/** Built-in kinds pass through their Go type; the nulls a removal leaves vanish there. */
function settle(gvk: GroupVersionKind, object: JsonObject): JsonObject {
  if (kindShape(gvk) === undefined) return object;
  try {
    return typedRoundTrip(gvk, object);
  } catch (error) {
    if (!(error instanceof SchemaError)) throw error;
    throw new SchemaError(
      `failed to convert new typed object (${describe(gvk, object)}) to object: ${error.message}`,
      '',
    );
  }
}

/** Objects that nobody was recorded for get one entry that owns all of it before the first apply. */
function managedBefore(context: WriteContext, bare: JsonObject, live: JsonObject): ManagedEntries {
  const managed = readEntries(live);
  if (managed === undefined) throw new SchemaError('failed to decode managed fields', '');
  if (managed.size > 0) return managed;
  return recordUpdate(context, emptyObject(context.gvk), bare, managed, 'before-first-apply');
}

function checkConfig(gvk: GroupVersionKind, config: JsonObject): void {
  if (!isWithinDepth(config)) throw new SchemaError('exceeded max depth');
  const given = { ...parseApiVersion(stringMember(config, 'apiVersion')), kind: stringMember(config, 'kind') };
  if (given.group !== gvk.group || given.version !== gvk.version || given.kind !== gvk.kind) {
    throw new SchemaError(`invalid object type: ${formatKind(given)}`);
  }
  const managed = memberAt(config, 'metadata', 'managedFields');
  if (managed !== undefined && managed !== null) throw new SchemaError('metadata.managedFields must be nil');
}

function describe(gvk: GroupVersionKind, config: JsonObject): string {
  const metadata = member(config, 'metadata');
  return `${stringMember(metadata, 'namespace')}/${stringMember(metadata, 'name')}; ${formatKind(gvk)}`;
}

/** Fields the client-side apply annotation claims and that still have its values. */
function lastAppliedFields(context: WriteContext, live: JsonObject): FieldSet | undefined {
  const text = stringMember(memberAt(live, 'metadata', 'annotations'), LAST_APPLIED);
  if (text === '') return undefined;
  try {
    const applied = parseJson(text).value;
    if (!isJsonObject(applied) || stringMember(applied, 'apiVersion') !== context.apiVersion) return undefined;
    const comparison = compareTyped(context.type, applied, live);
    const gone = union(union(comparison.modified, comparison.added), comparison.removed);
    return difference(toFieldSet(context.type, applied), gone);
  } catch (error) {
    if (error instanceof SchemaError) return undefined;
    throw error;
  }
}

function without(conflicts: Conflicts, allowed: FieldSet): Conflicts {
  return conflicts
    .map(({ entry, set }) => ({ entry, set: difference(set, allowed) }))
    .filter(({ set }) => !isEmptySet(set));
}

/** Keeps the client-side apply annotation in step while it exists. */
function syncLastApplied(object: JsonObject, config: JsonObject): JsonObject {
  if (stringMember(memberAt(object, 'metadata', 'annotations'), LAST_APPLIED) === '') return object;
  const applied = cloneJson(config);
  const given = memberAt(applied, 'metadata', 'annotations');
  if (isJsonObject(given)) delete given[LAST_APPLIED];
  const result = cloneJson(object);
  const annotations = memberAt(result, 'metadata', 'annotations');
  if (isJsonObject(annotations)) setMember(annotations, LAST_APPLIED, `${canonicalJson(applied)}\n`);
  return result;
}
