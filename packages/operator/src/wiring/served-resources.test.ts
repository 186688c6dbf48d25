import type { KubernetesObject } from '@vouchsafe/kube';
import { afterEach, describe, expect, it } from 'vitest';
import {
  CLUSTER_POLICIES,
  refusalOf,
  startTestCluster,
  type TestCluster,
  until,
  VALIDATING,
} from './operator.fixture.ts';

const DEFINITIONS = { group: 'apiextensions.k8s.io', version: 'v1', resource: 'customresourcedefinitions' } as const;
const WIDGETS = { group: 'acme.example', version: 'v1', resource: 'widgets' } as const;

let cluster: TestCluster | undefined;
afterEach(async () => {
  await cluster?.stop();
  cluster = undefined;
});

const definition: KubernetesObject = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'widgets.acme.example' },
  spec: {
    group: 'acme.example',
    scope: 'Cluster',
    names: { kind: 'Widget', plural: 'widgets', singular: 'widget', listKind: 'WidgetList' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
      },
    ],
  },
};

const policy: KubernetesObject = {
  apiVersion: 'kyverno.io/v1',
  kind: 'ClusterPolicy',
  metadata: { name: 'no-widgets' },
  spec: {
    background: false,
    rules: [
      {
        name: 'none',
        match: { any: [{ resources: { kinds: ['Widget'] } }] },
        validate: { failureAction: 'Enforce', message: 'no widgets here', deny: {} },
      },
    ],
  },
};

function createWidget({ client }: TestCluster): Promise<string | undefined> {
  const widget = { apiVersion: 'acme.example/v1', kind: 'Widget', metadata: { generateName: 'w-' } };
  return refusalOf(client.create(WIDGETS, widget));
}

async function untilReady({ client }: TestCluster): Promise<void> {
  await until('the policy to be ready', async () => {
    const { status } = await client.get(CLUSTER_POLICIES, { name: 'no-widgets' });
    return JSON.stringify(status ?? {}).includes('"Ready"');
  });
}

describe('custom kinds', () => {
  it('installed before the policy that names them are judged once it is ready', async () => {
    cluster = await startTestCluster();
    await cluster.start();
    await cluster.client.create(DEFINITIONS, definition);
    await cluster.client.create(CLUSTER_POLICIES, policy);
    await untilReady(cluster);
    expect(await createWidget(cluster)).toContain('no widgets here');
  });

  it('installed after it are judged as soon as the webhooks know them', async () => {
    const test = await startTestCluster();
    cluster = test;
    await test.start();
    await test.client.create(CLUSTER_POLICIES, policy);
    await untilReady(test);
    await test.client.create(DEFINITIONS, definition);
    await until('the webhook to name widgets', async () => {
      const { items } = await test.client.list(VALIDATING);
      return JSON.stringify(items).includes('"widgets"');
    });
    expect(await createWidget(test)).toContain('no widgets here');
  });
});
