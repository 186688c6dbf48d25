import { afterAll, beforeAll, expect, it } from 'vitest';
import { type BackgroundCluster, GENERATING_POLICIES, startBackgroundOperator } from './background.fixture.ts';
import { CONFIG_MAPS, PODS, until } from './operator.fixture.ts';

let cluster: BackgroundCluster;
beforeAll(async () => {
  const policy = {
    apiVersion: 'policies.kyverno.io/v1',
    kind: 'GeneratingPolicy',
    metadata: { name: 'evicted' },
    spec: {
      matchConstraints: {
        resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['*'], resources: ['pods/eviction'] }],
      },
      generate: [
        {
          expression:
            "generator.Apply(object.metadata.namespace, [{'apiVersion': dyn('v1'), 'kind': dyn('ConfigMap'), 'metadata': dyn({'name': 'evicted-' + object.metadata.name, 'namespace': object.metadata.namespace})}])",
        },
      ],
    },
  };
  cluster = await startBackgroundOperator((client) => client.create(GENERATING_POLICIES, policy));
});
afterAll(() => cluster.stop());

it('an eviction, which is stored nowhere, triggers a policy about it', async () => {
  const { client } = cluster;
  const target = { namespace: 'before', name: 'p' };
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: target, spec: { containers: [{ name: 'c', image: 'c' }] } };
  await client.create(PODS, pod);
  const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: target };
  await client.create(PODS, eviction, { ...target, subresource: 'eviction' });
  expect(await until('the ConfigMap', () => cluster.read(CONFIG_MAPS, 'before', 'evicted-p'))).toBeDefined();
});
