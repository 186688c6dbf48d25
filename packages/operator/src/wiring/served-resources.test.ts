import type { KubernetesObject } from '@vouchsafe/kube';
import { afterEach, describe, expect, it } from 'vitest';
import {
  CLUSTER_POLICIES,
  DEFINITIONS,
  refusalOf,
  startTestCluster,
  type TestCluster,
  until,
  untilReady,
  VALIDATING,
  widgetDefinition,
} from './operator.fixture.ts';

const WIDGETS = { group: 'acme.example', version: 'v1', resource: 'widgets' } as const;

let cluster: TestCluster | undefined;
afterEach(async () => {
  await cluster?.stop();
  cluster = undefined;
});

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

describe('custom kinds', () => {
  it('installed before the policy that names them are judged once it is ready', async () => {
    cluster = await startTestCluster();
    await cluster.start();
    await cluster.client.create(DEFINITIONS, widgetDefinition('Cluster'));
    await cluster.client.create(CLUSTER_POLICIES, policy);
    await untilReady(cluster, 'no-widgets');
    expect(await createWidget(cluster)).toContain('no widgets here');
  });

  it('installed after it are judged as soon as the webhooks know them', async () => {
    const test = await startTestCluster();
    cluster = test;
    await test.start();
    await test.client.create(CLUSTER_POLICIES, policy);
    await untilReady(test, 'no-widgets');
    await test.client.create(DEFINITIONS, widgetDefinition('Cluster'));
    await until('the webhook to name widgets', async () => {
      const { items } = await test.client.list(VALIDATING);
      return JSON.stringify(items).includes('"widgets"');
    });
    expect(await createWidget(test)).toContain('no widgets here');
  });
});
