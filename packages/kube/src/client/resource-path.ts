import type { GroupVersionResource } from '../model/group-version.ts';
import { KubeError } from './kube-error.ts';

/** Which object, or with no name which collection. */
export interface ResourceTarget {
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
  readonly subresource?: string | undefined;
}

export type QueryValue = string | number | boolean | undefined;

/** `/api/v1/...` or `/apis/<group>/<version>/...`, each segment escaped. Throws `InvalidRequest` for impossible names. */
export function resourcePath(
  { group, version, resource }: GroupVersionResource,
  { namespace, name, subresource }: ResourceTarget,
  query: Readonly<Record<string, QueryValue>> = {},
): string {
  const segments = [
    ...(group === '' ? ['api'] : ['apis', group]),
    version,
    ...(namespace === undefined || namespace === '' ? [] : ['namespaces', namespace]),
    resource,
    ...(name === undefined ? [] : [name]),
    // A subresource may be nested, as in `proxy/path`.
    ...(subresource === undefined ? [] : subresource.split('/')),
  ];
  return `/${segments.map(escapeSegment).join('/')}${formatQuery(query)}`;
}

/** `?a=b&...`, or nothing. Undefined values are left out. */
export function formatQuery(query: Readonly<Record<string, QueryValue>>): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) parameters.set(name, String(value));
  }
  return parameters.size === 0 ? '' : `?${parameters.toString()}`;
}

function escapeSegment(segment: string): string {
  if (segment === '' || segment === '.' || segment === '..') {
    throw new KubeError(0, 'InvalidRequest', `\`${segment}\` cannot be part of a resource path`);
  }
  return encodeURIComponent(segment);
}
