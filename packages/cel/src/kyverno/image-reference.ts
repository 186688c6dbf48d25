/** An image reference with Docker's defaults filled in. */
export interface ImageReference {
  /** `index.docker.io` for Docker Hub. */
  readonly registry: string;
  readonly repository: string;
  /** Empty when only a digest was given. */
  readonly tag: string;
  /** `sha256:…`, or empty. */
  readonly digest: string;
}

const REPOSITORY = /^[a-z0-9_\-./]{2,255}$/;
const TAG = /^[A-Za-z0-9_\-.]{1,128}$/;
const DIGEST = /^sha256:[a-f0-9]{64}$/;
const REGISTRY = /^(?:[A-Za-z0-9\-._~]+|\[[0-9a-fA-F:]+\])(?::\d+)?$/;
const LENGTH_LIMIT = 1024;

/**
 * Parses as go-containerregistry's lenient rules: default registry, `library/` for single names of Docker Hub, tag
 * `latest`. A text says what is wrong.
 */
export function parseImageReference(text: string): ImageReference | string {
  const problem = `could not parse reference: ${text}`;
  if (text === '' || text.length > LENGTH_LIMIT) return problem;
  const at = text.indexOf('@');
  const digest = at < 0 ? '' : text.slice(at + 1);
  if (at >= 0 && !DIGEST.test(digest)) return problem;
  const { name, tag } = splitTag(at < 0 ? text : text.slice(0, at));
  if (tag !== undefined && !TAG.test(tag)) return problem;
  const slash = name.indexOf('/');
  const host = slash < 0 ? '' : name.slice(0, slash);
  const isRegistry = host.includes('.') || host.includes(':') || host === 'localhost';
  const registry = isRegistry ? host : 'index.docker.io';
  const path = isRegistry ? name.slice(slash + 1) : name;
  if (!REPOSITORY.test(path) || !REGISTRY.test(registry)) return problem;
  const hub = registry === 'index.docker.io' || registry === 'docker.io';
  return {
    registry: hub ? 'index.docker.io' : registry,
    repository: hub && !path.includes('/') ? `library/${path}` : path,
    tag: at < 0 ? (tag ?? 'latest') : '',
    digest,
  };
}

/** A colon after the last slash starts the tag; before, it belongs to a port. */
function splitTag(text: string): { readonly name: string; readonly tag: string | undefined } {
  const colon = text.lastIndexOf(':');
  if (colon < 0 || text.indexOf('/', colon) >= 0) return { name: text, tag: undefined };
  return { name: text.slice(0, colon), tag: text.slice(colon + 1) };
}

export function identifierOf({ digest, tag }: ImageReference): string {
  return digest === '' ? tag : digest;
}
