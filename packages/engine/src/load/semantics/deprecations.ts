/** What replaces a kind of kyverno.io, as its deprecation warning names it (kyverno-core §4.4.12). */
export const DEPRECATED_KINDS: Readonly<Record<string, string>> = {
  ClusterPolicy: 'ValidatingPolicy, MutatingPolicy, GeneratingPolicy or ImageValidatingPolicy',
  Policy:
    'NamespacedValidatingPolicy, NamespacedMutatingPolicy, NamespacedGeneratingPolicy or NamespacedImageValidatingPolicy',
  ClusterCleanupPolicy: 'DeletingPolicy',
  CleanupPolicy: 'NamespacedDeletingPolicy',
  PolicyException: 'PolicyException',
};

/** Kyverno's warning text for a kind, `undefined` for one that is not deprecated. */
export function deprecationWarning(kind: string): string | undefined {
  const replacement = Object.hasOwn(DEPRECATED_KINDS, kind) ? DEPRECATED_KINDS[kind] : undefined;
  if (!replacement) return undefined;
  return `${kind} (kyverno.io) is deprecated and will be removed in a future release; migrate to ${replacement} (policies.kyverno.io), see https://kyverno.io/docs/guides/migration-to-cel/`;
}
