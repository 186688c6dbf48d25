import { type ImageName, parseRepository } from './image-name.ts';

/** Where the evidence about a digest is kept. */
export interface EvidenceLocation {
  readonly registry: string;
  readonly repository: string;
}

/** Cosign's tag scheme: `sha256-<hex>.sig` for signatures, `.att` for attestations, none for referrers. */
export type EvidenceSuffix = '.sig' | '.att' | '';

export function evidenceTag(digest: string, suffix: EvidenceSuffix): string {
  return `${digest.replace(':', '-')}${suffix}`;
}

/**
 * The image's own repository, or the one a policy names instead (`repository`, cosign's COSIGN_REPOSITORY: the same
 * tags, in that repository; without a host it is at Docker Hub). A string is the reason it is not usable.
 */
export function locateEvidence(image: ImageName, repository: string | undefined): EvidenceLocation | string {
  if (repository === undefined || repository === '') return { registry: image.registry, repository: image.repository };
  const named = parseRepository(repository);
  return named.ok ? { registry: named.name.registry, repository: named.name.repository } : named.message;
}
