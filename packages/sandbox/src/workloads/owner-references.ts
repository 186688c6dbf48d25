import type { Cluster } from '../api/cluster.ts';
import { metadataOf, nameOf, uidOf } from '../api/object-metadata.ts';
import type { JsonObject } from '../store/json-value.ts';
import { objectsAt, stringAt } from '../store/json-value.ts';
import type { StoredObject } from '../store/resource-store.ts';

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

/** The key of the controlling owner of a kind, for queues. */
export function controllerKey(stored: StoredObject, kind: string): string | undefined {
  const owner = controllerOf(stored.object);
  return owner !== undefined && owner['kind'] === kind ? `${stored.namespace}/${stringAt(owner, 'name')}` : undefined;
}
