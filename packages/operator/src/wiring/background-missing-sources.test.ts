import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  actUntil,
  type BackgroundCluster,
  configMapOf,
  GENERATING_POLICIES,
  namespaceOf,
  rules,
  startBackgroundCluster,
} from './background.fixture.ts';
import { CLUSTER_POLICIES, CONFIG_MAPS, NAMESPACES, until } from './operator.fixture.ts';

const NAMES = ['kept', 'changed', 'replaced', 'gone'];

let cluster: BackgroundCluster;

beforeAll(async () => {
  cluster = await startBackgroundCluster();
});
afterAll(() => cluster.stop());

const sourceOf = (name: string, is: string) => ({ ...configMapOf(name), data: { is } });
const dataOf = async (name: string) => JSON.stringify((await cluster.read(CONFIG_MAPS, 'copies', name))?.['data']);

function copying(name: string): object {
  return {
    name,
    match: { any: [{ resources: { kinds: ['Namespace'], names: ['copies'] } }] },
    generate: {
      ...{ apiVersion: 'v1', kind: 'ConfigMap', namespace: 'copies', name },
      ...{ synchronize: true, clone: { namespace: 'before', name } },
    },
  };
}

function copyingInCel(name: string): object {
  const rule = { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: ['namespaces'] };
  return {
    evaluation: { synchronize: { enabled: true } },
    matchConstraints: { resourceRules: [{ ...rule, resourceNames: ['copies'] }] },
    variables: [{ name: 'source', expression: `resource.get('v1', 'configmaps', 'before', '${name}')` }],
    generate: [{ expression: 'generator.apply(object.metadata.name, [variables.source])' }],
  };
}

it('a source that changes or goes while nobody watches is followed all the same', async () => {
  const { client } = cluster;
  for (const name of [...NAMES, 'gone-in-cel']) await client.create(CONFIG_MAPS, sourceOf(name, 'old'));
  await client.create(NAMESPACES, namespaceOf('copies', {}));
  await client.create(CLUSTER_POLICIES, rules('copies', NAMES.map(copying)));
  await client.create(GENERATING_POLICIES, {
    apiVersion: 'policies.kyverno.io/v1',
    kind: 'GeneratingPolicy',
    metadata: { name: 'copies-in-cel' },
    spec: copyingInCel('gone-in-cel'),
  });
  const first = await cluster.start();
  await actUntil(
    'the copies',
    (count) =>
      client.patch(NAMESPACES, { name: 'copies' }, 'merge', { metadata: { annotations: { count: `${count}` } } }),
    async () => {
      const data = await Promise.all([...NAMES, 'gone-in-cel'].map(dataOf));
      return data.every((one) => one === '{"is":"old"}');
    },
  );
  await first.stop();

  for (const name of ['replaced', 'gone', 'gone-in-cel'])
    await client.delete(CONFIG_MAPS, { namespace: 'before', name });
  await client.create(CONFIG_MAPS, sourceOf('replaced', 'new'));
  await client.patch(CONFIG_MAPS, { namespace: 'before', name: 'changed' }, 'merge', { data: { is: 'new' } });
  const { uid } = (await cluster.read(CONFIG_MAPS, 'copies', 'kept'))?.metadata ?? {};
  await cluster.start();

  await until('the copy to go', async () => (await dataOf('gone')) === undefined);
  await until('the copy in CEL to go', async () => (await dataOf('gone-in-cel')) === undefined);
  await until('the copy to follow', async () => (await dataOf('changed')) === '{"is":"new"}');
  await until('the copy of the other', async () => (await dataOf('replaced')) === '{"is":"new"}');
  expect((await cluster.read(CONFIG_MAPS, 'copies', 'kept'))?.metadata.uid).toBe(uid);
});
