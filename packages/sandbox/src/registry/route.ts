import type { RegistryRequestKind } from './registry-fault.ts';

/** A request path of the OCI distribution API, taken apart. */
export interface RegistryRoute {
  kind: RegistryRequestKind;
  repository?: string;
  /** A tag or digest; for uploads the session's id. */
  reference?: string;
}

const REPOSITORY = '([a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*)';
const TAG_OR_DIGEST = '([A-Za-z0-9_][A-Za-z0-9._-]{0,127}|sha256:[0-9a-f]{64})';
const MAX_PATH = 1024;

// Fixed patterns of the OCI distribution specification over paths of bounded length.
const ROUTES: readonly { kind: RegistryRequestKind; pattern: RegExp }[] = [
  { kind: 'ping', pattern: /^\/v2\/?$/ },
  { kind: 'token', pattern: /^\/token$/ },
  { kind: 'upload', pattern: new RegExp(`^/v2/${REPOSITORY}/blobs/uploads/([A-Za-z0-9-]{0,64})$`) },
  { kind: 'upload', pattern: new RegExp(`^/v2/${REPOSITORY}/blobs/uploads()$`) },
  { kind: 'blob', pattern: new RegExp(`^/v2/${REPOSITORY}/blobs/(sha256:[0-9a-f]{64})$`) },
  { kind: 'manifest', pattern: new RegExp(`^/v2/${REPOSITORY}/manifests/${TAG_OR_DIGEST}$`) },
  { kind: 'tags', pattern: new RegExp(`^/v2/${REPOSITORY}/tags/list$`) },
  { kind: 'referrers', pattern: new RegExp(`^/v2/${REPOSITORY}/referrers/(sha256:[0-9a-f]{64})$`) },
];

export function parseRoute(path: string): RegistryRoute {
  if (path.length > MAX_PATH) return { kind: 'unknown' };
  for (const { kind, pattern } of ROUTES) {
    const match = pattern.exec(path);
    if (match === null) continue;
    const [, repository, reference] = match;
    return {
      kind,
      ...(repository === undefined ? {} : { repository }),
      ...(reference === undefined || reference === '' ? {} : { reference }),
    };
  }
  return { kind: 'unknown' };
}
