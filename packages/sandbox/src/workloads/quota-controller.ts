import type { Cluster } from '../api/cluster.ts';
import { usedBy } from '../api/quota-usage.ts';
import { equalJson, objectAt } from '../store/json-value.ts';
import { type Controller, keyOf, splitKey } from './controller.ts';
import { createInClusterClient } from './in-cluster-client.ts';
import { createWorkLoop } from './work-loop.ts';

const QUOTAS = 'resourcequotas';
const DELAY = 100;

/** Keeps the status of ResourceQuotas: what is allowed and what is used. */
export function startQuotaController(cluster: Cluster, onError: (error: unknown) => void): Controller {
  const client = createInClusterClient(cluster, 'resourcequota-controller');
  const pending = new Set<string>();
  const loop = createWorkLoop(async (key) => {
    pending.delete(key);
    const [namespace, name] = splitKey(key);
    await client.update(QUOTAS, namespace, name, 'status', (object) => {
      const hard = objectAt(objectAt(object, 'spec'), 'hard') ?? {};
      const status = { hard, used: usedBy(cluster.store, namespace, hard) };
      return equalJson(objectAt(object, 'status'), status) ? undefined : { ...object, status };
    });
  }, onError);

  function wake(namespace: string): void {
    for (const quota of cluster.store.list(QUOTAS, namespace)) {
      const key = keyOf(quota);
      // One recount serves all changes of a moment.
      if (!pending.has(key)) {
        pending.add(key);
        loop.add(key, DELAY);
      }
    }
  }

  for (const { namespace } of cluster.store.list(QUOTAS)) {
    wake(namespace);
  }
  const subscription = cluster.store.subscribe(undefined, ({ type, current }) => {
    if (current.namespace !== '' && (type !== 'MODIFIED' || current.storage === QUOTAS || current.storage === 'pods')) {
      wake(current.namespace);
    }
  });
  return {
    stop() {
      subscription.stop();
      loop.stop();
    },
  };
}
