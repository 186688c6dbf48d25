import type { JsonObject } from '@vouchsafe/engine/kernel';
import type { KubeClient, KubernetesObject } from '@vouchsafe/kube';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MUTATING, startTestCluster, type TestCluster, VALIDATING } from '../wiring/operator.fixture.ts';
import { applyWebhooks, areWebhooksPresent, removeWebhooks } from './apply-webhooks.ts';
import { computePolicyWebhooks } from './policy-webhooks.ts';
import { computeResourceWebhooks } from './resource-webhooks.ts';

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startTestCluster();
});
afterAll(() => cluster.stop());

const target = { kind: 'service', namespace: 'kyverno', name: 'kyverno-svc', port: 443 } as const;
const NAME = 'kyverno-policy-validating-webhook-cfg';

function wanted(caBundle = 'PEM'): readonly JsonObject[] {
  const resource = computeResourceWebhooks({
    policies: [],
    served: [],
    target,
    caBundle,
    defaultTimeout: 10,
    namespaceSelector: undefined,
    objectSelector: undefined,
    matchConditions: [],
    labels: {},
    annotations: {},
    auditOnly: 'Ignore',
  });
  return [...computePolicyWebhooks(target, caBundle), resource.mutating, resource.validating];
}

/** Counts what is written. */
function counting() {
  const writes: string[] = [];
  const { client } = cluster;
  const counted: KubeClient = {
    ...client,
    create: (...args) => {
      writes.push(`create ${args[1].metadata.name}`);
      return client.create(...args);
    },
    update: (...args) => {
      writes.push(`update ${args[1].metadata.name}`);
      return client.update(...args);
    },
  };
  return { client: counted, writes };
}

const read = (name = NAME): Promise<KubernetesObject> => cluster.client.get(VALIDATING, { name });
const change = (patch: object) => cluster.client.patch(VALIDATING, { name: NAME }, 'json', patch);

describe('webhook configurations', () => {
  it('are created, found again, and updated only where they differ', async () => {
    const { client, writes } = counting();
    expect(await areWebhooksPresent(client, wanted())).toBe(false);
    await applyWebhooks(client, wanted());
    expect(writes.splice(0).sort()).toEqual([
      'create kyverno-exception-validating-webhook-cfg',
      'create kyverno-global-context-validating-webhook-cfg',
      'create kyverno-policy-mutating-webhook-cfg',
      'create kyverno-policy-validating-webhook-cfg',
      'create kyverno-resource-mutating-webhook-cfg',
      'create kyverno-resource-validating-webhook-cfg',
    ]);
    expect(await areWebhooksPresent(client, wanted())).toBe(true);
    await applyWebhooks(client, wanted());
    expect(writes).toEqual([]);
    await applyWebhooks(client, wanted('ANOTHER'));
    expect(writes.splice(0)).toHaveLength(4); // the two for resources are empty: they name no authority
    expect(JSON.stringify(await read())).toContain(Buffer.from('ANOTHER').toString('base64'));
  });

  it.each<[string, object[]]>([
    ['switched to Ignore', [{ op: 'replace', path: '/webhooks/0/failurePolicy', value: 'Ignore' }]],
    ['that lost a rule', [{ op: 'replace', path: '/webhooks/0/rules/0/operations', value: ['CREATE'] }]],
    ['that lost its webhook', [{ op: 'remove', path: '/webhooks/0' }]],
    [
      'that got a condition',
      [{ op: 'add', path: '/webhooks/0/matchConditions', value: [{ name: 'never', expression: 'false' }] }],
    ],
    [
      'that got a namespace selector',
      [{ op: 'replace', path: '/webhooks/0/namespaceSelector', value: { matchLabels: { a: 'b' } } }],
    ],
    [
      'that got an object selector',
      [{ op: 'replace', path: '/webhooks/0/objectSelector', value: { matchLabels: { a: 'b' } } }],
    ],
    ['that lost its label', [{ op: 'remove', path: '/metadata/labels' }]],
  ])('one somebody %s is brought back', async (_, patch) => {
    const { client, writes } = counting();
    await applyWebhooks(client, wanted());
    writes.splice(0);
    const before = await read();
    await change(patch);
    await applyWebhooks(client, wanted());
    expect(writes).toEqual([`update ${NAME}`]);
    const after = await read();
    expect(after['webhooks']).toEqual(before['webhooks']);
    expect(after.metadata.labels).toEqual(before.metadata.labels);
  });

  it('labels and annotations of others stay out of it', async () => {
    const { client, writes } = counting();
    await applyWebhooks(client, wanted());
    writes.splice(0);
    await change([{ op: 'add', path: '/metadata/annotations', value: { theirs: 'yes' } }]);
    await applyWebhooks(client, wanted());
    expect(writes).toEqual([]);
  });

  it('of ours are removed, and nobody else’s; twice is no failure', async () => {
    await applyWebhooks(cluster.client, wanted());
    await cluster.client.create(MUTATING, {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'MutatingWebhookConfiguration',
      metadata: { name: 'theirs' },
    });
    await removeWebhooks(cluster.client);
    await removeWebhooks(cluster.client);
    const lists = await Promise.all([MUTATING, VALIDATING].map((gvr) => cluster.client.list(gvr)));
    expect(lists.flatMap(({ items }) => items.map(({ metadata }) => metadata.name))).toEqual(['theirs']);
  });

  it('a refusal is passed on, for the caller to try again, and keeps no other from being written', async () => {
    const { client, writes } = counting();
    const refusing: KubeClient = {
      ...client,
      create: (...args) =>
        args[1].metadata.name === NAME ? Promise.reject(new Error('refused')) : client.create(...args),
    };
    await expect(applyWebhooks(refusing, wanted())).rejects.toThrow('refused');
    expect(writes).toContain('create kyverno-resource-validating-webhook-cfg');
  });
});
