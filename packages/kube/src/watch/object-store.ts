import type { KubernetesObject } from '../model/kubernetes-object.ts';

/** What happened to one object. `deleted` carries the last state known. */
export type ObjectChange =
  | { readonly type: 'added'; readonly object: KubernetesObject }
  | { readonly type: 'modified'; readonly object: KubernetesObject; readonly previous: KubernetesObject }
  | {
      readonly type: 'deleted';
      readonly object: KubernetesObject;
      /** The deletion itself was missed: `object` may be older than what was deleted. */
      readonly isSynthetic: boolean;
    };

/** The objects an informer knows, and the changes that lead from one state to the next: none lost, none twice. */
export interface ObjectStore {
  readonly get: (name: string, namespace?: string) => KubernetesObject | undefined;
  readonly list: (namespace?: string) => readonly KubernetesObject[];
  readonly size: () => number;
  /** An ADDED or MODIFIED event. */
  readonly put: (object: KubernetesObject) => readonly ObjectChange[];
  /** A DELETED event. */
  readonly remove: (object: KubernetesObject) => readonly ObjectChange[];
  /** A complete list: what is not in it was deleted unseen. */
  readonly replace: (objects: readonly KubernetesObject[]) => readonly ObjectChange[];
}

export function createObjectStore(): ObjectStore {
  const objects = new Map<string, KubernetesObject>();
  const put = (object: KubernetesObject): readonly ObjectChange[] => {
    const key = keyOf(object);
    const previous = objects.get(key);
    if (previous !== undefined && isSameState(previous, object)) return [];
    objects.set(key, object);
    if (previous === undefined) return [{ type: 'added', object }];
    if (previous.metadata.uid === object.metadata.uid) return [{ type: 'modified', object, previous }];
    // Deleted and made again under the same name, unseen.
    return [
      { type: 'deleted', object: previous, isSynthetic: true },
      { type: 'added', object },
    ];
  };
  return {
    get: (name, namespace) => objects.get(toKey(name, namespace)),
    list: (namespace) => {
      const all = [...objects.values()];
      return namespace === undefined ? all : all.filter(({ metadata }) => metadata.namespace === namespace);
    },
    size: () => objects.size,
    put,
    remove: (object) => {
      const key = keyOf(object);
      const previous = objects.get(key);
      if (previous === undefined) return [];
      objects.delete(key);
      return [{ type: 'deleted', object, isSynthetic: false }];
    },
    replace: (listed) => {
      const listedKeys = new Set(listed.map(keyOf));
      const changes: ObjectChange[] = [];
      for (const [key, object] of objects) {
        if (listedKeys.has(key)) continue;
        objects.delete(key);
        changes.push({ type: 'deleted', object, isSynthetic: true });
      }
      for (const object of listed) changes.push(...put(object));
      return changes;
    },
  };
}

/** A slash cannot be part of a namespace or of a name. */
function toKey(name: string, namespace: string | undefined): string {
  return namespace === undefined || namespace === '' ? name : `${namespace}/${name}`;
}

function keyOf({ metadata }: KubernetesObject): string {
  return toKey(metadata.name ?? '', metadata.namespace);
}

function isSameState(left: KubernetesObject, right: KubernetesObject): boolean {
  const { uid, resourceVersion } = left.metadata;
  return (
    resourceVersion !== undefined && resourceVersion === right.metadata.resourceVersion && uid === right.metadata.uid
  );
}
