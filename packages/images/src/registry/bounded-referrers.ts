import type { RegistryLimits } from './limits.ts';
import type { Descriptor } from './manifest.ts';
import { RegistryFailure } from './registry-failure.ts';

/** Manifests of evidence are a few kilobytes; up to here a wrong size in an index does no harm. */
const USUAL_BYTES = 64 * 1024;

/** Most bytes the manifest of a referrer may have. */
export function manifestBytesOf({ size }: Descriptor, limits: RegistryLimits): number {
  return Math.min(Math.max(size, USUAL_BYTES), limits.manifestBytes);
}

/** The list, when there are no more referrers than the limits allow, nor longer ones together. Else throws `RegistryFailure`. */
export function boundedReferrers(list: Descriptor[], limits: RegistryLimits, what: string): Descriptor[] {
  const { referrers, referrerBytes } = limits;
  if (list.length > referrers) throw new RegistryFailure('permanent', `${what}: more than ${referrers} entries`);
  const bytes = list.reduce((sum, one) => sum + manifestBytesOf(one, limits), 0);
  if (bytes > referrerBytes)
    throw new RegistryFailure('permanent', `${what}: the manifests of its referrers are too large`);
  return list;
}
