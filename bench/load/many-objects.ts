import type { Cluster } from '@vouchsafe/cli';
import type { GroupVersionResource, KubernetesObject } from '@vouchsafe/kube';

export const MANY_ROLE_BINDINGS = 20_000;
export const MANY_POLICIES = 3_500;
export const NAMESPACES: GroupVersionResource = { group: '', version: 'v1', resource: 'namespaces' };
export const POLICIES: GroupVersionResource = { group: 'kyverno.io', version: 'v1', resource: 'policies' };
export const ROLE_BINDINGS: GroupVersionResource = {
  group: 'rbac.authorization.k8s.io',
  version: 'v1',
  resource: 'rolebindings',
};
const WRITERS = 50;

/** Creates them, some at a time. */
export async function createAll(
  cluster: Cluster,
  gvr: GroupVersionResource,
  objects: readonly KubernetesObject[],
): Promise<void> {
  const left = objects.values();
  await Promise.all(
    Array.from({ length: WRITERS }, async () => {
      for (const object of left) await cluster.client.create(gvr, object);
    }),
  );
}

/** Some of them bind the very user that reviews are of. */
export function manyRoleBindings(): readonly KubernetesObject[] {
  return Array.from({ length: MANY_ROLE_BINDINGS }, (_, index) => ({
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'RoleBinding',
    metadata: { name: `binding-${index}`, namespace: 'default' },
    roleRef: {
      apiGroup: 'rbac.authorization.k8s.io',
      kind: index % 2 === 0 ? 'ClusterRole' : 'Role',
      name: `role-${index % 500}`,
    },
    subjects: [
      { kind: 'ServiceAccount', name: `account-${index}`, namespace: 'default' },
      {
        apiGroup: 'rbac.authorization.k8s.io',
        kind: 'Group',
        name: index % 1_000 === 0 ? 'system:serviceaccounts' : `team-${index}`,
      },
    ],
  }));
}

/** `tool-0` and so on, each to have a policy of its own. */
export function manyNamespaces(): readonly KubernetesObject[] {
  return Array.from({ length: MANY_POLICIES }, (_, index) => ({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: `tool-${index}` },
  }));
}

/** One rule that fills in, one that checks. */
export function policyIn(namespace: string, name: string): KubernetesObject {
  const match = { any: [{ resources: { kinds: ['Pod'] } }] };
  return {
    apiVersion: 'kyverno.io/v1',
    kind: 'Policy',
    metadata: { name, namespace },
    spec: {
      background: false,
      rules: [
        {
          name: 'defaults',
          match,
          mutate: { patchStrategicMerge: { spec: { '+(automountServiceAccountToken)': false } } },
        },
        {
          name: 'restrictions',
          match,
          validate: {
            failureAction: 'Enforce',
            message: 'not here',
            pattern: {
              spec: {
                '=(hostNetwork)': false,
                '=(hostPID)': false,
                securityContext: { runAsNonRoot: true, '=(fsGroup)': '>0' },
                containers: [{ '=(securityContext)': { '=(privileged)': false, '=(runAsUser)': '>0' } }],
              },
            },
          },
        },
      ],
    },
  };
}
