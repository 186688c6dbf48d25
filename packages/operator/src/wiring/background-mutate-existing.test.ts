import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  actUntil,
  type BackgroundCluster,
  configMapOf,
  MUTATING_POLICIES,
  startBackgroundOperator,
} from './background.fixture.ts';
import { CLUSTER_POLICIES, CONFIG_MAPS, NAMESPACES, until } from './operator.fixture.ts';

const SERVICE_ACCOUNTS = { group: '', version: 'v1', resource: 'serviceaccounts' } as const;

let cluster: BackgroundCluster;

beforeAll(async () => {
  cluster = await startBackgroundOperator();
});
afterAll(() => cluster.stop());

/** The value of a label of a ConfigMap in the namespace `before`. */
async function labelOf(name: string, label: string): Promise<string | undefined> {
  return (await cluster.read(CONFIG_MAPS, 'before', name))?.metadata.labels?.[label];
}

it('a mutation of existing objects is applied to them', async () => {
  const { client } = cluster;
  await client.create(CLUSTER_POLICIES, {
    apiVersion: 'kyverno.io/v1',
    kind: 'ClusterPolicy',
    metadata: { name: 'touch' },
    spec: {
      rules: [
        {
          name: 'touch',
          match: { any: [{ resources: { kinds: ['ConfigMap'], names: ['trigger'] } }] },
          mutate: {
            targets: [{ apiVersion: 'v1', kind: 'ConfigMap', namespace: '{{request.namespace}}', name: 'target' }],
            patchStrategicMerge: { metadata: { labels: { touched: 'by-{{request.object.metadata.name}}' } } },
          },
        },
      ],
    },
  });
  await client.create(CONFIG_MAPS, configMapOf('target'));
  const pullTrigger = async () => {
    await client.delete(CONFIG_MAPS, { name: 'trigger', namespace: 'before' }).catch(() => undefined);
    await client.create(CONFIG_MAPS, configMapOf('trigger'));
  };
  await actUntil('the label', pullTrigger, async () => (await labelOf('target', 'touched')) === 'by-trigger');
});

it('once a request, whose report names what was patched', async () => {
  const { client } = cluster;
  await client.create(CONFIG_MAPS, configMapOf('second-target'));
  await client.create(CLUSTER_POLICIES, {
    apiVersion: 'kyverno.io/v1',
    kind: 'ClusterPolicy',
    metadata: { name: 'touch-once' },
    spec: {
      rules: [
        {
          name: 'touch-once',
          match: { any: [{ resources: { kinds: ['ConfigMap'], names: ['second-trigger*'] } }] },
          mutate: {
            targets: [{ apiVersion: 'v1', kind: 'ConfigMap', namespace: 'before', name: 'second-target' }],
            patchStrategicMerge: { metadata: { labels: { by: '{{request.object.metadata.name}}' } } },
          },
        },
      ],
    },
  });
  let pulled = 0;
  const pull = () => {
    pulled += 1;
    return client.create(CONFIG_MAPS, configMapOf(`second-trigger-${pulled}`));
  };
  await actUntil('the label', pull, async () => (await labelOf('second-target', 'by'))?.startsWith('second-trigger'));
  const reports = { group: 'wgpolicyk8s.io', version: 'v1alpha2', resource: 'policyreports' };
  const properties = await until('the report', async () => {
    const { items } = await client.list(reports, { namespace: 'before' });
    const results = items.flatMap(
      (item) => (item as { results?: readonly { policy: string; properties?: object }[] }).results ?? [],
    );
    return results.find(({ policy }) => policy === 'touch-once')?.properties;
  });
  expect(properties).toMatchObject({ 'patched-target': '/v1, Kind=ConfigMap Name=second-target Namespace=before' });
});

it('a MutatingPolicy mutates what exists when it is made, and when something triggers it', async () => {
  const { client } = cluster;
  const named = (resource: string, names: readonly string[]) => ({
    resourceRules: [
      {
        apiGroups: [''],
        apiVersions: ['v1'],
        operations: ['CREATE', 'UPDATE'],
        resources: [resource],
        resourceNames: names,
      },
    ],
  });
  await client.create(CONFIG_MAPS, configMapOf('marked'));
  await client.create(CONFIG_MAPS, configMapOf('marked', 'kube-system'));
  await client.create(MUTATING_POLICIES, {
    apiVersion: 'policies.kyverno.io/v1',
    kind: 'MutatingPolicy',
    metadata: { name: 'mark' },
    spec: {
      evaluation: { mutateExisting: { enabled: true } },
      matchConstraints: named('namespaces', ['before']),
      targetMatchConstraints: named('configmaps', ['marked', 'marked-later']),
      mutations: [
        {
          patchType: 'ApplyConfiguration',
          applyConfiguration: {
            expression: "Object{metadata: Object.metadata{labels: {'by': request.object.metadata.name}}}",
          },
        },
      ],
    },
  });
  const isMarked = async (name: string) => (await labelOf(name, 'by')) === 'before';
  await until('the label', () => isMarked('marked'));
  await client.create(CONFIG_MAPS, configMapOf('marked-later'));
  await client.patch(NAMESPACES, { name: 'before' }, 'merge', { metadata: { annotations: { touched: 'yes' } } });
  await until('the label', () => isMarked('marked-later'));
  // The ConfigMap's resourceFilters keep this namespace from policies.
  const kept = await client.get(CONFIG_MAPS, { namespace: 'kube-system', name: 'marked' });
  expect(kept.metadata.labels).toBeUndefined();
});

it('a MutatingPolicy is triggered by what no other policy is asked about', async () => {
  const { client } = cluster;
  const rule = { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'] };
  await client.create(CONFIG_MAPS, configMapOf('owned'));
  await client.create(MUTATING_POLICIES, {
    apiVersion: 'policies.kyverno.io/v1',
    kind: 'MutatingPolicy',
    metadata: { name: 'own' },
    spec: {
      evaluation: { mutateExisting: { enabled: true } },
      matchConstraints: { resourceRules: [{ ...rule, resources: ['serviceaccounts'] }] },
      targetMatchConstraints: { expression: "resource.get('v1', 'configmaps', object.metadata.namespace, 'owned')" },
      mutations: [
        {
          patchType: 'ApplyConfiguration',
          applyConfiguration: { expression: "Object{metadata: Object.metadata{labels: {'owner': 'account'}}}" },
        },
      ],
    },
  });
  const makeAccount = (count: number) =>
    client.create(SERVICE_ACCOUNTS, {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name: `account-${count}`, namespace: 'before' },
    });
  await actUntil('the label', makeAccount, async () => (await labelOf('owned', 'owner')) === 'account');
});
