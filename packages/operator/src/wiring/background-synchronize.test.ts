import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  actUntil,
  type BackgroundCluster,
  configMapOf,
  GENERATING_POLICIES,
  generateRule,
  namespaceOf,
  rules,
  SECRETS,
  startBackgroundOperator,
} from './background.fixture.ts';
import { CLUSTER_POLICIES, CONFIG_MAPS, NAMESPACES, until } from './operator.fixture.ts';

let cluster: BackgroundCluster;

beforeAll(async () => {
  const quota = generateRule('settings', { synchronize: true, generateExisting: true });
  cluster = await startBackgroundOperator((client) => client.create(CLUSTER_POLICIES, rules('quota', [quota])));
});
afterAll(() => cluster.stop());

/** Touches the namespace until these ConfigMaps are in it. */
async function touchUntilThere(namespace: string, names: readonly string[]): Promise<void> {
  await actUntil(
    `${names.join(', ')} in ${namespace}`,
    (count) => {
      const patch = { metadata: { annotations: { count: `${count}` } } };
      return cluster.client.patch(NAMESPACES, { name: namespace }, 'merge', patch);
    },
    async () => (await Promise.all(names.map((name) => cluster.read(CONFIG_MAPS, namespace, name)))).every(Boolean),
  );
}

describe('with synchronize', () => {
  it('what was deleted or changed by hand is made again', async () => {
    const { client } = cluster;
    await client.create(NAMESPACES, namespaceOf('delta', { kind: 'team' }));
    const first = await until('the ConfigMap', () => cluster.read(CONFIG_MAPS, 'delta', 'settings'));
    await client.delete(CONFIG_MAPS, { namespace: 'delta', name: 'settings' });
    await until('another one', async () => {
      const found = await cluster.read(CONFIG_MAPS, 'delta', 'settings');
      return found !== undefined && found.metadata.uid !== first.metadata.uid;
    });
    await client.patch(CONFIG_MAPS, { namespace: 'delta', name: 'settings' }, 'merge', { data: { owner: 'mallory' } });
    await until('the owner', async () => {
      const found = await cluster.read(CONFIG_MAPS, 'delta', 'settings');
      return found && JSON.stringify(found['data']) === '{"owner":"nobody"}';
    });
  });

  it('it goes with its trigger, and nothing else does', async () => {
    const { client } = cluster;
    await client.create(GENERATING_POLICIES, {
      apiVersion: 'policies.kyverno.io/v1',
      kind: 'GeneratingPolicy',
      metadata: { name: 'companion' },
      spec: {
        evaluation: { synchronize: { enabled: true } },
        matchConstraints: {
          resourceRules: [
            {
              apiGroups: [''],
              apiVersions: ['v1'],
              operations: ['CREATE'],
              resources: ['configmaps'],
              resourceNames: ['main'],
            },
          ],
        },
        generate: [
          {
            template: {
              interpolate: 'cel',
              value:
                'apiVersion: v1\nkind: Secret\nmetadata: {name: (( object.metadata.name ))-companion, namespace: before}\n',
            },
          },
        ],
      },
    });
    await client.create(SECRETS, {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'bystander', namespace: 'before' },
    });
    const makeMain = async () => {
      await client.delete(CONFIG_MAPS, { name: 'main', namespace: 'before' }).catch(() => undefined);
      await client.create(CONFIG_MAPS, configMapOf('main'));
    };
    await actUntil('the companion', makeMain, () => cluster.read(SECRETS, 'before', 'main-companion'));
    await client.delete(CONFIG_MAPS, { name: 'main', namespace: 'before' });
    await until(
      'the companion to go',
      async () => (await cluster.read(SECRETS, 'before', 'main-companion')) === undefined,
    );
    expect(await cluster.read(SECRETS, 'before', 'bystander')).toBeDefined();
    await client.delete(GENERATING_POLICIES, { name: 'companion' });
  });

  it('it goes with its policy, unless that says otherwise', async () => {
    const { client } = cluster;
    await until('what another policy made', () => cluster.read(CONFIG_MAPS, 'before', 'settings'));
    const names = ['leaving', 'staying'];
    for (const name of names) {
      const rule = {
        ...generateRule(name, { name, synchronize: true, orphanDownstreamOnPolicyDelete: name === 'staying' }),
        match: { any: [{ resources: { kinds: ['Namespace'], names: ['epsilon'] } }] },
      };
      await client.create(CLUSTER_POLICIES, rules(name, [rule]));
    }
    await client.create(NAMESPACES, namespaceOf('epsilon', {}));
    await touchUntilThere('epsilon', names);
    for (const name of names) await client.delete(CLUSTER_POLICIES, { name });
    await until('one to go', async () => (await cluster.read(CONFIG_MAPS, 'epsilon', 'leaving')) === undefined);
    expect(await cluster.read(CONFIG_MAPS, 'epsilon', 'staying')).toBeDefined();
    expect(await cluster.read(CONFIG_MAPS, 'before', 'settings')).toBeDefined();
  });
});

