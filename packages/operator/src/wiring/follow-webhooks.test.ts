import type { KubernetesObject } from '@vouchsafe/kube';
import { afterEach, describe, expect, it } from 'vitest';
import { MUTATING_CONFIGURATION } from '../webhooks/resource-webhooks.ts';
import {
  CLUSTER_POLICIES,
  DEFINITIONS,
  EVENTS,
  MUTATING,
  NAMESPACES,
  refusalOf,
  startTestCluster,
  type TestCluster,
  until,
  untilReady,
  VALIDATING,
  widgetDefinition,
} from './operator.fixture.ts';

const OURS = [
  [MUTATING, MUTATING_CONFIGURATION],
  [VALIDATING, 'kyverno-resource-validating-webhook-cfg'],
] as const;

let cluster: TestCluster | undefined;
afterEach(async () => {
  await cluster?.stop();
  cluster = undefined;
});

function policy(name: string, rule: Record<string, unknown>): KubernetesObject {
  return {
    apiVersion: 'kyverno.io/v1',
    kind: 'ClusterPolicy',
    metadata: { name },
    spec: { background: false, rules: [{ name: 'r', ...rule }] },
  };
}

async function apply(test: TestCluster, wanted: KubernetesObject): Promise<void> {
  await test.client.create(CLUSTER_POLICIES, wanted);
  await untilReady(test, wanted.metadata.name ?? '');
}

describe('webhook configurations of ours', () => {
  const noShops = policy('no-shops', {
    match: { any: [{ resources: { kinds: ['Namespace'] } }] },
    validate: { failureAction: 'Enforce', message: 'no shops here', deny: {} },
  });
  const createShop = ({ client }: TestCluster) =>
    refusalOf(client.create(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { generateName: 'shop-' } }));

  it('come back when somebody takes them away', async () => {
    const test = await startTestCluster();
    cluster = test;
    await test.start();
    await apply(test, noShops);
    for (const [gvr, name] of OURS) await test.client.delete(gvr, { name });
    expect(await createShop(test)).toBeUndefined(); // the gate is open until then
    await until('the gate to be closed', async () => (await createShop(test))?.includes('no shops here'));
  });

  it.each([
    ['them', (metadata: KubernetesObject['metadata']) => metadata],
    [
      'them and takes away the label that says whose they are',
      ({ labels: _labels, ...metadata }: KubernetesObject['metadata']) => metadata,
    ],
  ])('are mended when somebody empties %s', async (_, changed) => {
    const test = await startTestCluster();
    cluster = test;
    await test.start();
    await apply(test, noShops);
    const [gvr, name] = OURS[1];
    await new Promise((resolve) => setTimeout(resolve, 1_200)); // until our own writing has been looked at
    const live = await test.client.get(gvr, { name });
    await test.client.update(gvr, { ...live, metadata: changed(live.metadata), webhooks: [] });
    await until('the gate to be closed', async () => (await createShop(test))?.includes('no shops here'));
  });
});

describe('a mutating webhook of somebody else for a custom resource whose images are verified', () => {
  const other = (name: string): KubernetesObject => ({
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingWebhookConfiguration',
    metadata: { name },
    webhooks: [
      {
        name: 'z-widgets.acme.example',
        admissionReviewVersions: ['v1'],
        sideEffects: 'None',
        failurePolicy: 'Ignore',
        clientConfig: { url: 'https://127.0.0.1:9/mutate' },
        rules: [{ apiGroups: ['acme.example'], apiVersions: ['*'], operations: ['CREATE'], resources: ['widgets'] }],
      },
    ],
  });
  const keyless = { issuer: 'https://issuer.example', subject: 's', rekor: { url: 'https://rekor.example' } };
  const attestors = [{ entries: [{ keyless }] }];
  const verify = policy('verify-widgets', {
    match: { any: [{ resources: { kinds: ['Widget'] } }] },
    imageExtractors: { Widget: [{ path: '/spec/image' }] },
    verifyImages: [{ imageReferences: ['*'], failureAction: 'Enforce', attestors }],
  });
  const notes = async ({ client }: TestCluster) =>
    (await client.list(EVENTS)).items.filter((event) => event['reason'] === 'WebhookOrder');

  it('that comes before ours is told of once, by a warning that names both', async () => {
    const test = await startTestCluster();
    cluster = test;
    await test.client.create(DEFINITIONS, widgetDefinition('Namespaced'));
    await test.start();
    await test.client.create(MUTATING, other('zz-acme'));
    await apply(test, verify);
    await test.client.create(MUTATING, other('acme'));
    const [event, ...more] = await until('the event', async () => {
      const found = await notes(test);
      return found.length > 0 && found;
    });
    expect(more).toEqual([]);
    expect(event).toMatchObject({ type: 'Warning', regarding: { kind: 'MutatingWebhookConfiguration', name: 'acme' } });
    for (const text of ['z-widgets.acme.example', '`acme`', MUTATING_CONFIGURATION, 'widgets.acme.example']) {
      expect(event?.['note']).toContain(text);
    }
  });
});
