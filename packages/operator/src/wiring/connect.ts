import { createKubeClient, type KubeClient, loadClusterConnection } from '@vouchsafe/kube';
import type { OperatorSettings } from '../settings/operator-settings.ts';

/** A client of the cluster to serve. Rejects with a clear message when there is no way to it. */
export async function connect(settings: OperatorSettings, version: string): Promise<KubeClient> {
  const connection = await loadClusterConnection(settings.kubeconfig ? { kubeconfig: settings.kubeconfig } : {});
  if (!connection.ok) throw new Error(connection.message);
  return createKubeClient(connection.value, { userAgent: `vouchsafe/${version}`, queriesPerSecond: 100, burst: 200 });
}
