import { readFile } from 'node:fs/promises';
import { isKubeError, type KubernetesObject } from '@vouchsafe/kube';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  CLUSTER_POLICIES,
  CONFIG_MAPS,
  EVENTS,
  NAMESPACES,
  startTestCluster,
  type TestCluster,
  until,
} from './operator.fixture.ts';

const DEFINITIONS = { group: 'apiextensions.k8s.io', version: 'v1', resource: 'customresourcedefinitions' } as const;
const CRDS = ['generating', 'namespacedgenerating', 'mutating', 'namespacedmutating'].map(
  (family) => `policies.kyverno.io_${family}policies`,
);
const MUTATING = { group: 'policies.kyverno.io', version: 'v1', resource: 'mutatingpolicies' } as const;
const GENERATING = { group: 'policies.kyverno.io', version: 'v1', resource: 'generatingpolicies' } as const;
const SECRETS = { group: '', version: 'v1', resource: 'secrets' } as const;

let cluster: TestCluster;

beforeAll(async () => {
  cluster = await startTestCluster();
  const { client } = cluster;
  for (const name of CRDS) {
    const text = await readFile(new URL(`../../../cli/crds/${name}.json`, import.meta.url), 'utf8');
    await client.create(DEFINITIONS, JSON.parse(text) as KubernetesObject); // a whole object
  }
  client.discovery.invalidate();
  await client.create(NAMESPACES, namespaceOf('before', { kind: 'team' }));
  await client.create(
    CLUSTER_POLICIES,
    rules('quota', [generateRule('settings', { synchronize: true, generateExisting: true })]),
  );
  await client.create(GENERATING, generatingPolicy());
  await cluster.start();
});
afterAll(() => cluster.stop());

function namespaceOf(name: string, labels: Record<string, string>): KubernetesObject {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } };
}

function rules(name: string, list: readonly object[]): KubernetesObject {
  return { apiVersion: 'kyverno.io/v1', kind: 'ClusterPolicy', metadata: { name }, spec: { rules: list } };
}

function generateRule(name: string, settings: object): object {
  return {
    name,
    match: { any: [{ resources: { kinds: ['Namespace'], selector: { matchLabels: { kind: 'team' } } } }] },
    generate: {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      name: 'settings',
      namespace: '{{request.object.metadata.name}}',
      data: { data: { owner: "{{request.object.metadata.annotations.owner || 'nobody'}}" } },
      ...settings,
    },
  };
}

function generatingPolicy(): KubernetesObject {
  return {
    apiVersion: 'policies.kyverno.io/v1',
    kind: 'GeneratingPolicy',
    metadata: { name: 'secret' },
    spec: {
      matchConstraints: {
        resourceRules: [
          { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: ['namespaces'] },
        ],
      },
      matchConditions: [{ name: 'team', expression: "object.metadata.?labels.?kind.orValue('') == 'team'" }],
      generate: [
        {
          template: {
            interpolate: 'cel',
            value:
              'apiVersion: v1\nkind: Secret\nmetadata:\n  name: pull\n  namespace: (( object.metadata.name ))\nstringData:\n  of: (( object.metadata.name ))-registry\n',
          },
        },
      ],
    },
  };
}

const read = (gvr: typeof CONFIG_MAPS | typeof SECRETS, namespace: string, name: string) =>
  cluster.client.get(gvr, { namespace, name }).catch((error: unknown) => {
    if (isKubeError(error, 'NotFound')) return undefined;
    throw error;
  });

