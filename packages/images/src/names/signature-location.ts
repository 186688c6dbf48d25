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

/** Where the signatures of images below a place are: of caches that fetch images alone. Longest place first. */
export type SignatureOrigins = readonly { readonly place: EvidenceLocation; readonly origin: EvidenceLocation }[];

/**
 * `harbor.test/proxy` and `ghcr.io`: the signatures of `harbor.test/proxy/acme/app` are those of `ghcr.io/acme/app`. A registry
 * alone stands for all of it. A string is the reason why one is not usable.
 */
export function toSignatureOrigins(
  pairs: readonly (readonly [place: string, origin: string])[],
): SignatureOrigins | string {
  const origins = [];
  for (const [place, origin] of pairs) {
    const [from, to] = [parsePlace(place), parsePlace(origin)];
    if (from === undefined) return `\`${place}\` is no registry, and no path at one`;
    if (to === undefined) return `\`${origin}\` is no registry, and no path at one`;
    origins.push({ place: from, origin: to });
  }
  return origins.sort((left, right) => right.place.repository.length - left.place.repository.length);
}

/** A registry, whose repository is then empty, or a path at it. */
function parsePlace(text: string): EvidenceLocation | undefined {
  const [host = ''] = text.split('/');
  if (!/[.:]|^localhost$/.test(host)) return undefined;
  const isRegistry = host === text;
  const named = parseRepository(isRegistry ? `${text}/all` : text);
  return named.ok ? { registry: named.name.registry, repository: isRegistry ? '' : named.name.repository } : undefined;
}

function originOf({ registry, repository }: ImageName, origins: SignatureOrigins): EvidenceLocation | undefined {
  for (const { place, origin } of origins) {
    const below = place.repository === '' ? repository : repository.slice(place.repository.length + 1);
    const isBelow = place.repository === '' || repository === `${place.repository}/${below}`;
    if (place.registry !== registry || !isBelow || below === '') continue;
    return {
      registry: origin.registry,
      repository: [origin.repository, below].filter((part) => part !== '').join('/'),
    };
  }
  return undefined;
}

/**
 * The image's own repository, the one it comes from, or the one a policy names instead (`repository`, cosign's COSIGN_REPOSITORY: the same
 * tags, in that repository; without a host it is at Docker Hub). A string is the reason it is not usable.
 */
export function locateEvidence(
  image: ImageName,
  repository: string | undefined,
  tagPrefix = '',
  origins: SignatureOrigins = [],
): EvidenceLocation | string {
  if (!/^([A-Za-z0-9_][A-Za-z0-9_.-]{0,49})?$/.test(tagPrefix)) return 'the prefix of tags cannot stand in a tag';
  const prefix = tagPrefix === '' ? {} : { tagPrefix };
  if (repository === undefined || repository === '') {
    const { registry, repository: own } = originOf(image, origins) ?? image;
    return { registry, repository: own, ...prefix };
  }
  const named = parseRepository(repository);
  if (!named.ok) return named.message;
  return { registry: named.name.registry, repository: named.name.repository, ...prefix };
}
