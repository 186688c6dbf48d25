import type { KubernetesObject } from '@vouchsafe/kube';
import { afterEach, describe, expect, it } from 'vitest';
import {
  CLUSTER_POLICIES,
  CONFIG_MAPS,
  EVENTS,
  EXCEPTIONS,
  MUTATING,
  REPORTS,
  refusalOf,
  startTestCluster,
  type TestCluster,
  until,
  VALIDATING,
} from './operator.fixture.ts';

let cluster: TestCluster | undefined;
afterEach(async () => {
  await cluster?.stop();
  cluster = undefined;
});

function requireTeam(name: string, failureAction: 'Enforce' | 'Audit'): KubernetesObject {
  return {
    apiVersion: 'kyverno.io/v1',
    kind: 'ClusterPolicy',
    metadata: { name },
    spec: {
      rules: [
        {
          name: 'team',
          match: { any: [{ resources: { kinds: ['ConfigMap'] } }] },
          validate: {
            failureAction,
            message: 'a team label is required',
            pattern: { metadata: { labels: { team: '?*' } } },
          },
        },
      ],
    },
  };
}

function configMap(name: string, labels: Readonly<Record<string, string>> = {}): KubernetesObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'default', labels }, data: { a: 'b' } };
}

async function apply(test: TestCluster, policy: KubernetesObject): Promise<void> {
  const name = policy.metadata.name ?? '';
  await test.client.create(CLUSTER_POLICIES, policy);
  await until(`${name} to be ready`, async () => {
    const { status } = await test.client.get(CLUSTER_POLICIES, { name });
    const { conditions = [] } = (status ?? {}) as { conditions?: readonly { type: string; status: string }[] };
    return conditions.some((condition) => condition.type === 'Ready' && condition.status === 'True');
  });
}

async function webhookNames(test: TestCluster): Promise<readonly string[]> {
  const lists = await Promise.all([MUTATING, VALIDATING].map((gvr) => test.client.list(gvr)));
  return lists.flatMap(({ items }) =>
    items.flatMap(({ webhooks }) => ((webhooks ?? []) as readonly { name: string }[]).map(({ name }) => name)),
  );
}

describe('the operator', () => {
  it('refuses what an enforcing policy forbids, reports what an auditing one finds', async () => {
    cluster = await startTestCluster();
    const { client } = cluster;
    const operator = await cluster.start();
    await apply(cluster, requireTeam('enforced', 'Enforce'));
    expect(await refusalOf(client.create(CONFIG_MAPS, configMap('orphan')))).toContain('a team label is required');
  });
});
void EVENTS;
void EXCEPTIONS;
void REPORTS;
