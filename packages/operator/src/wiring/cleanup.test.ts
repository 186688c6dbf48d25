import type { KubernetesObject } from '@vouchsafe/kube';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  CONFIG_MAPS,
  configMapExists,
  EVENTS,
  NAMESPACES,
  refusalOf,
  startTestCluster,
  type TestCluster,
  until,
} from './operator.fixture.ts';

const CLUSTER_CLEANUPS = { group: 'kyverno.io', version: 'v2', resource: 'clustercleanuppolicies' } as const;
const CLEANUPS = { group: 'kyverno.io', version: 'v2', resource: 'cleanuppolicies' } as const;
const DELETING = { group: 'policies.kyverno.io', version: 'v1', resource: 'deletingpolicies' } as const;
const FILES = [
  'kyverno.io_cleanuppolicies',
  'kyverno.io_clustercleanuppolicies',
  'policies.kyverno.io_deletingpolicies',
  'policies.kyverno.io_namespaceddeletingpolicies',
];

let cluster: TestCluster;
let metricsPort: number;

beforeAll(async () => {
  cluster = await startTestCluster('AlwaysAllow', FILES);
  const { client } = cluster;
  for (const name of ['team', 'other']) {
    await client.create(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  }
  ({ metricsPort } = await cluster.start(['--ttlReconciliationInterval', '1s']));
});
afterAll(() => cluster.stop());

function configMap(name: string, namespace = 'team', labels: Record<string, string> = {}): KubernetesObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace, labels }, data: { a: 'b' } };
}

const exists = (name: string, namespace = 'team') => configMapExists(cluster, name, namespace);

const gone = (name: string, namespace?: string) => until(`${name} to go`, async () => !(await exists(name, namespace)));

describe('on their schedules', () => {
  it('a DeletingPolicy deletes what it selects, and nothing else', async () => {
    const { client } = cluster;
    await client.create(CONFIG_MAPS, configMap('old', 'team', { app: 'old' }));
    await client.create(
      CONFIG_MAPS,
      configMap('generated', 'team', { app: 'old', 'app.kubernetes.io/managed-by': 'kyverno' }),
    );
    await client.create(CONFIG_MAPS, configMap('unlike'));
    await client.create(CONFIG_MAPS, configMap('ours', 'kyverno', { app: 'old' }));
    await client.create(DELETING, {
      apiVersion: 'policies.kyverno.io/v1',
      kind: 'DeletingPolicy',
      metadata: { name: 'old' },
      spec: {
        schedule: '* * * * * * *',
        deletionPropagationPolicy: 'Background',
        matchConstraints: { resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'] }] },
        conditions: [{ name: 'old', expression: "object.metadata.?labels.?app.orValue('') == 'old'" }],
      },
    });
    await gone('old');
    const policy = await until('the time of the run', async () => {
      const found = await client.get(DELETING, { name: 'old' });
      return 'status' in found && JSON.stringify(found['status']).includes('lastExecutionTime') && found;
    });
    expect(policy.metadata.name).toBe('old');
    expect(await Promise.all([exists('generated'), exists('unlike'), exists('ours', 'kyverno')])).toEqual([
      true,
      true,
      true,
    ]);
    const { items } = await until('the event', async () => {
      const events = await client.list(EVENTS, { namespace: 'default' });
      return events.items.some(({ note }) => String(note).includes('ConfigMap/team/old')) && events;
    });
    expect(items.map(({ note }) => note)).toContain('successfully cleaned up the target resource ConfigMap/team/old');
    const metrics = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
    expect(metrics).toContain(
      'kyverno_cleanup_controller_deletedobjects_total{policy_type="DeletingPolicy",policy_namespace="-",policy_name="old",resource_kind="ConfigMap",resource_namespace="team",deletion_propagation="Background"} 1',
    );
    await client.delete(DELETING, { name: 'old' });
  });

  it('a CleanupPolicy deletes in its namespace alone', async () => {
    const { client } = cluster;
    await client.create(CONFIG_MAPS, configMap('temporary'));
    await client.create(CONFIG_MAPS, configMap('temporary', 'other'));
    await client.create(CLEANUPS, {
      apiVersion: 'kyverno.io/v2',
      kind: 'CleanupPolicy',
      metadata: { name: 'temporary', namespace: 'team' },
      spec: {
        schedule: '@every 1s',
        match: { any: [{ resources: { kinds: ['ConfigMap'] } }] },
        conditions: { all: [{ key: '{{ target.metadata.name }}', operator: 'Equals', value: 'temporary' }] },
      },
    });
    await gone('temporary');
    expect(await exists('temporary', 'other')).toBe(true);
    await client.delete(CLEANUPS, { name: 'temporary', namespace: 'team' });
  });

  it('what cannot be told stays, and is told', async () => {
    const { client } = cluster;
    await client.create(CONFIG_MAPS, configMap('unclear'));
    await client.create(CLUSTER_CLEANUPS, {
      apiVersion: 'kyverno.io/v2',
      kind: 'ClusterCleanupPolicy',
      metadata: { name: 'unclear' },
      spec: {
        schedule: '@every 1s',
        match: { any: [{ resources: { kinds: ['ConfigMap'], names: ['unclear'] } }] },
        conditions: { all: [{ key: '{{ target.metadata.gone }}', operator: 'Equals', value: 'x' }] },
      },
    });
    await until('the event', async () => {
      const { items } = await client.list(EVENTS, { namespace: 'default' });
      return items.some(({ note }) =>
        String(note).startsWith('failed to clean up the target resource ConfigMap/team/unclear'),
      );
    });
    expect(await exists('unclear')).toBe(true);
    expect(JSON.stringify(await client.get(CLUSTER_CLEANUPS, { name: 'unclear' }))).not.toContain('lastExecutionTime');
    await client.delete(CLUSTER_CLEANUPS, { name: 'unclear' });
  });
});

it('an object whose time has come goes, of whatever kind', async () => {
  const { client } = cluster;
  await client.create(CONFIG_MAPS, configMap('short', 'team', { 'cleanup.kyverno.io/ttl': '1s' }));
  await client.create(CONFIG_MAPS, configMap('long', 'team', { 'cleanup.kyverno.io/ttl': '1h' }));
  await client.create(CONFIG_MAPS, configMap('unread', 'team', { 'cleanup.kyverno.io/ttl': 'soon' }));
  await gone('short');
  expect(await Promise.all([exists('long'), exists('unread')])).toEqual([true, true]);
});

it('a schedule that is none is refused', async () => {
  const refusal = await refusalOf(
    cluster.client.create(CLEANUPS, {
      apiVersion: 'kyverno.io/v2',
      kind: 'CleanupPolicy',
      metadata: { name: 'bad', namespace: 'team' },
      spec: { schedule: 'invalid-schedule', match: { any: [{ resources: { kinds: ['ConfigMap'] } }] } },
    }),
  );
  expect(refusal).toContain('schedule spec in the cleanupPolicy is not in proper cron format');
});
