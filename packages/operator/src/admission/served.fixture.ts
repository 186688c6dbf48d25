import type { ApiResource } from '@vouchsafe/kube';

const PLAIN = { group: '', version: 'v1', shortNames: [], categories: [], verbs: [], subresources: [] } as const;

/** What an API server serves, for tests: ConfigMaps, Secrets, ServiceAccounts and Namespaces. */
export const SERVED: readonly ApiResource[] = [
  { ...PLAIN, resource: 'configmaps', kind: 'ConfigMap', singular: 'configmap' },
  { ...PLAIN, resource: 'secrets', kind: 'Secret', singular: 'secret' },
  { ...PLAIN, resource: 'serviceaccounts', kind: 'ServiceAccount', singular: 'serviceaccount' },
  { ...PLAIN, resource: 'namespaces', kind: 'Namespace', singular: 'namespace' },
].map((one) => ({ ...one, isNamespaced: one.kind !== 'Namespace', isPreferredVersion: true }));