describe('with synchronize, what was generated follows', () => {
  const about = (namespace: string, name: string, generate: object) => ({
    name,
    match: {
      any: [{ resources: { kinds: ['Namespace'], names: [namespace], selector: { matchLabels: { kind: 'kept' } } } }],
    },
    generate: { apiVersion: 'v1', kind: 'ConfigMap', namespace, name, synchronize: true, ...generate },
  });
  const dataOf = async (namespace: string, name: string) =>
    JSON.stringify((await cluster.read(CONFIG_MAPS, namespace, name))?.['data']);

  async function trigger(namespace: string, names: readonly string[]): Promise<void> {
    await cluster.client.create(NAMESPACES, namespaceOf(namespace, { kind: 'kept' }));
    await touchUntilThere(namespace, names);
  }

  it('its source: a copy is made again, and goes with it', async () => {
    const { client } = cluster;
    const source = { namespace: 'before', name: 'original' };
    await client.create(CONFIG_MAPS, { ...configMapOf('original'), data: { is: 'old' } });
    await client.create(CLUSTER_POLICIES, rules('copies', [about('zeta', 'copy', { clone: source })]));
    await trigger('zeta', ['copy']);
    await actUntil(
      'the copy to follow',
      (count) => client.patch(CONFIG_MAPS, source, 'merge', { data: { is: 'new', count: `${count}` } }),
      async () => (await dataOf('zeta', 'copy'))?.includes('"new"'),
    );
    await client.delete(CONFIG_MAPS, source);
    await until('the copy to go', async () => (await cluster.read(CONFIG_MAPS, 'zeta', 'copy')) === undefined);
    await client.delete(CLUSTER_POLICIES, { name: 'copies' });
  });

  it('its rule: the data, and that it is there', async () => {
    const { client } = cluster;
    const settings = (value: string) => about('eta', 'own', { data: { data: { value } } });
    const going = about('eta', 'going', { data: { data: { value: 'old' } } });
    await client.create(CLUSTER_POLICIES, rules('own', [settings('old'), going]));
    await trigger('eta', ['own', 'going']);
    await client.patch(CLUSTER_POLICIES, { name: 'own' }, 'merge', { spec: { rules: [settings('new')] } });
    await until('the data', async () => (await dataOf('eta', 'own')) === '{"value":"new"}');
    await until('the other to go', async () => (await cluster.read(CONFIG_MAPS, 'eta', 'going')) === undefined);
    await client.delete(CLUSTER_POLICIES, { name: 'own' });
  });

  it('its trigger: it goes when that is no more what the rule asks for', async () => {
    const { client } = cluster;
    const once = about('theta', 'once', { data: { data: { value: 'one' } } });
    await client.create(CLUSTER_POLICIES, rules('matching', [once]));
    await trigger('theta', ['once']);
    await client.patch(NAMESPACES, { name: 'theta' }, 'merge', { metadata: { annotations: { other: 'yes' } } });
    await client.patch(NAMESPACES, { name: 'theta' }, 'merge', { metadata: { labels: { kind: 'free' } } });
    await until('it to go', async () => (await cluster.read(CONFIG_MAPS, 'theta', 'once')) === undefined);
    await client.delete(CLUSTER_POLICIES, { name: 'matching' });
  });
});

