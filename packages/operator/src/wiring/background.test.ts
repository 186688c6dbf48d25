import type { KubernetesObject } from '@vouchsafe/kube';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type BackgroundCluster,
  GENERATING_POLICIES,
  generateRule,
  namespaceOf,
  rules,
  SECRETS,
  startBackgroundOperator,
} from './background.fixture.ts';
import { CLUSTER_POLICIES, CONFIG_MAPS, EVENTS, NAMESPACES, until } from './operator.fixture.ts';

let cluster: BackgroundCluster;

beforeAll(async () => {
  const quota = generateRule('settings', { synchronize: true, generateExisting: true });
  cluster = await startBackgroundOperator(async (client) => {
    await client.create(CLUSTER_POLICIES, rules('quota', [quota]));
    await client.create(GENERATING_POLICIES, generatingPolicy());
  });
});
afterAll(() => cluster.stop());

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

describe('after an admission', () => {
  it('rules and policies in CEL make what they ask for, labelled', async () => {
    await cluster.client.create(NAMESPACES, namespaceOf('alpha', { kind: 'team' }));
    const settings = await until('the ConfigMap', () => cluster.read(CONFIG_MAPS, 'alpha', 'settings'));
    expect(settings).toMatchObject({ data: { owner: 'nobody' } });
    expect(settings.metadata.labels).toMatchObject({
      'app.kubernetes.io/managed-by': 'kyverno',
      'generate.kyverno.io/policy-name': 'quota',
      'generate.kyverno.io/rule-name': 'settings',
    });
    const trigger = await cluster.client.get(NAMESPACES, { name: 'alpha' });
    expect(settings.metadata.labels?.['generate.kyverno.io/trigger-uid']).toBe(trigger.metadata.uid);
    const secret = await until('the Secret', () => cluster.read(SECRETS, 'alpha', 'pull'));
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
    await until('the ConfigMap', () => cluster.read(CONFIG_MAPS, 'marker', 'settings'));
    expect(await cluster.read(CONFIG_MAPS, 'plain', 'settings')).toBeUndefined();
  });

  it('with synchronize what is there follows the trigger', async () => {
    await cluster.client.create(NAMESPACES, namespaceOf('beta', { kind: 'team' }));
    await until('the ConfigMap', () => cluster.read(CONFIG_MAPS, 'beta', 'settings'));
    const patch = { metadata: { annotations: { owner: 'ann' } } };
    await cluster.client.patch(NAMESPACES, { name: 'beta' }, 'merge', patch);
    await until('the change', async () => {
      const found = await cluster.read(CONFIG_MAPS, 'beta', 'settings');
      return found && JSON.stringify(found['data']) === '{"owner":"ann"}';
    });
  });

  it('an object of somebody else is left alone by policies in CEL', async () => {
    const { client } = cluster;
    await client.create(NAMESPACES, namespaceOf('gamma', { kind: 'other' }));
    await client.create(SECRETS, { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'pull', namespace: 'gamma' } });
    await client.patch(NAMESPACES, { name: 'gamma' }, 'merge', { metadata: { labels: { kind: 'team' } } });
    await until('the ConfigMap', () => cluster.read(CONFIG_MAPS, 'gamma', 'settings'));
    // The same trigger makes its next object a moment later, if it makes one.
    await new Promise((resolve) => setTimeout(resolve, 300));
    const secret = await cluster.read(SECRETS, 'gamma', 'pull');
    expect([secret?.metadata.labels, secret?.['stringData'], secret?.['data']]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });
});

it('what exists gets it, too, where a rule asks for that', async () => {
  await until('the ConfigMap', () => cluster.read(CONFIG_MAPS, 'before', 'settings'));
  expect(await cluster.read(SECRETS, 'before', 'pull')).toBeUndefined();
});
