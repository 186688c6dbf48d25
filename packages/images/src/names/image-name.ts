/** One image as a registry knows it. `tag` is present unless the reference had a digest alone. */
export interface ImageName {
  /** Host, with the port when one is named: `ghcr.io`, `127.0.0.1:5000`. Lower case. */
  readonly registry: string;
  /** Path without the host. */
  readonly repository: string;
  readonly tag?: string;
  /** `sha256:` and 64 hexadecimal digits. */
  readonly digest?: string;
}

export type ImageNameResult =
  | { readonly ok: true; readonly name: ImageName }
  | { readonly ok: false; readonly message: string };

/** Longest repository path the distribution specification allows together with its host. */
const maximumLength = 255;

/** Grammars of the OCI distribution specification and of docker references; all are linear. */
const hostPattern =
  /^(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*|\[[0-9a-f:.]+\])(?::\d{1,5})?$/;
const segmentPattern = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*$/;
const tagPattern = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;
const digestPattern = /^sha256:[0-9a-f]{64}$/;

/**
 * Takes a normalised reference apart: `registry/path:tag`, `registry/path@sha256:…` or both. What is accepted can be put
 * into a registry URL as it stands. Without tag and digest the tag is `latest`, without a host it is `docker.io`.
 */
export function parseImageName(reference: string): ImageNameResult {
  const refuse = (why: string): ImageNameResult => ({
    ok: false,
    message: `invalid image reference \`${reference.slice(0, 300)}\`: ${why}`,
  });
  const [named = '', digest, ...more] = reference.split('@');
  if (more.length > 0) return refuse('more than one digest');
  if (digest !== undefined && !digestPattern.test(digest))
    return refuse('the digest is not `sha256:` and 64 hex digits');
  const slash = named.indexOf('/');
  const hasHost = slash > 0 && looksLikeHost(named.slice(0, slash));
  const registry = hasHost ? named.slice(0, slash).toLowerCase() : 'docker.io';
  if (registry.length > maximumLength || !hostPattern.test(registry)) return refuse('malformed registry host');
  const rest = hasHost ? named.slice(slash + 1) : named;
  const colon = rest.indexOf(':');
  const repository = colon < 0 ? rest : rest.slice(0, colon);
  const tag = colon < 0 ? undefined : rest.slice(colon + 1);
  if (!isRepository(repository)) return refuse('malformed repository');
  if (tag !== undefined && !tagPattern.test(tag)) return refuse('malformed tag');
  return { ok: true, name: withIdentifier({ registry, repository }, tag, digest) };
}

function withIdentifier(
  base: { registry: string; repository: string },
  tag: string | undefined,
  digest: string | undefined,
): ImageName {
  if (digest !== undefined) return { ...base, ...(tag === undefined ? {} : { tag }), digest };
  return { ...base, tag: tag ?? 'latest' };
}

/** The rule of docker references: what is no host is the first part of a path at Docker Hub. */
function looksLikeHost(first: string): boolean {
  return first.includes('.') || first.includes(':') || first === 'localhost' || first !== first.toLowerCase();
}

/** A repository that may hold signatures: `registry/path`, without tag or digest. */
export function parseRepository(text: string): ImageNameResult {
  if (text.includes('@') || text.indexOf(':', text.indexOf('/')) > 0) {
    return { ok: false, message: `invalid repository \`${text.slice(0, 300)}\`: it must have no tag and no digest` };
  }
  return parseImageName(text);
}

export function isDigest(text: unknown): text is string {
  return typeof text === 'string' && digestPattern.test(text);
}

function isRepository(text: string): boolean {
  return text.length <= maximumLength && text.split('/').every((segment) => segmentPattern.test(segment));
}
