import type { CompiledPolicy, ResourceSelector } from '@vouchsafe/engine';
import { compileWildcard } from '@vouchsafe/engine/kernel';
import type { ApiResource } from '@vouchsafe/kube';

/**
 * The kinds that a policy's selectors name, as they are served with all of `verbs`: each in the version that is named, else in the
 * preferred one. Of a namespaced policy those alone that have namespaces.
 */
export function selectedResources(
  { selectors, ref }: Pick<CompiledPolicy, 'selectors' | 'ref'>,
  served: readonly ApiResource[],
  wanted: readonly string[],
): readonly ApiResource[] {
  const usable = served.filter(
    ({ verbs, isNamespaced }) =>
      wanted.every((verb) => verbs.includes(verb)) && (ref.namespace === undefined || isNamespaced),
  );
  const found = new Map<string, ApiResource>();
  for (const selector of selectors) {
    if (selector.subresource !== '' && selector.subresource !== '*') continue;
    const selected = usable.filter(selects(selector));
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
