import { type ImageName, parseRepository } from './image-name.ts';

/** Where the evidence about a digest is kept. */
export interface EvidenceLocation {
  readonly registry: string;
  readonly repository: string;
  /** What stands before the names of cosign's tags; nothing when absent. */
  readonly tagPrefix?: string;
}

/** Cosign's tag scheme: `sha256-<hex>.sig` for signatures, `.att` for attestations, none for referrers. */
export type EvidenceSuffix = '.sig' | '.att' | '';

export function evidenceTag(digest: string, suffix: EvidenceSuffix, prefix = ''): string {
  return `${prefix}${digest.replace(':', '-')}${suffix}`;
}

/**
 * The image's own repository, or the one a policy names instead (`repository`, cosign's COSIGN_REPOSITORY: the same
 * tags, in that repository; without a host it is at Docker Hub). A string is the reason it is not usable.
 */
export function locateEvidence(
  image: ImageName,
  repository: string | undefined,
  tagPrefix = '',
): EvidenceLocation | string {
  if (!/^([A-Za-z0-9_][A-Za-z0-9_.-]{0,49})?$/.test(tagPrefix)) return 'the prefix of tags cannot stand in a tag';
  const prefix = tagPrefix === '' ? {} : { tagPrefix };
  if (repository === undefined || repository === '') {
    return { registry: image.registry, repository: image.repository, ...prefix };
  }
  const named = parseRepository(repository);
  if (!named.ok) return named.message;
  return { registry: named.name.registry, repository: named.name.repository, ...prefix };
}
