import type { CompiledPolicy, ResourceSelector } from '@vouchsafe/engine';
import { compileWildcard } from '@vouchsafe/engine/kernel';
import type { ApiResource } from '@vouchsafe/kube';

/** The kinds whose objects a policy may delete, each in the version its selectors name, else in the preferred one. */
export function cleanupTargets(
  { selectors, ref }: CompiledPolicy,
  served: readonly ApiResource[],
): readonly ApiResource[] {
  const deletable = served.filter(
    ({ verbs, isNamespaced }) =>
      verbs.includes('list') && verbs.includes('delete') && (ref.namespace === undefined || isNamespaced),
  );
  const found = new Map<string, ApiResource>();
  for (const selector of selectors) {
    if (selector.subresource !== '' && selector.subresource !== '*') continue;
    const selected = deletable.filter(selects(selector));
    for (const resource of selected) {
      const key = `${resource.group}/${resource.resource}`;
      const isPreferred = resource.isPreferredVersion || !isPreferredServed(resource, selected);
      if (isPreferred && !found.has(key)) found.set(key, resource);
    }
  }
  return [...found.values()];
}

function selects({ group, version, kind, resource }: ResourceSelector): (served: ApiResource) => boolean {
  const [isGroup, isVersion, isKind] = [group, version, kind].map((text) => compileWildcard(text));
  const plural = resource?.split('/')[0];
  return (served) =>
    isGroup?.(served.group) === true &&
    isVersion?.(served.version) === true &&
    isKind?.(served.kind) === true &&
    (plural === undefined || plural === '*' || plural === served.resource);
}

function isPreferredServed({ group, resource }: ApiResource, among: readonly ApiResource[]): boolean {
  return among.some((other) => other.isPreferredVersion && other.group === group && other.resource === resource);
}
