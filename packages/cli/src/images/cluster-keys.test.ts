import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createKubeClient, loadClusterConnection } from '@vouchsafe/kube';
import { startApiServer } from '@vouchsafe/sandbox';
import { expect, it } from 'vitest';
import { createClusterKeys } from './cluster-keys.ts';

const SECRETS = { group: '', version: 'v1', resource: 'secrets' } as const;

it('keys are those of Secrets, by the kubeconfig of the environment', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'vouchsafe-keys-'));
  const api = await startApiServer({ authorization: 'AlwaysAllow' });
  try {
    const KUBECONFIG = await api.adminKubeconfig(join(folder, 'kubeconfig'));
    const connection = await loadClusterConnection({ environment: { KUBECONFIG } });
    if (!connection.ok) throw new Error(connection.message);
    const client = createKubeClient(connection.value);
    const metadata = { name: 'key', namespace: 'default' };
    const data = { 'cosign.pub': Buffer.from('PEM').toString('base64') };
    await client.create(SECRETS, { apiVersion: 'v1', kind: 'Secret', metadata, data });
    await client.close();
    const soon = AbortSignal.timeout(5000);
    const keys = createClusterKeys({ KUBECONFIG });
    expect(await keys.publicKey('default', 'key', soon)).toBe('PEM');
    expect(await keys.publicKey('default', 'none', soon)).toBeUndefined();
    await expect(createClusterKeys({ KUBECONFIG: '/nowhere' }).publicKey('a', 'b', soon)).rejects.toThrow();
  } finally {
    await api.stop();
    rmSync(folder, { recursive: true });
  }
});
