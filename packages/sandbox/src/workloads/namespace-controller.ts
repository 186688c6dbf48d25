import type { Cluster } from '../api/cluster.ts';
import { finalizersOf, isTerminating } from '../api/object-metadata.ts';
import { addNamespaceContents } from './bootstrap-cluster.ts';
import { type Controller, keyOf, splitKey, startController } from './controller.ts';
import { createInClusterClient } from './in-cluster-client.ts';

const RETRY_DELAY = 50;
const RESTORE_DELAY = 100;

/** Names of what every namespace holds. */
const CONTENTS = new Set(['serviceaccounts/default', 'configmaps/kube-root-ca.crt']);

/** Every namespace has its default ServiceAccount and root certificate from the start, and gets them back. */
export function startNamespaceContents(cluster: Cluster, caPem: string): Controller {
  const subscriptions = [
    cluster.store.subscribe('namespaces', ({ type, current }) => {
      if (type === 'ADDED') {
        addNamespaceContents(cluster, current.name, caPem);
      }
    }),
    ...['serviceaccounts', 'configmaps'].map((storage) =>
      cluster.store.subscribe(storage, ({ type, current }) => {
        if (type === 'DELETED' && CONTENTS.has(`${storage}/${current.name}`)) {
          setTimeout(() => restoreContents(cluster, current.namespace, caPem), RESTORE_DELAY).unref();
        }
      }),
    ),
  ];
  return {
    stop() {
      for (const subscription of subscriptions) {
        subscription.stop();
      }
    },
  };
}

function restoreContents(cluster: Cluster, namespace: string, caPem: string): void {
  const stored = cluster.store.get('namespaces', '', namespace);
  if (stored !== undefined && !isTerminating(stored.object)) {
    addNamespaceContents(cluster, namespace, caPem);
  }
}

/** Empties terminating namespaces, then lets them go. */
export function startNamespaceController(cluster: Cluster, onError: (error: unknown) => void): Controller {
  const client = createInClusterClient(cluster, 'namespace-controller');
  return startController(
    cluster,
    {
      storages: ['namespaces'],
      *keys({ type, current }) {
        if (type !== 'DELETED' && isTerminating(current.object)) {
          yield keyOf(current);
        }
      },
      async reconcile(key, loop) {
        const [, name] = splitKey(key);
        const namespace = cluster.store.get('namespaces', '', name);
        if (namespace === undefined || !isTerminating(namespace.object)) {
          return;
        }
        if ((await emptyNamespace(name)) > 0) {
          loop.add(key, RETRY_DELAY);
          return;
        }
        const current = cluster.store.get('namespaces', '', name);
        if (current !== undefined && finalizersOf(current.object).length === 0) {
          cluster.store.remove(current, { ...current.object, spec: {} });
        }
      },
    },
    onError,
  );

  /** Asks every object to go; gives how many are still there. */
  async function emptyNamespace(namespace: string): Promise<number> {
    let left = 0;
    const storages = new Set(
      cluster.catalogue
        .all()
        .filter(({ namespaced }) => namespaced)
        .map(({ storage }) => storage),
    );
    for (const storage of storages) {
      for (const stored of cluster.store.list(storage, namespace)) {
        if (!isTerminating(stored.object)) {
          await client.remove(storage, namespace, stored.name);
        }
      }
      left += cluster.store.list(storage, namespace).length;
    }
    return left;
  }
}