describe('after an admission', () => {
  it('rules and policies in CEL make what they ask for, labelled', async () => {
    await cluster.client.create(NAMESPACES, namespaceOf('alpha', { kind: 'team' }));
    const settings = await until('the ConfigMap', () => read(CONFIG_MAPS, 'alpha', 'settings'));
    expect(settings).toMatchObject({ data: { owner: 'nobody' } });
    expect(settings.metadata.labels).toMatchObject({
      'app.kubernetes.io/managed-by': 'kyverno',
      'generate.kyverno.io/policy-name': 'quota',
      'generate.kyverno.io/rule-name': 'settings',
    });
    const trigger = await cluster.client.get(NAMESPACES, { name: 'alpha' });
    expect(settings.metadata.labels?.['generate.kyverno.io/trigger-uid']).toBe(trigger.metadata.uid);
    const secret = await until('the Secret', () => read(SECRETS, 'alpha', 'pull'));
    expect(secret.metadata.labels).toMatchObject({
      'generate.kyverno.io/policy-name': 'secret',
      'generate.kyverno.io/trigger-name': 'alpha',
    });
    await until('the event', async () => {
      const { items } = await cluster.client.list(EVENTS, { namespace: 'alpha' });
      return items.some(
        ({ note }) => note === 'Created ConfigMap settings as a result of applying policy quota/settings',
      );
    });
  });

  it('nothing for what a rule does not match', async () => {
    await cluster.client.create(NAMESPACES, namespaceOf('plain', { kind: 'other' }));
    await cluster.client.create(NAMESPACES, namespaceOf('marker', { kind: 'team' }));
    await until('the ConfigMap', () => read(CONFIG_MAPS, 'marker', 'settings'));
    expect(await read(CONFIG_MAPS, 'plain', 'settings')).toBeUndefined();
  });

  it('with synchronize what is there follows the trigger', async () => {
    await cluster.client.create(NAMESPACES, namespaceOf('beta', { kind: 'team' }));
    await until('the ConfigMap', () => read(CONFIG_MAPS, 'beta', 'settings'));
    const patch = { metadata: { annotations: { owner: 'ann' } } };
    await cluster.client.patch(NAMESPACES, { name: 'beta' }, 'merge', patch);
    await until('the change', async () => {
      const found = await read(CONFIG_MAPS, 'beta', 'settings');
      return found && JSON.stringify(found['data']) === '{"owner":"ann"}';
    });
  });

  it('an object of somebody else is left alone by policies in CEL', async () => {
    const { client } = cluster;
    await client.create(NAMESPACES, namespaceOf('gamma', { kind: 'other' }));
    await client.create(SECRETS, { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'pull', namespace: 'gamma' } });
    await client.patch(NAMESPACES, { name: 'gamma' }, 'merge', { metadata: { labels: { kind: 'team' } } });
    await until('the ConfigMap', () => read(CONFIG_MAPS, 'gamma', 'settings'));
    // The same trigger makes its next object a moment later, if it makes one.
    await new Promise((resolve) => setTimeout(resolve, 300));
    const secret = await read(SECRETS, 'gamma', 'pull');
    expect([secret?.metadata.labels, secret?.['stringData'], secret?.['data']]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });
});