it('what a GeneratingPolicy made goes when its trigger no longer matches, or no longer asks for it', async () => {
  const { client } = cluster;
  const rule = { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: ['namespaces'] };
  const mapNamed = (name: string) =>
    `{'apiVersion': dyn('v1'), 'kind': dyn('ConfigMap'), 'metadata': dyn({'name': ${name}})}`;
  await client.create(GENERATING_POLICIES, {
    apiVersion: 'policies.kyverno.io/v1',
    kind: 'GeneratingPolicy',
    metadata: { name: 'matching-in-cel' },
    spec: {
      evaluation: { synchronize: { enabled: true } },
      matchConstraints: { resourceRules: [{ ...rule, resourceNames: ['iota'] }] },
      matchConditions: [{ name: 'kept', expression: "object.metadata.labels['kind'] == 'kept'" }],
      generate: [
        {
          expression: `generator.apply(object.metadata.name, [${mapNamed("'always'")}, ${mapNamed("object.metadata.labels['own']")}])`,
        },
      ],
    },
  });
  const label = (labels: object) => client.patch(NAMESPACES, { name: 'iota' }, 'merge', { metadata: { labels } });
  const isThere = async (name: string) => (await cluster.read(CONFIG_MAPS, 'iota', name)) !== undefined;
  await client.create(NAMESPACES, namespaceOf('iota', { kind: 'kept', own: 'first' }));
  await touchUntilThere('iota', ['always', 'first']);
  await label({ own: 'second' });
  await until('the second', () => isThere('second'));
  await until('the first to go', async () => !(await isThere('first')));
  expect(await isThere('always')).toBe(true);
  await label({ kind: 'free' });
  await until('all to go', async () => !(await isThere('always')) && !(await isThere('second')));
  await client.delete(GENERATING_POLICIES, { name: 'matching-in-cel' });
});

it('what a GeneratingPolicy made without synchronize is brought up to date when its trigger changes', async () => {
  const { client } = cluster;
  const rule = { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: ['namespaces'] };
  const map =
    "{'apiVersion': dyn('v1'), 'kind': dyn('ConfigMap'), 'metadata': dyn({'name': 'tier'}), 'data': dyn({'is': object.metadata.labels['tier']})}";
  await client.create(GENERATING_POLICIES, {
    apiVersion: 'policies.kyverno.io/v1',
    kind: 'GeneratingPolicy',
    metadata: { name: 'once-in-cel' },
    spec: {
      matchConstraints: { resourceRules: [{ ...rule, resourceNames: ['kappa'] }] },
      generate: [{ expression: `generator.apply(object.metadata.name, [${map}])` }],
    },
  });
  const tier = async () => JSON.stringify((await cluster.read(CONFIG_MAPS, 'kappa', 'tier'))?.['data']);
  await client.create(NAMESPACES, namespaceOf('kappa', { tier: 'one' }));
  await touchUntilThere('kappa', ['tier']);
  expect(await tier()).toBe('{"is":"one"}');
  await client.patch(NAMESPACES, { name: 'kappa' }, 'merge', { metadata: { labels: { tier: 'two' } } });
  await until('the new tier', async () => (await tier()) === '{"is":"two"}');
  await client.delete(GENERATING_POLICIES, { name: 'once-in-cel' });
});

it('what a GeneratingPolicy copied follows the source and the policy', async () => {
  const { client } = cluster;
  await client.create(CONFIG_MAPS, { ...configMapOf('origin'), data: { version: '1' } });
  const rule = { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: ['namespaces'] };
  const copying = (name: string) => ({
    evaluation: { synchronize: { enabled: true } },
    matchConstraints: { resourceRules: [{ ...rule, resourceNames: ['copies'] }] },
    variables: [{ name: 'source', expression: `resource.get('v1', 'configmaps', 'before', '${name}')` }],
    generate: [{ expression: 'generator.apply(object.metadata.name, [variables.source])' }],
  });
  await client.create(GENERATING_POLICIES, {
    apiVersion: 'policies.kyverno.io/v1',
    kind: 'GeneratingPolicy',
    metadata: { name: 'copying' },
    spec: copying('origin'),
  });
  await client.create(NAMESPACES, namespaceOf('copies', {}));
  await touchUntilThere('copies', ['origin']);
  await actUntil(
    'the change',
    (count) => {
      const patch = { metadata: { annotations: { count: `${count}` } }, data: { version: '2' } };
      return client.patch(CONFIG_MAPS, { name: 'origin', namespace: 'before' }, 'merge', patch);
    },
    async () => JSON.stringify((await cluster.read(CONFIG_MAPS, 'copies', 'origin'))?.['data']) === '{"version":"2"}',
  );
  await client.create(CONFIG_MAPS, configMapOf('other'));
  await client.patch(GENERATING_POLICIES, { name: 'copying' }, 'merge', { spec: copying('other') });
  await until('the other copy', () => cluster.read(CONFIG_MAPS, 'copies', 'other'));
  await until('the first to go', async () => (await cluster.read(CONFIG_MAPS, 'copies', 'origin')) === undefined);
  await client.delete(CONFIG_MAPS, { name: 'other', namespace: 'before' });
  await until('the copy to go', async () => (await cluster.read(CONFIG_MAPS, 'copies', 'other')) === undefined);
});
