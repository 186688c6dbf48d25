import { memberAt } from '@vouchsafe/engine/kernel';
import { isKubeError, type KubeClient } from '@vouchsafe/kube';
import { jsonOf } from '../settings/json-of.ts';
import type { OperatorSettings } from '../settings/operator-settings.ts';

const DEPLOYMENTS = { group: 'apps', version: 'v1', resource: 'deployments' } as const;

/**
 * Whether nobody will be left to answer webhooks: our Deployment is gone, being deleted or scaled to zero, or there is
 * none because we run outside the cluster. During a rolling update or a restart the webhooks must stay. When it cannot be
 * known they stay, too: refusing is safe, admitting unseen is not.
 */
export async function isGoingDown(client: KubeClient, settings: OperatorSettings): Promise<boolean> {
  try {
    const name = process.env['KYVERNO_DEPLOYMENT'] || 'kyverno';
    const deployment = jsonOf(await client.get(DEPLOYMENTS, { namespace: settings.namespace, name }));
    return (
      memberAt(deployment, 'metadata', 'deletionTimestamp') !== undefined ||
      memberAt(deployment, 'spec', 'replicas') === 0
    );
  } catch (error) {
    return isKubeError(error, 'NotFound');
  }
}