describe('with synchronize', () => {
  it('what was deleted or changed by hand is made again', async () => {
    const { client } = cluster;
    await client.create(NAMESPACES, namespaceOf('delta', { kind: 'team' }));
    const first = await until('the ConfigMap', () => read(CONFIG_MAPS, 'delta', 'settings'));
    await client.delete(CONFIG_MAPS, { namespace: 'delta', name: 'settings' });
    await until('another one', async () => {
      const found = await read(CONFIG_MAPS, 'delta', 'settings');
      return found !== undefined && found.metadata.uid !== first.metadata.uid;
    });
    await client.patch(CONFIG_MAPS, { namespace: 'delta', name: 'settings' }, 'merge', { data: { owner: 'mallory' } });
    await until('the owner', async () => {
      const found = await read(CONFIG_MAPS, 'delta', 'settings');
      return found && JSON.stringify(found['data']) === '{"owner":"nobody"}';
    });
  });

  it('it goes with its trigger, and nothing else does', async () => {
    const { client } = cluster;
    const data = (name: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'before' } });
    await client.create(GENERATING, {
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
    let count = 0;
    await until('the companion', async () => {
      count += 1;
      // The policy is not yet known at first.
      if (count % 20 === 1) {
        await client.delete(CONFIG_MAPS, { name: 'main', namespace: 'before' }).catch(() => undefined);
        await client.create(CONFIG_MAPS, data('main'));
      }
      return read(SECRETS, 'before', 'main-companion');
    });
    await client.delete(CONFIG_MAPS, { name: 'main', namespace: 'before' });
    await until('the companion to go', async () => (await read(SECRETS, 'before', 'main-companion')) === undefined);
    expect(await read(SECRETS, 'before', 'bystander')).toBeDefined();
    await client.delete(GENERATING, { name: 'companion' });
  });

  it('it goes with its policy, unless that says otherwise', async () => {
    const { client } = cluster;
    const names = ['leaving', 'staying'];
    for (const name of names) {
      const rule = {
        ...generateRule(name, { name, synchronize: true, orphanDownstreamOnPolicyDelete: name === 'staying' }),
        match: { any: [{ resources: { kinds: ['Namespace'], names: ['epsilon'] } }] },
      };
      await client.create(CLUSTER_POLICIES, rules(name, [rule]));
    }
    let count = 0;
    await client.create(NAMESPACES, namespaceOf('epsilon', {}));
    await until('both objects', async () => {
      count += 1;
      // The policies are not yet known at first.
      if (count % 20 === 1) {
        const patch = { metadata: { annotations: { count: String(count) } } };
        await client.patch(NAMESPACES, { name: 'epsilon' }, 'merge', patch);
      }
      return (await Promise.all(names.map((name) => read(CONFIG_MAPS, 'epsilon', name)))).every(Boolean);
    });
    for (const name of names) await client.delete(CLUSTER_POLICIES, { name });
    await until('one to go', async () => (await read(CONFIG_MAPS, 'epsilon', 'leaving')) === undefined);
    expect(await read(CONFIG_MAPS, 'epsilon', 'staying')).toBeDefined();
    expect(await read(CONFIG_MAPS, 'alpha', 'settings')).toBeDefined();
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
    JSON.stringify((await read(CONFIG_MAPS, namespace, name))?.['data']);

  /** Touches the namespace until its objects are there: the policies are not yet known at first. */
  async function trigger(namespace: string, names: readonly string[]): Promise<void> {
    const { client } = cluster;
    await client.create(NAMESPACES, namespaceOf(namespace, { kind: 'kept' }));
    let count = 0;
    await until('the objects', async () => {
      count += 1;
      const patch = { metadata: { annotations: { count: String(count) } } };
      if (count % 20 === 1) await client.patch(NAMESPACES, { name: namespace }, 'merge', patch);
      return (await Promise.all(names.map((name) => read(CONFIG_MAPS, namespace, name)))).every(Boolean);
    });
  }

  it('its source: a copy is made again, and goes with it', async () => {
    const { client } = cluster;
    const source = { namespace: 'before', name: 'original' };
    await client.create(CONFIG_MAPS, { apiVersion: 'v1', kind: 'ConfigMap', metadata: source, data: { is: 'old' } });
    await client.create(CLUSTER_POLICIES, rules('copies', [about('zeta', 'copy', { clone: source })]));
    await trigger('zeta', ['copy']);
    let count = 0;
    await until('the copy to follow', async () => {
      count += 1;
      // The source is not yet watched at first.
      if (count % 20 === 1)
        await client.patch(CONFIG_MAPS, source, 'merge', { data: { is: 'new', count: `${count}` } });
      return (await dataOf('zeta', 'copy'))?.includes('"new"');
    });
    await client.delete(CONFIG_MAPS, source);
    await until('the copy to go', async () => (await read(CONFIG_MAPS, 'zeta', 'copy')) === undefined);
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
    await until('the other to go', async () => (await read(CONFIG_MAPS, 'eta', 'going')) === undefined);
    await client.delete(CLUSTER_POLICIES, { name: 'own' });
  });

  it('its trigger: it goes when that is no more what the rule asks for', async () => {
    const { client } = cluster;
    const once = about('theta', 'once', { data: { data: { value: 'one' } } });
    await client.create(CLUSTER_POLICIES, rules('matching', [once]));
    await trigger('theta', ['once']);
    await client.patch(NAMESPACES, { name: 'theta' }, 'merge', { metadata: { annotations: { other: 'yes' } } });
    await client.patch(NAMESPACES, { name: 'theta' }, 'merge', { metadata: { labels: { kind: 'free' } } });
    await until('it to go', async () => (await read(CONFIG_MAPS, 'theta', 'once')) === undefined);
    await client.delete(CLUSTER_POLICIES, { name: 'matching' });
  });
});

it('what exists gets it, too, where a rule asks for that', async () => {
  await until('the ConfigMap', () => read(CONFIG_MAPS, 'before', 'settings'));
  expect(await read(SECRETS, 'before', 'pull')).toBeUndefined();
});

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
  const configMap = (name: string) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace: 'before' },
  });
  await client.create(CONFIG_MAPS, configMap('target'));
  let count = 0;
  await until('the label', async () => {
    count += 1;
    // The policy is not yet known at first.
    if (count % 20 === 1) {
      await client.delete(CONFIG_MAPS, { name: 'trigger', namespace: 'before' }).catch(() => undefined);
      await client.create(CONFIG_MAPS, configMap('trigger'));
    }
    return (await read(CONFIG_MAPS, 'before', 'target'))?.metadata.labels?.['touched'] === 'by-trigger';
  });
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
  const configMap = (name: string): KubernetesObject => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace: 'before' },
  });
  await client.create(CONFIG_MAPS, configMap('marked'));
  await client.create(MUTATING, {
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
  const isMarked = async (name: string) =>
    (await read(CONFIG_MAPS, 'before', name))?.metadata.labels?.['by'] === 'before';
  await until('the label', () => isMarked('marked'));
  await client.create(CONFIG_MAPS, configMap('marked-later'));
  await client.patch(NAMESPACES, { name: 'before' }, 'merge', { metadata: { annotations: { touched: 'yes' } } });
  await until('the label', () => isMarked('marked-later'));
});

