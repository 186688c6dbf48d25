import type { EventLog } from './event-log.ts';
import { createEventLog } from './event-log.ts';
import type { JsonObject } from './json-value.ts';
import { objectAt } from './json-value.ts';
import { createSortedTable, type SortedTable } from './sorted-table.ts';

/** One stored version of one object. Frozen by convention: nobody changes `object`. */
export interface StoredObject {
  /** Storage name: `pods`, `deployments.apps`. Two API views may share one. */
  readonly storage: string;
  /** Empty for cluster-scoped objects. */
  readonly namespace: string;
  readonly name: string;
  readonly revision: number;
  readonly object: JsonObject;
  /** The serialised text per API version, made on first use and shared by lists and watches. */
  readonly texts: Map<string, string>;
}

/** One change. `current` of a DELETED event is the last state with the revision of the deletion. */
export interface StoreEvent {
  readonly revision: number;
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly current: StoredObject;
  readonly previous: StoredObject | undefined;
}

/** Outcome of a write: the committed object, or a sign that somebody else was faster. */
export type Commit = { readonly ok: true; readonly stored: StoredObject } | { readonly ok: false };

/** Told synchronously about each change, in order. Must not throw. */
export type StoreListener = (event: StoreEvent) => void;

/** A running subscription. */
export interface StoreSubscription {
  stop(): void;
}

/** Durable writes: called before a change becomes visible; may not fail silently. */
export interface StoreJournal {
  append(event: StoreEvent): void;
}

/** What a store starts with after a restart. */
export interface StoreSnapshot {
  readonly revision: number;
  readonly objects: readonly { storage: string; namespace: string; name: string; object: JsonObject }[];
}

/** Consistent view of one storage at one revision, in key order. */
export interface StoreView {
  readonly revision: number;
  readonly objects: readonly StoredObject[];
}

/**
 * The cluster's memory: objects by storage and key, one revision counter, one log of recent changes per
 * storage. Knows nothing of kinds, HTTP or Node.
 */
export interface ResourceStore {
  /** The newest revision given out. */
  readonly revision: number;
  get(storage: string, namespace: string, name: string): StoredObject | undefined;
  /** Objects of one namespace, or of all when undefined, by key. */
  list(storage: string, namespace?: string): readonly StoredObject[];
  /** The state at `revision`; undefined when that is too long ago. */
  viewAt(storage: string, namespace: string | undefined, revision: number): StoreView | undefined;
  /** How many objects a storage holds. */
  count(storage: string): number;
  /** Adds an object; fails when the key is taken. Sets `metadata.resourceVersion`. */
  create(storage: string, namespace: string, name: string, object: JsonObject): Commit;
  /** Replaces `expected` when it is still the stored version. */
  update(expected: StoredObject, object: JsonObject): Commit;
  /** Removes `expected` when it is still the stored version; `last` is the state deletion events carry. */
  remove(expected: StoredObject, last?: JsonObject): Commit;
  /** The oldest revision a watch of this storage may start from. */
  oldestRevision(storage: string): number;
  /** Changes after `revision`; undefined when some of them are no longer known. */
  eventsAfter(storage: string, revision: number): readonly StoreEvent[] | undefined;
  /** Subscribes to one storage, or to all when undefined. */
  subscribe(storage: string | undefined, listener: StoreListener): StoreSubscription;
  /** Makes a storage known; its watches start from now when it is new. */
  open(storage: string): void;
  /** Forgets a storage and its log (a removed custom resource definition). */
  drop(storage: string): void;
  /** All objects, for a snapshot. */
  snapshot(): StoreSnapshot;
}

/** Settings of a store. */
export interface ResourceStoreOptions {
  readonly journal?: StoreJournal;
  readonly initial?: StoreSnapshot;
  /** Changes remembered per storage. Default 10,000. */
  readonly logCapacity?: number;
}

interface Shelf {
  readonly table: SortedTable<StoredObject>;
  readonly log: EventLog;
  readonly listeners: Set<StoreListener>;
}

