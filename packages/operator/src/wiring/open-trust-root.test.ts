import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startSigstore } from '@vouchsafe/sandbox';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openTrustRoot } from './open-trust-root.ts';
import { CONFIG_MAPS, startTestCluster, type TestCluster, until } from './operator.fixture.ts';

const SECRETS = { group: '', version: 'v1', resource: 'secrets' } as const;
const silent = { debug() {}, info() {}, warn() {}, error() {} };
let cluster: TestCluster;
let sigstore: Awaited<ReturnType<typeof startSigstore>>;
let whole = '';
let without = '';
const stops: (() => void)[] = [];
beforeAll(async () => {
  [cluster, sigstore] = await Promise.all([startTestCluster(), startSigstore()]);
  whole = JSON.stringify(sigstore.trustedRoot);
  without = JSON.stringify({ ...sigstore.trustedRoot, tlogs: [] });
});
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});
afterAll(() => Promise.all([cluster.stop(), sigstore.stop()]));

async function open(flags: readonly string[], env = {}) {
  let changes = 0;
  const onChange = () => {
    changes += 1;
  };
  const context = { version: '0', log: silent, everyMs: 10, onChange };
  const opened = await openTrustRoot(cluster.client, cluster.settings(flags, env), context);
  stops.push(opened.stop);
  return { logs: () => opened.current().transparencyLogs.length, changes: () => changes };
}

describe('the trust root of the operator', () => {
  it('is the public-good one, JSON, or a file', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'vouchsafe-trust-'));
    stops.push(() => rmSync(folder, { recursive: true }));
    writeFileSync(join(folder, 'root.json'), without);
    expect((await open([])).logs()).toBeGreaterThan(0);
    expect((await open(['--trustedRoot', without])).logs()).toBe(0);
    expect((await open(['--trustedRoot', join(folder, 'root.json')])).logs()).toBe(0);
    await expect(open(['--trustedRoot', '{"tlogs":1}'])).rejects.toThrow('malformed');
  });

  it.each(['configmap', 'secret'] as const)(
    'is a %s, followed as it changes, the last good one counting',
    async (kind) => {
      const resource = kind === 'secret' ? SECRETS : CONFIG_MAPS;
      const name = `sigstore-${kind}`;
      const dataOf = (text: string) => ({
        'trusted_root.json': kind === 'secret' ? Buffer.from(text).toString('base64') : text,
      });
      const kinds = { configmap: 'ConfigMap', secret: 'Secret' };
      const object = {
        apiVersion: 'v1',
        kind: kinds[kind],
        metadata: { name, namespace: 'kyverno' },
        data: dataOf(whole),
      };
      await expect(open(['--trustedRoot', `${kind}://kyverno/${name}`])).rejects.toThrow('cannot be read');
      const change = async (data: object) => {
        const { metadata } = await cluster.client.get(resource, { namespace: 'kyverno', name });
        await cluster.client.update(resource, { ...object, metadata, ...data });
      };
      await cluster.client.create(resource, object);
      const root = await open(['--trustedRoot', `${kind}://kyverno/${name}`]);
      expect(root.logs()).toBe(2);
      await change({ data: dataOf('{') });
      await new Promise((resolve) => setTimeout(resolve, 60));
      expect(root.logs()).toBe(2);
      await change({ data: dataOf(without) });
      await until('the new root', async () => root.logs() === 0);
      expect(root.changes()).toBe(1);
    },
  );

  it('is the one of a TUF mirror', async () => {
    const { tufRootJson: rootJson } = sigstore;
    const mirror = sigstore.urls.tuf;
    const root = await open(['--enableTuf', '--tufMirror', mirror, '--tufRootRaw', rootJson]);
    expect(root.logs()).toBe(2);
    await expect(open(['--enableTuf', '--tufMirror', mirror])).rejects.toThrow('needs its root.json');
  });
});
