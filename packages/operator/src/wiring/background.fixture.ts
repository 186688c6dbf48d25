import { isKubeError, type KubernetesObject } from '@vouchsafe/kube';
import { type CONFIG_MAPS, NAMESPACES, startTestCluster, type TestCluster, until } from './operator.fixture.ts';

export const MUTATING_POLICIES = { group: 'policies.kyverno.io', version: 'v1', resource: 'mutatingpolicies' } as const;
export const GENERATING_POLICIES = {
  group: 'policies.kyverno.io',
  version: 'v1',
  resource: 'generatingpolicies',
} as const;
export const SECRETS = { group: '', version: 'v1', resource: 'secrets' } as const;

const FILES = ['generating', 'namespacedgenerating', 'mutating', 'namespacedmutating'].map(
  (family) => `policies.kyverno.io_${family}policies`,
);

/** A test cluster for what happens after an answer; its operator is not started yet. */
export interface BackgroundCluster extends TestCluster {
  /** Undefined when there is none. */
  read(
    gvr: typeof CONFIG_MAPS | typeof SECRETS,
    namespace: string,
    name: string,
  ): Promise<KubernetesObject | undefined>;
}

/** Also knows the policies in CEL that make and change objects, and has the namespace `before`, one of a team. */
export async function startBackgroundCluster(): Promise<BackgroundCluster> {
  const cluster = await startTestCluster('AlwaysAllow', FILES);
  const { client } = cluster;
  await client.create(NAMESPACES, namespaceOf('before', { kind: 'team' }));
  return {
    ...cluster,
    read: (gvr, namespace, name) =>
      client.get(gvr, { namespace, name }).catch((error: unknown) => {
        if (isKubeError(error, 'NotFound')) return undefined;
        throw error;
      }),
  };
}

/** The same with the operator, which finds what `prepare` makes. */
export async function startBackgroundOperator(
  prepare: (client: TestCluster['client']) => Promise<unknown> = async () => {},
): Promise<BackgroundCluster> {
  const cluster = await startBackgroundCluster();
  await prepare(cluster.client);
  await cluster.start();
  return cluster;
}

/**
 * Asks as `until` does, and acts before the first question and before every twentieth after it: policies and sources
 * are not yet followed at first, so that one act could go unseen. `act` gets a number that no call before it got.
 */
export function actUntil<Value>(
  what: string,
  act: (count: number) => Promise<unknown>,
  ask: () => Promise<Value | undefined | false>,
): Promise<Value> {
  let count = 0;
  return until(what, async () => {
    count += 1;
    if (count % 20 === 1) await act(count);
    return ask();
  });
}

export function namespaceOf(name: string, labels: Record<string, string>): KubernetesObject {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } };
}

export function configMapOf(name: string, namespace = 'before'): KubernetesObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace } };
}

/** A ClusterPolicy of these rules. */
export function rules(name: string, list: readonly object[]): KubernetesObject {
  return { apiVersion: 'kyverno.io/v1', kind: 'ClusterPolicy', metadata: { name }, spec: { rules: list } };
}

/** A rule that makes the ConfigMap `settings` in each namespace of a team. */
export function generateRule(name: string, settings: object): object {
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
