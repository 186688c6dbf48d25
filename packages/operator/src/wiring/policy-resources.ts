import type { GroupVersionResource } from '@vouchsafe/kube';

const LEGACY = ['clusterpolicies', 'policies'];
const FAMILIES = ['validating', 'mutating', 'generating', 'imagevalidating'];

/** The kinds of policies that delete on a schedule. */
export const CLEANUP_RESOURCES: readonly GroupVersionResource[] = [
  ...['cleanuppolicies', 'clustercleanuppolicies'].map((resource) => ({
    group: 'kyverno.io',
    version: 'v2',
    resource,
  })),
  ...['deletingpolicies', 'namespaceddeletingpolicies'].map((resource) => ({
    group: 'policies.kyverno.io',
    version: 'v1',
    resource,
  })),
];

/** The kinds of policies that admission and scans evaluate, as the API server serves them. */
export const POLICY_RESOURCES: readonly GroupVersionResource[] = [
  ...LEGACY.map((resource) => ({ group: 'kyverno.io', version: 'v1', resource })),
  ...FAMILIES.flatMap((family) =>
    ['', 'namespaced'].map((scope) => ({
      group: 'policies.kyverno.io',
      version: 'v1beta1',
      resource: `${scope}${family}policies`,
    })),
  ),
];