it('a MutatingPolicy is triggered by what no other policy is asked about', async () => {
  const { client } = cluster;
  const rule = { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'] };
  const account = { group: '', version: 'v1', resource: 'serviceaccounts' } as const;
  const configMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'owned', namespace: 'before' } };
  await client.create(CONFIG_MAPS, configMap);
  await client.create(MUTATING, {
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
  let count = 0;
  await until('the label', async () => {
    count += 1;
    // The policy is not yet known at first.
    if (count % 20 === 1) {
      await client.create(account, {
        apiVersion: 'v1',
        kind: 'ServiceAccount',
        metadata: { name: `account-${count}`, namespace: 'before' },
      });
    }
    return (await read(CONFIG_MAPS, 'before', 'owned'))?.metadata.labels?.['owner'] === 'account';
  });
});

it('what a GeneratingPolicy copied follows the source and the policy', async () => {
  const { client } = cluster;
  const source = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'origin', namespace: 'before' } };
  await client.create(CONFIG_MAPS, { ...source, data: { version: '1' } });
  const rule = { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: ['namespaces'] };
  const copying = (name: string) => ({
    evaluation: { synchronize: { enabled: true } },
    matchConstraints: { resourceRules: [{ ...rule, resourceNames: ['copies'] }] },
    variables: [{ name: 'source', expression: `resource.get('v1', 'configmaps', 'before', '${name}')` }],
    generate: [{ expression: 'generator.apply(object.metadata.name, [variables.source])' }],
  });
  await client.create(GENERATING, {
    apiVersion: 'policies.kyverno.io/v1',
    kind: 'GeneratingPolicy',
    metadata: { name: 'copying' },
    spec: copying('origin'),
  });
  await client.create(NAMESPACES, namespaceOf('copies', {}));
  let count = 0;
  await until('the copy', async () => {
    count += 1;
    // The policy is not yet known at first.
    const patch = { metadata: { annotations: { count: String(count) } } };
    if (count % 20 === 1) await client.patch(NAMESPACES, { name: 'copies' }, 'merge', patch);
    return read(CONFIG_MAPS, 'copies', 'origin');
  });
  let version = 1;
  await until('the change', async () => {
    version += 1;
    // The source is not yet watched at first.
    if (version % 20 === 2) {
      const metadata = { annotations: { version: String(version) } };
      const patch = { metadata, data: { version: '2' } };
      await client.patch(CONFIG_MAPS, { name: 'origin', namespace: 'before' }, 'merge', patch);
    }
    return JSON.stringify((await read(CONFIG_MAPS, 'copies', 'origin'))?.['data']) === '{"version":"2"}';
  });
  await client.create(CONFIG_MAPS, { ...source, metadata: { ...source.metadata, name: 'other' } });
  await client.patch(GENERATING, { name: 'copying' }, 'merge', { spec: copying('other') });
  await until('the other copy', () => read(CONFIG_MAPS, 'copies', 'other'));
  await until('the first to go', async () => (await read(CONFIG_MAPS, 'copies', 'origin')) === undefined);
  await client.delete(CONFIG_MAPS, { name: 'other', namespace: 'before' });
  await until('the copy to go', async () => (await read(CONFIG_MAPS, 'copies', 'other')) === undefined);
});
