import { X509Certificate } from 'node:crypto';
import type { KubeClient } from '@vouchsafe/kube';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestCluster, type TestCluster } from '../wiring/operator.fixture.ts';
import { ensureCertificates } from './certificate-store.ts';

const SECRETS = { group: '', version: 'v1', resource: 'secrets' } as const;
const now = new Date('2026-01-01T00:00:00Z');
const later = (days: number) => new Date(now.getTime() + days * 86_400_000);

let cluster: TestCluster;
let client: KubeClient;
beforeAll(async () => {
  cluster = await startTestCluster();
  client = cluster.client;
});
afterAll(() => cluster.stop());

const namesFor = (serviceName: string) => ({ serviceName, namespace: 'kyverno', serverIP: undefined });
const ensure = (service: string, at: Date, mayRenew = true, by = client) =>
  ensureCertificates({ client: by, names: namesFor(service), now: () => at, mayRenew });

async function stored(service: string, which: 'ca' | 'pair'): Promise<string> {
  const { data, type } = await client.get(SECRETS, {
    namespace: 'kyverno',
    name: `${service}.kyverno.svc.kyverno-tls-${which}`,
  });
  expect(type).toBe('kubernetes.io/tls');
  return Buffer.from((data as Record<string, string>)['tls.crt'] ?? '', 'base64').toString();
}

function isIssuedBy(leaf: string, authority: string): boolean {
  return new X509Certificate(leaf).verify(new X509Certificate(authority).publicKey);
}

describe('the certificates of the cluster', () => {
  it('are made once and found again', async () => {
    const first = await ensure('once', now);
    const second = await ensure('once', later(1));
    expect(second.serving).toEqual(first.serving);
    expect([await stored('once', 'ca'), await stored('once', 'pair')]).toEqual([
      first.authority.certificate,
      first.serving.certificate,
    ]);
  });

  it('two replicas at once end with the same, whoever wins', async () => {
    for (const service of ['race-1', 'race-2', 'race-3']) {
      const [one, two, three] = await Promise.all([ensure(service, now), ensure(service, now), ensure(service, now)]);
      expect(two.authority.certificate).toBe(one.authority.certificate);
      expect(three.authority.certificate).toBe(one.authority.certificate);
      const [authority, leaf] = [await stored(service, 'ca'), await stored(service, 'pair')];
      expect(authority).toBe(one.authority.certificate);
      for (const { serving } of [one, two, three]) expect(isIssuedBy(serving.certificate, authority)).toBe(true);
      expect(isIssuedBy(leaf, authority)).toBe(true);
    }
  });

  it('two replicas that renew at once end with the same', async () => {
    await ensure('renew', now);
    const [one, two] = await Promise.all([ensure('renew', later(360)), ensure('renew', later(360))]);
    expect(one.authority.certificate).toBe(two.authority.certificate);
    expect(one.authority.certificate).toBe(await stored('renew', 'ca'));
    expect(isIssuedBy(await stored('renew', 'pair'), one.authority.certificate)).toBe(true);
  });

  it('a replica that does not lead takes what is stored, and makes them only when there are none', async () => {
    const first = await ensure('follow', now, false);
    const due = await ensure('follow', later(140), false);
    expect(due).toEqual({ ...first, authorityChanged: false, servingChanged: false });
    const renewed = await ensure('follow', later(140), true);
    expect(renewed.serving.certificate).not.toBe(first.serving.certificate);
    expect((await ensure('follow', later(140), false)).serving).toEqual(renewed.serving);
  });

  it('what cannot be read is replaced', async () => {
    await ensure('broken', now);
    const target = { namespace: 'kyverno', name: 'broken.kyverno.svc.kyverno-tls-pair' };
    await client.patch(SECRETS, target, 'merge', { data: { 'tls.crt': Buffer.from('nonsense').toString('base64') } });
    const mended = await ensure('broken', now);
    expect(mended.servingChanged).toBe(true);
    expect(await stored('broken', 'pair')).toBe(mended.serving.certificate);
  });

  it('an API server that refuses is told, not waited for', async () => {
    const refusing: KubeClient = { ...client, create: () => Promise.reject(new Error('no')) };
    await expect(ensure('refused', now, true, refusing)).rejects.toThrow('no');
  });
});
