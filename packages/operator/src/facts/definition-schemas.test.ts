import type { KubeClient } from '@vouchsafe/kube';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestCluster, type TestCluster } from '../wiring/operator.fixture.ts';
import { createDefinitionSchemas } from './definition-schemas.ts';

const DEFINITIONS = { group: 'apiextensions.k8s.io', version: 'v1', resource: 'customresourcedefinitions' };
const WIDGET = { apiVersion: 'example.com/v1', resourceKind: 'Widget' };

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startTestCluster();
  await cluster.client.create(DEFINITIONS, {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'widgets.example.com' },
    spec: {
      group: 'example.com',
      names: { kind: 'Widget', plural: 'widgets' },
      scope: 'Namespaced',
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object' } } } },
        },
      ],
    },
  });
});
afterAll(() => cluster.stop());

function counting(client: KubeClient): { readonly client: KubeClient; readonly reads: () => number } {
  let reads = 0;
  const get: KubeClient['get'] = (...asked) => {
    reads += 1;
    return client.get(...asked);
  };
  return { client: { ...client, get, discovery: client.discovery }, reads: () => reads };
}

describe('schemas of definitions', () => {
  it('are read once while they are fresh, and are the same object while nothing changed', async () => {
    const { client, reads } = counting(cluster.client);
    let time = 0;
    const schemas = createDefinitionSchemas(client, () => time);
    const first = await schemas(WIDGET, undefined);
    expect(first).toMatchObject({ type: 'object', properties: { spec: { type: 'object' } } });
    expect(await schemas(WIDGET, undefined)).toBe(first);
    expect(reads()).toBe(1);
    time = 60_000;
    expect(await schemas(WIDGET, undefined)).toBe(first);
    expect(reads()).toBe(2);
  });

  it.each([
    ['a built-in kind', { apiVersion: 'v1', resourceKind: 'Pod' }],
    ['a kind that is not served', { apiVersion: 'example.com/v1', resourceKind: 'Gadget' }],
    ['a version that is not served', { apiVersion: 'example.com/v2', resourceKind: 'Widget' }],
  ])('%s has none', async (_what, kind) => {
    await expect(createDefinitionSchemas(cluster.client)(kind, undefined)).rejects.toMatchObject({ code: 404 });
  });
});
