import type { KubeClient, KubernetesObject } from '@vouchsafe/kube';

/** Who reads for reports in the clusters that scenarios are written for: statuses tell what it may not read. */
export const REPORTS_ACCOUNT = { namespace: 'kyverno', name: 'kyverno-reports-controller' } as const;

const GROUP = 'rbac.authorization.k8s.io';
const ROLE = 'kyverno:reports-controller';
const AGGREGATED = { 'rbac.kyverno.io/aggregate-to-reports-controller': 'true' };

/** The rights that Kyverno's chart gives it: what everybody may view, and what scenarios add by labelled roles. */
export async function grantReports(client: KubeClient): Promise<void> {
  const roles = { group: GROUP, version: 'v1', resource: 'clusterroles' };
  const bindings = { group: GROUP, version: 'v1', resource: 'clusterrolebindings' };
  await client.create(roles, {
    ...named('ClusterRole', ROLE),
    aggregationRule: { clusterRoleSelectors: [{ matchLabels: AGGREGATED }] },
    rules: [],
  });
  for (const [name, role] of [
    [ROLE, ROLE],
    [`${ROLE}:view`, 'view'],
  ] as const) {
    await client.create(bindings, {
      ...named('ClusterRoleBinding', name),
      roleRef: { apiGroup: GROUP, kind: 'ClusterRole', name: role },
      subjects: [{ kind: 'ServiceAccount', ...REPORTS_ACCOUNT }],
    });
  }
}

function named(kind: string, name: string): KubernetesObject {
  return { apiVersion: `${GROUP}/v1`, kind, metadata: { name } };
}
