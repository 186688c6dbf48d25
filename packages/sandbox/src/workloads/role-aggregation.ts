import type { Cluster } from '../api/cluster.ts';
import { equalJson, memberAt, objectAt, objectsAt } from '../store/json-value.ts';
import { labelsOf, selectorFromObject } from '../store/label-selector.ts';
import { type Controller, keyOf, splitKey, startController } from './controller.ts';
import { createInClusterClient } from './in-cluster-client.ts';

const CLUSTER_ROLES = 'clusterroles.rbac.authorization.k8s.io';

/** Writes the rules of aggregated ClusterRoles: those of every role their selectors find. */
export function startRoleAggregation(cluster: Cluster, onError: (error: unknown) => void): Controller {
  const client = createInClusterClient(cluster, 'clusterrole-aggregation-controller');
  return startController(
    cluster,
    {
      storages: [CLUSTER_ROLES],
      *keys() {
        for (const stored of cluster.store.list(CLUSTER_ROLES)) {
          if (memberAt(stored.object, 'aggregationRule') !== undefined) {
            yield keyOf(stored);
          }
        }
      },
      async reconcile(key) {
        const [, name] = splitKey(key);
        await client.update(CLUSTER_ROLES, '', name, '', (object) => {
          const selectors = objectsAt(objectAt(object, 'aggregationRule'), 'clusterRoleSelectors').map(
            selectorFromObject,
          );
          const rules = cluster.store
            .list(CLUSTER_ROLES)
            .filter(
              (role) => role.name !== name && selectors.some((selector) => selector.matches(labelsOf(role.object))),
            )
            .flatMap((role) => objectsAt(role.object, 'rules'));
          const unique = rules.filter((rule, index) => rules.findIndex((other) => equalJson(other, rule)) === index);
          return equalJson(objectsAt(object, 'rules'), unique) ? undefined : { ...object, rules: unique };
        });
      },
    },
    onError,
  );
}
