import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Cluster, type ClusterOptions, MIRRORED_HOSTS, startCluster } from '@vouchsafe/cli';
import { ignoreNotFound, type KubernetesObject } from '@vouchsafe/kube';
import { kubernetesObjectOf } from '../../packages/operator/src/settings/json-of.ts';
import { CLEANUP_ACCOUNT, createOperatorIdentity, REPORTS_ACCOUNT } from './operator-identity.ts';
import { readDocuments } from './read-test.ts';

/** Scenarios on one cluster: what one leaves by mistake does not meet all others. */
const CLUSTER_USES = 40;
const OPERATOR_FLAGS = [
  '--reportsDelay=100ms',
  '--ttlReconciliationInterval=1s',
  // A deliberate difference, for which there is a flag.
  '--auditOnlyFailurePolicy=Policy',
  `--reportsServiceAccountName=${usernameOf(REPORTS_ACCOUNT)}`,
  `--cleanupServiceAccountName=${usernameOf(CLEANUP_ACCOUNT)}`,
];
/** What all option sets but the chart's own have in common. */
const EXCEPTION_FLAGS = ['--enablePolicyException', '--exceptionNamespace=*'];
const PLAIN_CONFIG = 'default';
/** What an option set of the corpus comes to in flags of the operator. */
const FLAGS_OF_CONFIG: Readonly<Record<string, readonly string[]>> = {
  'force-failure-policy-ignore': ['--forceFailurePolicyIgnore'],
  'mutating-admission-policy-reports': ['--mutatingAdmissionPolicyReports=true'],
  openreports: ['--openreportsEnabled=true'],
};
/** As the clusters that the scenarios are written for: MutatingAdmissionPolicies were young in some. */
const ENABLED_APIS = ['v1alpha1', 'v1beta1'].map((version) => `admissionregistration.k8s.io/${version}`);
const DEFINITIONS = { group: 'apiextensions.k8s.io', version: 'v1', resource: 'customresourcedefinitions' } as const;

export interface Needs {
  /** Names of option sets, by commas. */
  readonly kyvernoConfig?: string | null;
  readonly thirdParty: boolean;
}

/** Clusters for scenarios, one at a time: a new one when the old one is worn or is configured in another way. */
export interface ClusterPool {
  take(needs: Needs): Promise<Cluster>;
  stop(): Promise<void>;
}

/** What is outside of the clusters. */
export interface Outside {
  readonly services?: ClusterOptions['services'];
  readonly mirroredHosts: readonly string[];
  readonly operatorFlags: readonly string[];
  /** More flags for an option set. */
  readonly flagsOfConfig: Readonly<Record<string, readonly string[]>>;
}

/** A registry of each cluster's own, with nothing in it. */
const NOTHING_OUTSIDE: Outside = { mirroredHosts: MIRRORED_HOSTS, operatorFlags: [], flagsOfConfig: {} };

/** `support`: the corpus' folder of definitions that scenarios need. */
export function createClusterPool(support: string, outside: Outside = NOTHING_OUTSIDE): ClusterPool {
  const flagsOfConfig = { ...FLAGS_OF_CONFIG, ...outside.flagsOfConfig };
  let current: { cluster: Cluster; key: string; uses: number; thirdParty: boolean } | undefined;

  async function stop(): Promise<void> {
    await current?.cluster.stop();
    current = undefined;
  }

  return {
    stop,
    async take({ kyvernoConfig, thirdParty }) {
      const own = (kyvernoConfig ?? '').split(',').flatMap((name) => flagsOfConfig[name.trim()] ?? []);
      const flags = kyvernoConfig === PLAIN_CONFIG ? own : [...EXCEPTION_FLAGS, ...own];
      const key = flags.join(' ');
      if (!current || current.key !== key || current.uses >= CLUSTER_USES) {
        await stop();
        current = { cluster: await start(flags, support, outside), key, uses: 0, thirdParty: false };
      }
      current.uses += 1;
      await removePolicies(current.cluster);
      if (thirdParty && !current.thirdParty) {
        await define(current.cluster, join(support, 'crds/third-party'));
        current.thirdParty = true;
      }
      return current.cluster;
    },
  };
}

async function start(flags: readonly string[], support: string, outside: Outside): Promise<Cluster> {
  const folder = mkdtempSync(join(tmpdir(), 'vouchsafe-chainsaw-'));
  const fresh = await startCluster({
    folder,
    mirroredHosts: outside.mirroredHosts,
    ...(outside.services ? { services: outside.services } : {}),
    operatorFlags: [...OPERATOR_FLAGS, ...outside.operatorFlags, ...flags],
    authorization: 'RBAC',
    operatorKubeconfig: createOperatorIdentity,
    enabledApis: ENABLED_APIS,
  });
  await define(fresh, join(support, 'crds/kyverno'));
  await configure(fresh);
  return { ...fresh, stop: () => fresh.stop().then(() => rmSync(folder, { recursive: true, force: true })) };
}

/** What a script of an earlier scenario made would judge the next one's objects. */
async function removePolicies({ client }: Cluster): Promise<void> {
  for (const resource of await client.discovery.resources()) {
    const isPolicy = ['kyverno.io', 'policies.kyverno.io'].includes(resource.group) && resource.isPreferredVersion;
    if (!isPolicy || !resource.verbs.includes('delete') || resource.resource === 'updaterequests') continue;
    for (const { metadata } of (await client.list(resource, { metadataOnly: true })).items) {
      const { name = '', namespace } = metadata;
      await ignoreNotFound(client.delete(resource, { name, ...(namespace ? { namespace } : {}) }));
    }
  }
}

/** Installs what the cluster does not have yet of the definitions in a folder. */
async function define({ client }: Cluster, folder: string): Promise<void> {
  if (!existsSync(folder)) return;
  for (const file of readdirSync(folder).toSorted()) {
    for (const document of readDocuments(join(folder, file))) {
      for (const object of itemsOf(kubernetesObjectOf(document))) {
        const found = await ignoreNotFound(client.get(DEFINITIONS, { name: object.metadata.name ?? '' }));
        if (!found) await client.create(DEFINITIONS, object);
      }
    }
  }
  client.discovery.invalidate();
}

function usernameOf({ namespace, name }: { readonly namespace: string; readonly name: string }): string {
  return `system:serviceaccount:${namespace}:${name}`;
}

function itemsOf(object: KubernetesObject): readonly KubernetesObject[] {
  const { items } = object as { items?: readonly KubernetesObject[] };
  return (items ?? [object]).filter(({ kind }) => kind === 'CustomResourceDefinition');
}

/** As Kyverno's chart configures it: the scenarios look at the selectors of webhooks. */
async function configure({ client }: Cluster): Promise<void> {
  const exclude = (namespace: string) => ({
    key: 'kubernetes.io/metadata.name',
    operator: 'NotIn',
    values: [namespace],
  });
  const webhooks = { namespaceSelector: { matchExpressions: [exclude('kube-system'), exclude('kyverno')] } };
  const data = { webhooks: JSON.stringify(webhooks) };
  const target = { namespace: 'kyverno', name: 'kyverno' };
  await client.patch({ group: '', version: 'v1', resource: 'configmaps' }, target, 'merge', { data });
}
