import { memberAt } from '@vouchsafe/engine/kernel';
import type { SecretKeySource } from '@vouchsafe/images';
import { jsonOf } from '../cluster/json-of.ts';

const SECRETS = { group: '', version: 'v1', resource: 'secrets' } as const;

/** Keys in Secrets of the cluster that kubectl speaks to. Nothing that speaks to clusters is loaded before a key is named. */
export function createClusterKeys(environment: Readonly<Record<string, string | undefined>>): SecretKeySource {
  return {
    async publicKey(namespace, name, signal) {
      const { createKubeClient, isKubeError, loadClusterConnection } = await import('@vouchsafe/kube');
      const connection = await loadClusterConnection({ environment });
      if (!connection.ok) throw new Error(connection.message);
      const client = createKubeClient(connection.value, { userAgent: 'vouchsafe-cli' });
      try {
        const data = memberAt(jsonOf(await client.get(SECRETS, { namespace, name }, { signal })), 'data', 'cosign.pub');
        return typeof data === 'string' ? Buffer.from(data, 'base64').toString('utf8') : undefined;
      } catch (error) {
        if (isKubeError(error, 'NotFound')) return undefined;
        throw error;
      } finally {
        await client.close();
      }
    },
  };
}
