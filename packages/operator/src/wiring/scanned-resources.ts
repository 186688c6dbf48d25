import type { CompiledPolicy, ResourceSelector } from '@vouchsafe/engine';
import type { ApiResource, KubeClient } from '@vouchsafe/kube';

/** The listable resources of the kinds that policies name; a wildcard names none here, as it would be everything. */
export async function scannedResources(
  client: KubeClient,
  policies: readonly CompiledPolicy[],
): Promise<readonly ApiResource[]> {
  const selectors = policies.flatMap((policy) => policy.selectors.filter(isScanned));
  const kinds = new Set(selectors.flatMap(({ kind, resource }) => (resource === undefined ? [kind] : [])));
  const named = new Set(
    selectors.flatMap(({ group, resource }) => (resource === undefined ? [] : [`${group}/${resource}`])),
  );
  const served = await client.discovery.resources();
  return served.filter(
    ({ group, kind, resource, isPreferredVersion, verbs }) =>
      isPreferredVersion && verbs.includes('list') && (kinds.has(kind) || named.has(`${group}/${resource}`)),
  );
}

/** Only policies in CEL name plurals; they are scanned when they mutate, too. */
function isScanned({ subresource, phases, resource }: ResourceSelector): boolean {
  if (subresource !== '') return false;
  return phases.has('validate') || phases.has('verify-images') || (resource !== undefined && phases.has('mutate'));
}
