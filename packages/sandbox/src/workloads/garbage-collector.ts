import type { Cluster } from '../api/cluster.ts';
import { finalizersOf, isTerminating, metadataOf, uidOf, withMetadata } from '../api/object-metadata.ts';
import type { JsonObject } from '../store/json-value.ts';
import { objectsAt, stringAt } from '../store/json-value.ts';
import type { StoredObject, StoreEvent } from '../store/resource-store.ts';
import type { Controller } from './controller.ts';
import { createInClusterClient } from './in-cluster-client.ts';
import { createWorkLoop } from './work-loop.ts';

const ABSENT_OWNER_DELAY = 1_000;
const FINALIZER_DELAY = 100;
/** Storages too busy or too plain to own anything or be owned. */
const IGNORED = new Set(['events']);

/**
 * Deletes what its owners left behind; carries out foreground and orphaning deletions.
 * Owners are known by uid, so an object made again under the same name is not taken for its predecessor.
 */
export function startGarbageCollector(cluster: Cluster, onError: (error: unknown) => void): Controller {
  const client = createInClusterClient(cluster, 'generic-garbage-collector');
  const alive = new Map<string, string>();
  const dependents = new Map<string, Set<string>>();
  const loop = createWorkLoop(work, onError);

  for (const { storage } of uniqueStorages(cluster)) {
    for (const stored of cluster.store.list(storage)) {
      note({ type: 'ADDED', current: stored, previous: undefined, revision: stored.revision });
    }
  }
  const subscription = cluster.store.subscribe(undefined, note);

  function note({ type, current, previous }: StoreEvent): void {
    if (IGNORED.has(current.storage)) {
      return;
    }
    const key = keyFor(current);
    const uid = uidOf(current.object);
    for (const owner of previous === undefined ? [] : ownersOf(previous.object)) {
      dependents.get(owner)?.delete(key);
      if (type === 'DELETED' && dependents.has(owner)) {
        wakeOwner(owner);
      }
    }
    if (type === 'DELETED') {
      alive.delete(uid);
      for (const dependent of dependents.get(uid) ?? []) {
        loop.add(dependent);
      }
      return;
    }
    alive.set(uid, key);
    for (const owner of ownersOf(current.object)) {
      let set = dependents.get(owner);
      if (set === undefined) {
        set = new Set();
        dependents.set(owner, set);
      }
      set.add(key);
      if (!alive.has(owner)) {
        loop.add(key, ABSENT_OWNER_DELAY);
      }
    }
    if (isTerminating(current.object) && waitsForCollector(current.object)) {
      loop.add(key, FINALIZER_DELAY);
    }
  }

  function wakeOwner(uid: string): void {
    const owner = alive.get(uid);
    if (owner !== undefined) {
      loop.add(owner, FINALIZER_DELAY);
    }
  }

  async function work(key: string): Promise<void> {
    const stored = find(cluster, key);
    if (stored === undefined) {
      return;
    }
    if (isTerminating(stored.object) && waitsForCollector(stored.object)) {
      await finishDeletion(stored);
      return;
    }
    const owners = ownersOf(stored.object);
    if (owners.length === 0 || isTerminating(stored.object)) {
      return;
    }
    const gone = owners.filter((owner) => !alive.has(owner));
    if (gone.length === owners.length) {
      await client.remove(stored.storage, stored.namespace, stored.name, { preconditionUid: uidOf(stored.object) });
    } else if (gone.length > 0) {
      await client.update(stored.storage, stored.namespace, stored.name, '', (object) => withoutOwners(object, gone));
    }
  }

  async function finishDeletion(owner: StoredObject): Promise<void> {
    const uid = uidOf(owner.object);
    const owned = [...(dependents.get(uid) ?? [])].flatMap((key) => find(cluster, key) ?? []);
    const finalizers = finalizersOf(owner.object);
    if (finalizers.includes('orphan')) {
      for (const { storage, namespace, name } of owned) {
        await client.update(storage, namespace, name, '', (object) => withoutOwners(object, [uid]));
      }
      await dropFinalizer(owner, 'orphan');
      return;
    }
    for (const { storage, namespace, name, object } of owned) {
      if (!isTerminating(object)) {
        await client.remove(storage, namespace, name, { propagationPolicy: 'Foreground' });
      }
    }
    const blocking = [...(dependents.get(uid) ?? [])].filter((key) => blocks(cluster, key, uid));
    if (blocking.length === 0) {
      await dropFinalizer(owner, 'foregroundDeletion');
    } else {
      loop.add(keyFor(owner), FINALIZER_DELAY);
    }
  }

  async function dropFinalizer({ storage, namespace, name }: StoredObject, finalizer: string): Promise<void> {
    await client.update(storage, namespace, name, '', (object) => {
      const finalizers = finalizersOf(object).filter((item) => item !== finalizer);
      const sorted = cluster.catalogue.ofStorage(storage)[0]?.custom !== undefined;
      return withMetadata(object, { finalizers: finalizers.length === 0 ? undefined : finalizers }, sorted);
    });
  }

  return {
    stop() {
      subscription.stop();
      loop.stop();
    },
  };
}

function uniqueStorages(cluster: Cluster): { storage: string }[] {
  return [...new Set(cluster.catalogue.all().map(({ storage }) => storage))].map((storage) => ({ storage }));
}

function keyFor({ storage, namespace, name }: StoredObject): string {
  return `${storage}/${namespace}/${name}`;
}

function find(cluster: Cluster, key: string): StoredObject | undefined {
  const [storage = '', namespace = '', ...name] = key.split('/');
  return cluster.store.get(storage, namespace, name.join('/'));
}

function ownersOf(object: JsonObject): string[] {
  return objectsAt(metadataOf(object), 'ownerReferences').map((owner) => stringAt(owner, 'uid'));
}

function waitsForCollector(object: JsonObject): boolean {
  const finalizers = finalizersOf(object);
  return finalizers.includes('foregroundDeletion') || finalizers.includes('orphan');
}

function blocks(cluster: Cluster, key: string, uid: string): boolean {
  const stored = find(cluster, key);
  return (
    stored !== undefined &&
    objectsAt(metadataOf(stored.object), 'ownerReferences').some(
      (owner) => owner['uid'] === uid && owner['blockOwnerDeletion'] === true,
    )
  );
}

function withoutOwners(object: JsonObject, uids: readonly string[]): JsonObject | undefined {
  const owners = objectsAt(metadataOf(object), 'ownerReferences');
  const kept = owners.filter((owner) => !uids.includes(stringAt(owner, 'uid')));
  if (kept.length === owners.length) {
    return undefined;
  }
  const { ownerReferences: _owners, ...metadata } = metadataOf(object);
  return { ...object, metadata: kept.length === 0 ? metadata : { ...metadata, ownerReferences: kept } };
}
