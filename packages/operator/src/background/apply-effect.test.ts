import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Effect, PolicyRef } from '@vouchsafe/engine';
import type { JsonObject } from '@vouchsafe/engine/kernel';
import { createKubeClient, type KubeClient, KubeError, loadClusterConnection } from '@vouchsafe/kube';
import { type ApiServer, startApiServer } from '@vouchsafe/sandbox';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { kubernetesObjectOf } from '../settings/json-of.ts';
import { applyEffect } from './apply-effect.ts';

const CONFIG_MAPS = { group: '', version: 'v1', resource: 'configmaps' } as const;
const RULES: PolicyRef = { apiVersion: 'kyverno.io/v1', kind: 'ClusterPolicy', name: 'p' };
const IN_CEL: PolicyRef = { apiVersion: 'policies.kyverno.io/v1', kind: 'GeneratingPolicy', name: 'p' };

let api: ApiServer;
let client: KubeClient;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vouchsafe-effects-'));
  api = await startApiServer({ authorization: 'AlwaysAllow' });
  const connection = await loadClusterConnection({ kubeconfig: await api.adminKubeconfig(join(folder, 'kubeconfig')) });
  if (!connection.ok) throw new Error(connection.message);
  client = createKubeClient(connection.value, { queriesPerSecond: 0 });
});
afterAll(async () => {
  await client.close();
  await api.stop();
  await rm(folder, { recursive: true, force: true });
});

const OWN = { 'generate.kyverno.io/policy-name': 'p', 'generate.kyverno.io/trigger-uid': 'u' };

function configMap(name: string, data: JsonObject, labels: JsonObject = {}, namespace = 'default'): JsonObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace, labels }, data };
}

async function apply(policy: PolicyRef, resource: JsonObject, synchronize = false): Promise<string> {
  const effect: Effect & { kind: 'create' } = { kind: 'create', resource, ...(synchronize ? { synchronize } : {}) };
  try {
    return await applyEffect(client, policy, effect, new AbortController().signal);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function stored(name: string) {
  const { metadata, data } = (await client.get(CONFIG_MAPS, { name, namespace: 'default' })) as unknown as {
    readonly metadata: { readonly labels?: object };
    readonly data?: object;
  }; // a ConfigMap of this test
  return { labels: metadata.labels ?? {}, data: data ?? {} };
}

describe('an object that ought to exist', () => {
  it('is created, and left as it is without synchronize', async () => {
    expect(await apply(RULES, configMap('a', { k: '1' }, OWN))).toBe('created');
    expect(await apply(RULES, configMap('a', { k: '2' }, OWN))).toBe('unchanged');
    expect(await stored('a')).toEqual({ labels: OWN, data: { k: '1' } });
  });

  it('is made like it with synchronize: data that is gone goes, labels of others stay', async () => {
    expect(await apply(RULES, configMap('b', { k: '1', old: 'x' }, OWN))).toBe('created');
    await client.patch(CONFIG_MAPS, { name: 'b', namespace: 'default' }, 'merge', {
      metadata: { labels: { by: 'hand' } },
    });
    expect(await apply(RULES, configMap('b', { k: '2' }, OWN), true)).toBe('updated');
    expect(await stored('b')).toEqual({ labels: { ...OWN, by: 'hand' }, data: { k: '2' } });
    expect(await apply(RULES, configMap('b', { k: '2' }, OWN), true)).toBe('unchanged');
  });

  it('that others make between look and write is one that was there before', async () => {
    const late = async (policy: PolicyRef, name: string, synchronize: boolean) => {
      let isFirst = true;
      const get: KubeClient['get'] = async (...args) => {
        if (!isFirst) return client.get(...args);
        isFirst = false;
        await client.create(CONFIG_MAPS, kubernetesObjectOf(configMap(name, { k: 'theirs' })));
        throw new KubeError(404, 'NotFound', 'not yet');
      };
      const effect = { kind: 'create', resource: configMap(name, { k: 'ours' }, OWN), synchronize } as const;
      const applied = await applyEffect({ ...client, get }, policy, effect, new AbortController().signal);
      return [applied, await stored(name)];
    };
    const theirs = { labels: {}, data: { k: 'theirs' } };
    expect(await late(RULES, 'late', true)).toEqual(['updated', { labels: OWN, data: { k: 'ours' } }]);
    expect(await late(RULES, 'late-once', false)).toEqual(['unchanged', theirs]);
    expect(await late(IN_CEL, 'late-in-cel', true)).toEqual(['left', theirs]);
  });

  it('is applied on the server where the policy says so: what others own stays', async () => {
    const give = (data: JsonObject) =>
      applyEffect(
        client,
        RULES,
        { kind: 'create', resource: configMap('s', data, OWN), synchronize: true, serverSideApply: true },
        new AbortController().signal,
      );
    expect(await give({ k: '1' })).toBe('created');
    await client.patch(CONFIG_MAPS, { name: 's', namespace: 'default' }, 'merge', { data: { k: 'x', other: 'y' } });
    expect(await give({ k: '1' })).toBe('updated');
    expect(await stored('s')).toEqual({ labels: OWN, data: { k: '1', other: 'y' } });
    expect(await give({ k: '1' })).toBe('unchanged');
  });

  it.each([
    ['of nobody', {}, 'left'],
    ['of another trigger', { ...OWN, 'generate.kyverno.io/trigger-uid': 'v' }, 'left'],
    ['of another policy', { ...OWN, 'generate.kyverno.io/policy-name': 'q' }, 'left'],
    ['of its own', OWN, 'updated'],
  ])('that is there and %s', async (name, labels, outcome) => {
    const key = `c-${name.replaceAll(' ', '-')}`;
    expect(await apply(RULES, configMap(key, { k: '1' }, labels))).toBe('created');
    expect(await apply(IN_CEL, configMap(key, { k: '2' }, OWN), true)).toBe(outcome);
  });

  it('of a kind that nobody serves is an error', async () => {
    expect(await apply(RULES, { apiVersion: 'acme/v1', kind: 'Widget', metadata: { name: 'w' } })).toBe(
      'no matches for kind "Widget" in version "acme/v1"',
    );
  });
});

describe('a policy of a namespace', () => {
  const own: PolicyRef = { ...RULES, kind: 'Policy', namespace: 'home' };

  it.each([
    [
      'another namespace',
      configMap('d', {}, {}, 'kube-system'),
      'a policy of namespace home writes nothing to kube-system',
    ],
    [
      'no namespace',
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'd' } },
      'a policy of namespace home writes nothing to others',
    ],
    [
      'the cluster',
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'd', namespace: 'home' } },
      'a policy of namespace home writes no objects without namespace',
    ],
  ])('cannot reach %s', async (_name, resource, problem) => {
    expect(await apply(own, resource)).toBe(problem);
  });
});
