import { join } from 'node:path';
import type { Cluster } from '@vouchsafe/cli';
import type { GroupVersionResource, KubernetesObject } from '@vouchsafe/kube';

const RBAC = 'rbac.authorization.k8s.io';
const NAMESPACE = 'kyverno';
/** One process is all controllers here; by the name of the one that scenarios bind roles to for what it makes and changes. */
const ACCOUNT = 'kyverno-background-controller';
/** Who reads for reports in the clusters that scenarios are written for: statuses tell what it may not read. */
export const REPORTS_ACCOUNT = { namespace: NAMESPACE, name: 'kyverno-reports-controller' } as const;
/** Who cleans up there: some scenarios count on what it may not delete. */
export const CLEANUP_ACCOUNT = { namespace: NAMESPACE, name: 'kyverno-cleanup-controller' } as const;
/** The controllers of Kyverno; one process is all of them here, and may do what each may. Policies ask about each by name. */
const COMPONENTS = ['admission-controller', 'background-controller', 'reports-controller', 'cleanup-controller'];

type Rule = readonly [groups: string, resources: string, verbs: string];
const READ = 'get list watch';
const WRITE = 'create update patch delete';

/** What Kyverno's chart grants. */
const OWN: readonly Rule[] = [
  ['apiextensions.k8s.io', 'customresourcedefinitions', READ],
  ['admissionregistration.k8s.io', '*', `${READ} ${WRITE}`],
  [RBAC, 'roles clusterroles rolebindings clusterrolebindings', READ],
  ['kyverno.io policies.kyverno.io reports.kyverno.io wgpolicyk8s.io openreports.io', '*', '*'],
  ['- events.k8s.io', 'events', 'create update patch'],
  ['authorization.k8s.io', 'subjectaccessreviews', 'create'],
  ['authentication.k8s.io', 'tokenreviews', 'create'],
  ['coordination.k8s.io', 'leases', '*'],
  ['-', 'configmaps namespaces', READ],
  ['networking.k8s.io', 'ingresses ingressclasses networkpolicies', `${READ} ${WRITE}`],
  [RBAC, 'roles rolebindings', WRITE],
  ['-', 'configmaps resourcequotas limitranges', `${READ} ${WRITE}`],
];
/** What the option sets of the scenarios add to it, and watching: what Kyverno's webhooks tell it of copies, ours sees so. */
const ADDED: readonly Rule[] = [
  ['*', 'secrets', `${READ} ${WRITE}`],
  [
    '*',
    'configmaps networkpolicies resourcequotas secrets roles rolebindings clusterroles clusterrolebindings limitranges namespaces nodes nodes/status pods',
    `${READ} ${WRITE}`,
  ],
  ['-', 'pods', 'list delete watch'],
  ['-', 'serviceaccounts', 'impersonate'],
];
/** What the chart grants to clean up, and what the option sets add. */
const CLEANUP: readonly Rule[] = [['-', 'pods', 'list delete']];

/**
 * Makes the service account that the operator acts with, with the roles that Kyverno's chart gives it and those that scenarios
 * add by its labels; the kubeconfig of it.
 */
export async function createOperatorIdentity({ client, api, folder }: Pick<Cluster, 'client' | 'api' | 'folder'>) {
  if (!api) throw new Error('there is no sandbox');
  const create = (resource: GroupVersionResource, object: object) =>
    client.create(resource, object as KubernetesObject); // written whole below
  const role = (name: string, rest: object) =>
    create(resourceOf('clusterroles'), {
      apiVersion: `${RBAC}/v1`,
      kind: 'ClusterRole',
      metadata: { name: `kyverno:${name}` },
      ...rest,
    });
  const bind = (name: string, accounts: readonly string[] = [ACCOUNT]) =>
    create(resourceOf('clusterrolebindings'), {
      apiVersion: `${RBAC}/v1`,
      kind: 'ClusterRoleBinding',
      metadata: { name: `bound:${name}` },
      roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name },
      subjects: accounts.map((account) => ({ kind: 'ServiceAccount', name: account, namespace: NAMESPACE })),
    });
  const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: ACCOUNT, namespace: NAMESPACE } };
  await create({ group: '', version: 'v1', resource: 'serviceaccounts' }, account);
  await role('core', { rules: [...OWN, ...ADDED].map(toRule) });
  for (const component of COMPONENTS) {
    const chart = { 'app.kubernetes.io/instance': 'kyverno', 'app.kubernetes.io/part-of': 'kyverno' };
    const clusterRoleSelectors = [
      { matchLabels: { ...chart, 'app.kubernetes.io/component': component } },
      { matchLabels: { [`rbac.kyverno.io/aggregate-to-${component}`]: 'true' } },
    ];
    await role(component, { aggregationRule: { clusterRoleSelectors }, rules: [] });
  }
  for (const component of COMPONENTS)
    await bind(`kyverno:${component}`, [...new Set([ACCOUNT, `kyverno-${component}`])]);
  await bind('kyverno:core');
  await role('cleanups', { rules: CLEANUP.map(toRule) });
  await bind('kyverno:cleanups', [CLEANUP_ACCOUNT.name]);
  await bind('view', [ACCOUNT, REPORTS_ACCOUNT.name]);
  await create(resourceOf('roles'), {
    apiVersion: `${RBAC}/v1`,
    kind: 'Role',
    metadata: { name: 'kyverno:own-namespace', namespace: NAMESPACE },
    rules: [{ apiGroups: [''], resources: ['secrets', 'configmaps'], verbs: ['*'] }],
  });
  await create(resourceOf('rolebindings'), {
    apiVersion: `${RBAC}/v1`,
    kind: 'RoleBinding',
    metadata: { name: 'kyverno:own-namespace', namespace: NAMESPACE },
    roleRef: { apiGroup: RBAC, kind: 'Role', name: 'kyverno:own-namespace' },
    subjects: [{ kind: 'ServiceAccount', name: ACCOUNT, namespace: NAMESPACE }],
  });
  return api.serviceAccountKubeconfig(join(folder, 'operator.kubeconfig'), NAMESPACE, ACCOUNT);
}

function resourceOf(resource: string): GroupVersionResource {
  return { group: RBAC, version: 'v1', resource };
}

/** `-` is the core group. */
function toRule([groups, resources, verbs]: Rule) {
  return {
    apiGroups: groups.split(' ').map((group) => (group === '-' ? '' : group)),
    resources: resources.split(' '),
    verbs: verbs.split(' '),
  };
}
