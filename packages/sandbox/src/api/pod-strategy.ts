import type { JsonObject } from '../store/json-value.ts';
import { equalJson, objectAt, objectsAt, stringAt, withPath } from '../store/json-value.ts';

/** Initial status of a pod: Pending, with its quality-of-service class. */
export function preparePod(pod: JsonObject): JsonObject {
  return { ...pod, status: { phase: 'Pending', qosClass: qosClassOf(pod) } };
}

/** The class follows from the spec and cannot be changed. */
export function preparePodUpdate(pod: JsonObject, old: JsonObject, subresource: string): JsonObject {
  if (subresource === 'status') {
    const qosClass = stringAt(objectAt(old, 'status'), 'qosClass');
    return qosClass === '' ? pod : withPath(pod, ['status', 'qosClass'], qosClass);
  }
  return pod;
}

/** `ephemeralcontainers` adds to these, `resize` changes the resources of containers; a plain update may do neither. */
export function withPodSubresourceChanges(pod: JsonObject, old: JsonObject, subresource: string): JsonObject {
  const spec = objectAt(pod, 'spec') ?? {};
  if (subresource === 'ephemeralcontainers') {
    return withPath(old, ['spec', 'ephemeralContainers'], spec['ephemeralContainers']);
  }
  if (subresource !== 'resize') return old;
  return ['containers', 'initContainers'].reduce((known, list) => {
    const before = objectsAt(objectAt(old, 'spec'), list);
    if (before.length === 0) return known;
    const after = objectsAt(spec, list);
    const resized = before.map((container, index) => withPath(container, ['resources'], after[index]?.['resources']));
    return withPath(known, ['spec', list], resized);
  }, old);
}

/** Guaranteed, Burstable or BestEffort: requests and limits of cpu and memory of all containers. */
function qosClassOf(pod: JsonObject): string {
  const spec = objectAt(pod, 'spec');
  const containers = [...objectsAt(spec, 'containers'), ...objectsAt(spec, 'initContainers')];
  let anything = false;
  let guaranteed = containers.length > 0;
  for (const container of containers) {
    const resources = objectAt(container, 'resources');
    const requests = objectAt(resources, 'requests') ?? {};
    const limits = objectAt(resources, 'limits') ?? {};
    for (const name of ['cpu', 'memory']) {
      const request = requests[name];
      const limit = limits[name];
      anything ||= isSet(request) || isSet(limit);
      guaranteed &&= isSet(limit) && equalJson(request ?? limit, limit);
    }
  }
  return !anything ? 'BestEffort' : guaranteed ? 'Guaranteed' : 'Burstable';
}

function isSet(quantity: unknown): boolean {
  return quantity !== undefined && quantity !== '0' && quantity !== 0;
}
