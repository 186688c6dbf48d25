import { afterAll, beforeAll, expect, it } from 'vitest';
import { ATTEMPTS_MS } from '../background/start-background.ts';
import {
  actUntil,
  type BackgroundCluster,
  configMapOf,
  namespaceOf,
  rules,
  startBackgroundOperator,
} from './background.fixture.ts';
import { CLUSTER_POLICIES, CONFIG_MAPS, NAMESPACES, until } from './operator.fixture.ts';

let cluster: BackgroundCluster;

beforeAll(async () => {
  cluster = await startBackgroundOperator();
});
afterAll(() => cluster.stop());

const namespaces = (names: readonly string[], more: object = {}) => ({
  any: [{ resources: { kinds: ['Namespace'], names, ...more } }],
});
const configMap = (name: string, more: object = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  namespace: '{{request.object.metadata.name}}',
  name,
  data: { data: { by: name } },
  ...more,
});
const touch = (namespace: string) => (count: number) =>
  cluster.client.patch(NAMESPACES, { name: namespace }, 'merge', { metadata: { annotations: { count: `${count}` } } });

it('what a rule no longer asks for goes, what its sibling made of the same trigger stays', async () => {
  const { client } = cluster;
  const whileKept = namespaces(['siblings'], { selector: { matchLabels: { kind: 'kept' } } });
  await client.create(
    CLUSTER_POLICIES,
    rules('siblings', [
      { name: 'labelled', match: whileKept, generate: configMap('labelled', { synchronize: true }) },
      { name: 'always', match: namespaces(['siblings']), generate: configMap('always', { synchronize: true }) },
    ]),
  );
  await client.create(NAMESPACES, namespaceOf('siblings', { kind: 'kept' }));
  const there = (name: string) => cluster.read(CONFIG_MAPS, 'siblings', name);
  await actUntil('both', touch('siblings'), async () => (await there('labelled')) && (await there('always')));
  const sibling = await there('always');
  await client.patch(NAMESPACES, { name: 'siblings' }, 'merge', { metadata: { labels: { kind: 'other' } } });
  await until('one to go', async () => (await there('labelled')) === undefined);
  expect((await there('always'))?.metadata.uid).toBe(sibling?.metadata.uid);
});

it('a policy that has just come generates and mutates what exists, both', async () => {
  const { client } = cluster;
  await client.create(CONFIG_MAPS, configMapOf('target'));
  const mutate = {
    targets: [{ apiVersion: 'v1', kind: 'ConfigMap', namespace: 'before', name: 'target' }],
    patchStrategicMerge: { metadata: { labels: { touched: 'yes' } } },
  };
  const match = namespaces(['mixed']);
  await client.create(
    CLUSTER_POLICIES,
    rules('mixed', [
      { name: 'touch', match, mutate },
      { name: 'make', match, generate: configMap('made') },
    ]),
  );
  await client.create(NAMESPACES, namespaceOf('mixed', {}));
  await actUntil('both', touch('mixed'), async () => {
    const target = await cluster.read(CONFIG_MAPS, 'before', 'target');
    return target?.metadata.labels?.['touched'] === 'yes' && cluster.read(CONFIG_MAPS, 'mixed', 'made');
  });
});

it('what cannot be made is tried again, three times in all, without an object that counts', async () => {
  const { client } = cluster;
  const match = namespaces(['early']);
  await client.create(
    CLUSTER_POLICIES,
    rules('patient', [
      { name: 'late', match, generate: configMap('late', { namespace: 'not-yet' }) },
      { name: 'seen', match, generate: configMap('seen') },
    ]),
  );
  await client.create(NAMESPACES, namespaceOf('early', {}));
  await actUntil('a first attempt', touch('early'), () => cluster.read(CONFIG_MAPS, 'early', 'seen'));
  await client.create(NAMESPACES, namespaceOf('not-yet', {}));
  await until('another attempt', () => cluster.read(CONFIG_MAPS, 'not-yet', 'late'));
  expect(ATTEMPTS_MS).toHaveLength(3);
});