/** Creates an empty store, or one filled from a snapshot. */
export function createResourceStore(options: ResourceStoreOptions = {}): ResourceStore {
  const capacity = options.logCapacity ?? 10_000;
  const shelves = new Map<string, Shelf>();
  const globalListeners = new Set<StoreListener>();
  let revision = options.initial?.revision ?? 1;
  // Storages that exist from the start can be watched from the beginning of this run.
  const firstRevision = options.initial === undefined ? 0 : revision;

  function shelfOf(storage: string, oldest: number): Shelf {
    let shelf = shelves.get(storage);
    if (shelf === undefined) {
      shelf = { table: createSortedTable(), log: createEventLog(capacity, oldest), listeners: new Set() };
      shelves.set(storage, shelf);
    }
    return shelf;
  }

  function commit(
    type: StoreEvent['type'],
    storage: string,
    namespace: string,
    name: string,
    object: JsonObject,
    previous: StoredObject | undefined,
  ): Commit {
    const shelf = shelfOf(storage, firstRevision);
    const next = revision + 1;
    const metadata = { ...objectAt(object, 'metadata'), resourceVersion: String(next) };
    const stored: StoredObject = {
      storage,
      namespace,
      name,
      revision: next,
      object: { ...object, metadata },
      texts: new Map(),
    };
    const event: StoreEvent = { revision: next, type, current: stored, previous };
    options.journal?.append(event);
    revision = next;
    const key = keyOf(namespace, name);
    if (type === 'DELETED') {
      shelf.table.delete(key);
    } else {
      shelf.table.set(key, stored);
    }
    shelf.log.append(event);
    for (const listener of [...shelf.listeners, ...globalListeners]) {
      listener(event);
    }
    return { ok: true, stored };
  }

  function isCurrent(expected: StoredObject): boolean {
    return shelves.get(expected.storage)?.table.get(keyOf(expected.namespace, expected.name)) === expected;
  }

  for (const { storage, namespace, name, object } of options.initial?.objects ?? []) {
    const stored = { storage, namespace, name, revision: revisionOf(object), object, texts: new Map() };
    shelfOf(storage, firstRevision).table.set(keyOf(namespace, name), stored);
  }

  return {
    get revision() {
      return revision;
    },
    get: (storage, namespace, name) => shelves.get(storage)?.table.get(keyOf(namespace, name)),
    list: (storage, namespace) => listOf(shelves.get(storage), namespace),
    viewAt(storage, namespace, at) {
      const shelf = shelves.get(storage);
      if (shelf === undefined) {
        return { revision: at, objects: [] };
      }
      const later = shelf.log.after(at);
      if (later === undefined) {
        return undefined;
      }
      const now = listOf(shelf, namespace);
      return { revision: at, objects: later.length === 0 ? now : rewind(now, namespace, later) };
    },
    count: (storage) => shelves.get(storage)?.table.size ?? 0,
    create(storage, namespace, name, object) {
      if (shelves.get(storage)?.table.get(keyOf(namespace, name)) !== undefined) {
        return { ok: false };
      }
      return commit('ADDED', storage, namespace, name, object, undefined);
    },
    update(expected, object) {
      const { storage, namespace, name } = expected;
      return isCurrent(expected) ? commit('MODIFIED', storage, namespace, name, object, expected) : { ok: false };
    },
    remove(expected, last) {
      const { storage, namespace, name, object } = expected;
      return isCurrent(expected)
        ? commit('DELETED', storage, namespace, name, last ?? object, expected)
        : { ok: false };
    },
    oldestRevision: (storage) => shelfOf(storage, firstRevision).log.oldest,
    eventsAfter: (storage, after) => shelfOf(storage, firstRevision).log.after(after),
    subscribe(storage, listener) {
      const listeners = storage === undefined ? globalListeners : shelfOf(storage, firstRevision).listeners;
      listeners.add(listener);
      return { stop: () => listeners.delete(listener) };
    },
    open(storage) {
      shelfOf(storage, revision);
    },
    drop(storage) {
      // A later definition of the same name starts with an empty log that knows nothing of the past.
      shelves.delete(storage);
      shelfOf(storage, revision);
    },
    snapshot() {
      const objects = [...shelves.values()].flatMap((shelf) => shelf.table.values());
      return {
        revision,
        objects: objects.map(({ storage, namespace, name, object }) => ({ storage, namespace, name, object })),
      };
    },
  };
}

function keyOf(namespace: string, name: string): string {
  return `${namespace}/${name}`;
}

function revisionOf(object: JsonObject): number {
  const text = objectAt(object, 'metadata')?.['resourceVersion'];
  return typeof text === 'string' ? Number(text) : 0;
}

function listOf(shelf: Shelf | undefined, namespace: string | undefined): readonly StoredObject[] {
  if (shelf === undefined) {
    return [];
  }
  // '0' is the character after '/', so this range holds exactly the keys of the namespace.
  return namespace === undefined ? shelf.table.values() : shelf.table.range(`${namespace}/`, `${namespace}0`);
}

/** Undoes `later` changes, newest first. */
function rewind(
  now: readonly StoredObject[],
  namespace: string | undefined,
  later: readonly StoreEvent[],
): readonly StoredObject[] {
  const byKey = new Map(now.map((stored) => [keyOf(stored.namespace, stored.name), stored]));
  for (const { current, previous } of later.toReversed()) {
    if (namespace !== undefined && current.namespace !== namespace) {
      continue;
    }
    const key = keyOf(current.namespace, current.name);
    if (previous === undefined) {
      byKey.delete(key);
    } else {
      byKey.set(key, previous);
    }
  }
  return [...byKey.entries()].sort(([left], [right]) => (left < right ? -1 : 1)).map(([, stored]) => stored);
}
