import type { Cluster } from '../api/cluster.ts';
import { metadataOf, nameOf, uidOf } from '../api/object-metadata.ts';
import type { JsonObject } from '../store/json-value.ts';
import { objectsAt, stringAt } from '../store/json-value.ts';
import type { StoredObject, StoreEvent } from '../store/resource-store.ts';
import { keyOf } from './controller.ts';

/** The reference a controller puts on what it makes. */
export function controllerReference(owner: JsonObject): JsonObject {
  return {
    apiVersion: stringAt(owner, 'apiVersion'),
    kind: stringAt(owner, 'kind'),
    name: nameOf(owner),
    uid: uidOf(owner),
    controller: true,
    blockOwnerDeletion: true,
  };
}

/** The owner that controls an object, if any. */
export function controllerOf(object: JsonObject): JsonObject | undefined {
  return objectsAt(metadataOf(object), 'ownerReferences').find((owner) => owner['controller'] === true);
}

/** The objects of a storage in the owner's namespace that it controls. */
export function controlledBy(cluster: Cluster, storage: string, owner: StoredObject): StoredObject[] {
  const uid = uidOf(owner.object);
  return cluster.store
    .list(storage, owner.namespace)
    .filter(({ object }) => stringAt(controllerOf(object), 'uid') === uid);
}

/** What a controller of a kind looks at again after a change: the object itself, or the one that controls it. */
export function ownedKeys(storage: string, kind: string): ({ current }: StoreEvent) => readonly string[] {
  return ({ current }) => {
    if (current.storage === storage) return [keyOf(current)];
    const owner = controllerOf(current.object);
    return owner !== undefined && owner['kind'] === kind ? [`${current.namespace}/${stringAt(owner, 'name')}`] : [];
  };
}
