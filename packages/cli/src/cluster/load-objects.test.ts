import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createKubeClient, type KubeClient, type KubernetesObject, loadClusterConnection } from '@vouchsafe/kube';
import { type ApiServer, startApiServer } from '@vouchsafe/sandbox';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { inLoadOrder, type LoadedObject, loadObjects } from './load-objects.ts';

function named(kind: string, name: string, more: object = {}): KubernetesObject {
  return { apiVersion: 'v1', kind, metadata: { name }, ...more };
}

const widget = {
  apiVersion: 'example.com/v1',
  kind: 'Widget',
  metadata: { name: 'w', namespace: 'shop', uid: 'of another cluster', resourceVersion: '7' },
} as const;
const definition: KubernetesObject = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'widgets.example.com' },
  spec: {
    group: 'example.com',
    scope: 'Namespaced',
    names: { kind: 'Widget', plural: 'widgets', singular: 'widget', listKind: 'WidgetList' },
    versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
  },
};

describe('the order of loading', () => {
  it('is namespaces, definitions, what workloads refer to, then the rest as it came', () => {
    const given = ['Pod', 'Widget', 'ServiceAccount', 'CustomResourceDefinition', 'Deployment', 'Namespace'];
    expect(inLoadOrder(given.map((kind) => named(kind, 'x'))).map(({ kind }) => kind)).toEqual([
      'Namespace',
      'CustomResourceDefinition',
      'ServiceAccount',
      'Pod',
      'Widget',
      'Deployment',
    ]);
  });
});

describe('loading', () => {
  let folder: string;
  let server: ApiServer;
  let client: KubeClient;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'vouchsafe-load-'));
    server = await startApiServer();
    const connection = await loadClusterConnection({ kubeconfig: await server.adminKubeconfig(join(folder, 'k')) });
    if (!connection.ok) throw new Error(connection.message);
    client = createKubeClient(connection.value);
  });
  afterEach(async () => {
    await client.close();
    await server.stop();
    await rm(folder, { recursive: true });
  });

  async function load(objects: readonly KubernetesObject[]): Promise<readonly LoadedObject[]> {
    const told: LoadedObject[] = [];
    await loadObjects(client, objects, (loaded) => told.push(loaded));
    return told;
  }

  it('waits for definitions, goes on after a refusal, and may be done again', async () => {
    const objects = [
      widget,
      named('ConfigMap', 'Not A Name'),
      named('Gadget', 'g'),
      definition,
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { generateName: 'made-' } },
      named('Namespace', 'shop'),
    ];
    const told = await load(objects);
    expect(told.map(({ title, problem }) => [title, problem === undefined])).toEqual([
      ['namespace/shop', true],
      ['customresourcedefinition.apiextensions.k8s.io/widgets.example.com', true],
      ['configmap/Not A Name', false],
      ['configmap/made-', true],
      ['widget.example.com/w', true],
      ['Gadget/g', false],
    ]);
    expect(told.at(-1)?.problem).toBe('the cluster has no kind Gadget in v1');
    expect((await load([widget]))[0]?.problem).toBeUndefined();
  });
});
