import { afterAll, beforeAll, expect, it } from 'vitest';
import { createCleaner, createOwnRights } from './cleaner.ts';
import {
  CONFIG_MAPS,
  configMapExists,
  refusalOf,
  startTestCluster,
  type TestCluster,
  until,
} from './operator.fixture.ts';

const RBAC = 'rbac.authorization.k8s.io';
const ACCOUNT = { namespace: 'kyverno', name: 'cleaner' };
const SETTING = { cleanupServiceAccountName: `system:serviceaccount:${ACCOUNT.namespace}:${ACCOUNT.name}` };
const CLEANUPS = { group: 'kyverno.io', version: 'v2', resource: 'cleanuppolicies' } as const;

let cluster: TestCluster;

beforeAll(async () => {
  cluster = await startTestCluster('RBAC', ['kyverno.io_cleanuppolicies']);
  const grant = async (role: string, namespace: string, verbs: readonly string[]) => {
    const kind = namespace === '' ? 'ClusterRole' : 'Role';
    const place = namespace === '' ? {} : { namespace };
    const create = (of: string, rest: object) => {
      const resource = { group: RBAC, version: 'v1', resource: `${of.toLowerCase()}s` };
      return cluster.client.create(resource, {
        apiVersion: `${RBAC}/v1`,
        kind: of,
        metadata: { name: role, ...place },
        ...rest,
      });
    };
    await create(kind, { rules: [{ apiGroups: [''], resources: ['configmaps'], verbs }] });
    const subjects = [{ kind: 'ServiceAccount', ...ACCOUNT }];
    await create(`${kind}Binding`, { roleRef: { apiGroup: RBAC, kind, name: role }, subjects });
  };
  await grant('reader', '', ['list']);
  await grant('deleter', 'default', ['delete']);
});
afterAll(() => cluster.stop());

it('what we may do for a policy is what its account may, where it cleans up', async () => {
  const { client } = cluster;
  const mayI = createOwnRights(client, createCleaner(client, SETTING));
  const attributes = { verb: 'delete', group: '', version: 'v1', resource: 'configmaps' };
  expect(await mayI({ ...attributes, namespace: 'default' }, 'cleanup')).toBe(true);
  expect(await mayI({ ...attributes, namespace: 'kyverno' }, 'cleanup')).toBe(false);
  expect(await mayI({ ...attributes, namespace: 'kyverno' }, 'legacy')).toBe(true);
  expect(createCleaner(client, { cleanupServiceAccountName: '' })).toBe(client);
});

it('policies and lifetimes delete what the account may delete, and nothing else', async () => {
  const { client } = cluster;
  await cluster.start([
    ...['--ttlReconciliationInterval', '1s'],
    ...['--cleanupServiceAccountName', SETTING.cleanupServiceAccountName],
  ]);
  const cleanup = (namespace: string, schedule: string) =>
    client.create(CLEANUPS, {
      apiVersion: 'kyverno.io/v2',
      kind: 'CleanupPolicy',
      metadata: { name: 'old', namespace },
      spec: { schedule, match: { any: [{ resources: { kinds: ['ConfigMap'], names: ['old'] } }] } },
    });
  const configMap = (name: string, namespace: string, labels: Record<string, string> = {}) =>
    client.create(CONFIG_MAPS, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace, labels } });
  for (const namespace of ['default', 'kyverno']) {
    await configMap('old', namespace);
    await configMap('short', namespace, { 'cleanup.kyverno.io/ttl': '1s' });
  }
  expect(await refusalOf(cleanup('kyverno', '@every 1s'))).toContain(
    'additional privileges are required: delete for resource ConfigMap in namespace kyverno',
  );
  await cleanup('default', '@every 1s');
  const remain = (namespace: string) =>
    Promise.all(['old', 'short'].map((name) => configMapExists(cluster, name, namespace)));
  await until('both to go', async () => (await remain('default')).every((exists) => !exists));
  expect(await remain('kyverno')).toEqual([true, true]);
});
