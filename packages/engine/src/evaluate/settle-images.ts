import type { ImageClaims, PolicyRef, RuleResult } from '../model/decision.ts';

/** What is settled: decisions, or what a shell keeps of them. */
export interface SettledPart {
  readonly policy: { readonly namespace?: string };
  readonly results: readonly RuleResult[];
}

/**
 * The last step of ImageValidatingPolicies (kyverno-cel §4.6): a result that passed stays a pass when every image that its
 * policy requires was verified by some policy of the request, as one and the same digest. A namespaced policy vouches for
 * nobody but policies of its namespace: whoever may write one there must not open the gate of the cluster. The very same list
 * when there is nothing to settle.
 */
export function settleImages<Part extends SettledPart>(parts: readonly Part[]): readonly Part[] {
  const claiming = parts.some(({ results }) => results.some(({ claims }) => claims !== undefined));
  if (!claiming) return parts;
  return parts.map((part) => {
    if (!part.results.some(({ status, claims }) => status === 'pass' && claims && claims.required.length > 0))
      return part;
    const known = gather(parts.filter(({ policy }) => mayVouchFor(policy, part.policy)));
    return { ...part, results: part.results.map((result) => settle(result, known)) };
  });
}

function mayVouchFor(witness: Pick<PolicyRef, 'namespace'>, { namespace }: Pick<PolicyRef, 'namespace'>): boolean {
  return witness.namespace === undefined || witness.namespace === namespace;
}

interface KnownImages {
  readonly digests: ReadonlyMap<string, ReadonlySet<string>>;
  readonly refused: ReadonlySet<string>;
  readonly excused: ReadonlySet<string>;
}

function gather(parts: readonly SettledPart[]): KnownImages {
  const digests = new Map<string, Set<string>>();
  const refused = new Set<string>();
  const excused = new Set<string>();
  for (const claims of parts
    .flatMap(({ results }) => results)
    .flatMap((result): readonly ImageClaims[] => (result.claims ? [result.claims] : []))) {
    for (const [image, digest] of Object.entries(claims.verified)) {
      digests.set(image, (digests.get(image) ?? new Set()).add(digest));
    }
    for (const image of claims.refused) refused.add(image);
    for (const image of claims.excused ?? []) excused.add(image);
  }
  return { digests, refused, excused };
}

function settle(result: RuleResult, { digests, refused, excused }: KnownImages): RuleResult {
  if (result.status !== 'pass' || !result.claims) return result;
  let doubtful: string | undefined;
  for (const image of result.claims.required) {
    const verified = digests.get(image)?.size ?? 0;
    if (verified === 1) continue;
    if (verified === 0 && excused.has(image)) {
      doubtful ??= image;
      continue;
    }
    return { ...result, status: 'fail', message: problemOf(image, verified, refused.has(image)), reason: 'unverified' };
  }
  if (doubtful === undefined) return result;
  const message = `image ${doubtful} was not verified again, as this update changes no image`;
  return { ...result, status: 'skip', message, reason: 'registry-unreachable' };
}

function problemOf(image: string, verified: number, isRefused: boolean): string {
  if (verified > 1) return `image ${image} failed signature or attestation verification: its tag moved meanwhile`;
  if (isRefused) return `image ${image} failed signature or attestation verification`;
  return `image ${image} is not verified: no policy performed a signature or attestation check on it`;
}
