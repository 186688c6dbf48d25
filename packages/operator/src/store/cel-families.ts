import type { Phase, PolicyRef } from '@vouchsafe/engine';

/** Policies in CEL that share webhooks, under Kyverno's names and paths. */
export interface CelFamily {
  /** Of the webhooks, before `-fail` and `-ignore`. */
  readonly webhook: string;
  /** Without the names of policies: `/vpol`. */
  readonly path: string;
  readonly side: 'mutating' | 'validating';
  readonly kinds: readonly string[];
  /** Only policies that take part in this phase; all when absent. */
  readonly phase?: Phase;
}

/** Kyverno gives the image policies of both scopes one name of webhook, which the API server refuses to hold twice. */
export const CEL_FAMILIES: readonly CelFamily[] = [
  family('vpol.validate', '/vpol', 'validating', 'ValidatingPolicy'),
  family('nvpol.validate', '/nvpol', 'validating', 'NamespacedValidatingPolicy'),
  family('gpol.validate', '/gpol', 'validating', 'GeneratingPolicy'),
  family('ngpol.validate', '/ngpol', 'validating', 'NamespacedGeneratingPolicy'),
  family('ivpol.validate', '/ivpol/validate', 'validating', 'ImageValidatingPolicy'),
  family('nivpol.validate', '/nivpol/validate', 'validating', 'NamespacedImageValidatingPolicy'),
  family('mpol.validate', '/mpol', 'mutating', 'MutatingPolicy'),
  family('nmpol.validate', '/nmpol', 'mutating', 'NamespacedMutatingPolicy'),
  { ...family('ivpol.mutate', '/ivpol/mutate', 'mutating', 'ImageValidatingPolicy'), phase: 'verify-images' },
  {
    ...family('nivpol.mutate', '/nivpol/mutate', 'mutating', 'NamespacedImageValidatingPolicy'),
    phase: 'verify-images',
  },
];

function family(name: string, path: string, side: CelFamily['side'], kind: string): CelFamily {
  return { webhook: `${name}.kyverno.svc`, path, side, kinds: [kind] };
}

/** Whether a policy has webhooks of a family rather than those of ClusterPolicies. */
export function isOfCelFamily({ kind }: PolicyRef): boolean {
  return CEL_FAMILIES.some(({ kinds }) => kinds.includes(kind));
}
