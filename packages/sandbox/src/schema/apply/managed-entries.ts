import {
  arrayMember,
  compareText,
  copyObject,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  member,
  setMember,
  stringMember,
} from '../json/json-value.ts';
import { type FieldSet, fromFieldsV1, toFieldsV1, union } from './field-set.ts';

export type Operation = 'Apply' | 'Update';

/** One entry of `metadata.managedFields`. */
export interface ManagedEntry {
  readonly manager: string;
  readonly operation: Operation;
  readonly apiVersion: string;
  readonly subresource: string;
  /** RFC 3339, or empty when the entry never had one. */
  readonly time: string;
  readonly set: FieldSet;
}

/** Entries by identity: manager, operation and subresource, and for updates the version. */
export type ManagedEntries = ReadonlyMap<string, ManagedEntry>;

/** Entries of update managers beyond this number are merged into one. */
const MAX_UPDATE_MANAGERS = 10;
const OLD_CHANGES = 'ancient-changes';

export function entryIdentity(entry: Omit<ManagedEntry, 'set' | 'time'>): string {
  const version = entry.operation === 'Apply' ? '' : entry.apiVersion;
  return JSON.stringify([entry.manager, entry.operation, version, entry.subresource]);
}

/** Reads `metadata.managedFields`; `undefined` when it is malformed. Entries of one identity become one. */
export function readEntries(object: JsonObject | undefined): ManagedEntries | undefined {
  const entries = new Map<string, ManagedEntry>();
  for (const item of arrayMember(member(object, 'metadata'), 'managedFields')) {
    const entry = readEntry(item);
    if (entry === undefined) return undefined;
    const identity = entryIdentity(entry);
    const known = entries.get(identity);
    entries.set(identity, known === undefined ? entry : { ...entry, set: union(known.set, entry.set) });
  }
  return entries;
}

function readEntry(item: JsonValue): ManagedEntry | undefined {
  const operation = stringMember(item, 'operation');
  if (operation !== 'Apply' && operation !== 'Update') return undefined;
  const fields = member(item, 'fieldsV1');
  const set = fromFieldsV1(fields === undefined || fields === null ? {} : fields);
  if (set === undefined) return undefined;
  return {
    manager: stringMember(item, 'manager'),
    operation,
    apiVersion: stringMember(item, 'apiVersion'),
    subresource: stringMember(item, 'subresource'),
    time: stringMember(item, 'time'),
    set,
  };
}

/** Whether a client asks to forget all owners: an empty list, or a list of one empty entry. */
export function isReset(object: JsonObject): boolean {
  const list = member(member(object, 'metadata'), 'managedFields');
  if (!Array.isArray(list)) return false;
  const first = list[0];
  return list.length === 0 || (list.length === 1 && isJsonObject(first) && Object.keys(first).length === 0);
}

/** A copy of the object with these entries, or without `managedFields` when there are none. */
export function withEntries(object: JsonObject, entries: ManagedEntries): JsonObject {
  const result = copyObject(object);
  const metadata = member(object, 'metadata');
  const copy = isJsonObject(metadata) ? copyObject(metadata) : {};
  if (entries.size === 0) delete copy['managedFields'];
  else copy['managedFields'] = [...entries.values()].sort(compareEntries).map(writeEntry);
  setMember(result, 'metadata', copy);
  return result;
}

function compareEntries(left: ManagedEntry, right: ManagedEntry): number {
  return (
    compareText(left.operation, right.operation) ||
    compareText(left.time, right.time) ||
    compareText(left.manager, right.manager) ||
    compareText(left.apiVersion, right.apiVersion) ||
    compareText(left.subresource, right.subresource)
  );
}

function writeEntry(entry: ManagedEntry): JsonObject {
  return {
    manager: entry.manager,
    operation: entry.operation,
    apiVersion: entry.apiVersion,
    ...(entry.time === '' ? {} : { time: entry.time }),
    fieldsType: 'FieldsV1',
    fieldsV1: toFieldsV1(entry.set),
    ...(entry.subresource === '' ? {} : { subresource: entry.subresource }),
  };
}

/** Merges the oldest update entries of each version until no more than ten are left. */
export function capEntries(entries: ManagedEntries): ManagedEntries {
  const updates = [...entries.values()].filter((entry) => entry.operation === 'Update');
  if (updates.length <= MAX_UPDATE_MANAGERS) return entries;
  updates.sort(
    (left, right) => compareText(left.time, right.time) || compareText(entryIdentity(left), entryIdentity(right)),
  );
  const capped = new Map(entries);
  const firstOfVersion = new Map<string, string>();
  let count = updates.length;
  for (const entry of updates) {
    if (count <= MAX_UPDATE_MANAGERS) break;
    const first = firstOfVersion.get(entry.apiVersion);
    if (first === undefined) {
      firstOfVersion.set(entry.apiVersion, entryIdentity(entry));
      continue;
    }
    const bucket: ManagedEntry = { ...entry, manager: OLD_CHANGES, subresource: '' };
    const identity = entryIdentity(bucket);
    const earlier = capped.get(identity) ?? capped.get(first);
    if (!capped.has(identity)) capped.delete(first);
    capped.delete(entryIdentity(entry));
    capped.set(identity, earlier === undefined ? bucket : { ...bucket, set: union(earlier.set, entry.set) });
    count--;
  }
  return capped;
}
