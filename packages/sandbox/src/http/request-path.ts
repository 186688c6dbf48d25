/** A path below `/api` or `/apis`, taken apart; or any other path. */
export type RequestPath =
  | {
      readonly kind: 'resource';
      readonly group: string;
      readonly version: string;
      readonly namespace: string;
      readonly plural: string;
      readonly name: string;
      readonly subresource: string;
      /** What follows the subresource (proxy paths). */
      readonly rest: string;
    }
  | { readonly kind: 'groupVersion'; readonly group: string; readonly version: string }
  | { readonly kind: 'group'; readonly group: string }
  | { readonly kind: 'other'; readonly path: string };

const NAMESPACE_SUBRESOURCES = new Set(['status', 'finalize']);

/** Takes a URL path apart; the rules of the server's RequestInfo. */
export function parseRequestPath(path: string): RequestPath {
  const parts = path.split('/').filter((part) => part !== '');
  const [root] = parts;
  if (root === 'api' && parts.length >= 2) {
    return resourcePath('', parts[1] ?? '', parts.slice(2));
  }
  if (root === 'apis' && parts.length === 2) {
    return { kind: 'group', group: decode(parts[1]) };
  }
  if (root === 'apis' && parts.length >= 3) {
    return resourcePath(decode(parts[1]), parts[2] ?? '', parts.slice(3));
  }
  return { kind: 'other', path };
}

function resourcePath(group: string, version: string, rest: readonly string[]): RequestPath {
  if (rest.length === 0) {
    return { kind: 'groupVersion', group, version };
  }
  const parts = rest.map(decode);
  const [first, second, third] = parts;
  const inNamespace =
    first === 'namespaces' && parts.length >= 3 && !(parts.length === 3 && NAMESPACE_SUBRESOURCES.has(third ?? ''));
  const local = inNamespace ? parts.slice(2) : parts;
  const [plural = '', name = '', subresource = '', ...tail] = local;
  const namespace = inNamespace ? (second ?? '') : '';
  return { kind: 'resource', group, version, namespace, plural, name, subresource, rest: tail.join('/') };
}

function decode(part: string | undefined): string {
  try {
    return decodeURIComponent(part ?? '');
  } catch {
    return part ?? '';
  }
}
