/**
 * The pull policy of an image that names none: `Always` for the tag `latest`, given or implied, else `IfNotPresent`.
 * A digest without a tag implies no tag, and a reference that is none has none either.
 */
export function defaultPullPolicy(image: string): 'Always' | 'IfNotPresent' {
  const reference = readReference(image);
  if (reference === undefined) return 'IfNotPresent';
  if (reference.tag === '') return reference.hasDigest ? 'IfNotPresent' : 'Always';
  return reference.tag === 'latest' ? 'Always' : 'IfNotPresent';
}

const MAX_LENGTH = 1024;
const PATH_PART = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*$/;
const TAG = /^[\w][\w.-]{0,127}$/;
const DIGEST = /^[A-Za-z][A-Za-z0-9+._-]*:[0-9a-fA-F]{32,}$/;
const DOMAIN = /^(?:[a-zA-Z0-9.-]+|\[[a-fA-F0-9:]+\])(?::[0-9]+)?$/;

/** Tag and digest of an image reference (`[domain/]path[:tag][@digest]`); `undefined` when it is none. */
function readReference(image: string): { tag: string; hasDigest: boolean } | undefined {
  if (image === '' || image.length > MAX_LENGTH) return undefined;
  const at = image.indexOf('@');
  if (at >= 0 && !DIGEST.test(image.slice(at + 1))) return undefined;
  const named = at >= 0 ? image.slice(0, at) : image;
  const colon = named.lastIndexOf(':');
  const hasTag = colon > named.lastIndexOf('/');
  const tag = hasTag ? named.slice(colon + 1) : '';
  if (hasTag && !TAG.test(tag)) return undefined;
  const parts = (hasTag ? named.slice(0, colon) : named).split('/');
  const [first = ''] = parts;
  const hasDomain = parts.length > 1 && (/[.:A-Z]/.test(first) || first === 'localhost');
  if (hasDomain && !DOMAIN.test(first)) return undefined;
  const path = hasDomain ? parts.slice(1) : parts;
  return path.every((part) => PATH_PART.test(part)) ? { tag, hasDigest: at >= 0 } : undefined;
}
