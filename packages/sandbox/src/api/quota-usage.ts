import { addQuantities, formatQuantity, parseQuantity } from '@vouchsafe/cel/quantity';
import type { JsonObject } from '../store/json-value.ts';
import { objectAt, objectsAt, stringAt } from '../store/json-value.ts';
import type { ResourceStore } from '../store/resource-store.ts';

/** Where objects live that a quota counts by a short name. */
const COUNTED: ReadonlyMap<string, string> = new Map([
  ['pods', 'pods'],
  ['services', 'services'],
  ['configmaps', 'configmaps'],
  ['secrets', 'secrets'],
  ['persistentvolumeclaims', 'persistentvolumeclaims'],
  ['replicationcontrollers', 'replicationcontrollers'],
  ['resourcequotas', 'resourcequotas'],
]);
const POD_SUMS = new Set(['cpu', 'memory', 'ephemeral-storage']);

/** How much one object counts against the name of a quota; undefined when the name is not about it. */
export function usageOf(storage: string, object: JsonObject, name: string): string | undefined {
  if (COUNTED.get(name) === storage || name === `count/${storage}`) {
    return storage === 'pods' && isFinished(object) ? undefined : '1';
  }
  if (storage === 'pods') {
    return isFinished(object) ? undefined : podUsage(object, name);
  }
  const spec = objectAt(object, 'spec');
  const type = stringAt(spec, 'type');
  if (storage === 'services' && name === 'services.nodeports' && (type === 'NodePort' || type === 'LoadBalancer')) {
    return String(objectsAt(spec, 'ports').length);
  }
  if (storage === 'services' && name === 'services.loadbalancers' && type === 'LoadBalancer') {
    return '1';
  }
  if (storage === 'persistentvolumeclaims' && name === 'requests.storage') {
    const request = objectAt(objectAt(spec, 'resources'), 'requests')?.['storage'];
    return request === undefined ? undefined : String(request);
  }
  return undefined;
}

function isFinished(pod: JsonObject): boolean {
  const phase = stringAt(objectAt(pod, 'status'), 'phase');
  return phase === 'Succeeded' || phase === 'Failed';
}

/** Which side and resource a name such as `limits.cpu` or `memory` is about. */
export function podResourceOf(name: string): { side: 'requests' | 'limits'; resource: string } | undefined {
  if (POD_SUMS.has(name)) {
    return { side: 'requests', resource: name };
  }
  const [side, resource = ''] = [name.slice(0, name.indexOf('.')), name.slice(name.indexOf('.') + 1)];
  return (side === 'requests' || side === 'limits') && resource !== 'storage' && name.includes('.')
    ? { side, resource }
    : undefined;
}

function podUsage(pod: JsonObject, name: string): string | undefined {
  const wanted = podResourceOf(name);
  if (wanted === undefined) {
    return undefined;
  }
  const amounts = objectsAt(objectAt(pod, 'spec'), 'containers').map((container) => {
    const value = objectAt(objectAt(container, 'resources'), wanted.side)?.[wanted.resource];
    return value === undefined ? '0' : String(value);
  });
  return sumOf(amounts);
}

/** The sum of quantities, canonical. */
export function sumOf(amounts: readonly string[]): string {
  let total = parseQuantity('0');
  for (const amount of amounts) {
    const quantity = parseQuantity(amount);
    if (total !== undefined && quantity !== undefined) {
      total = addQuantities(total, quantity);
    }
  }
  return total === undefined ? '0' : formatQuantity(total);
}

/** What a namespace uses of each name in a quota's `hard`. */
export function usedBy(store: ResourceStore, namespace: string, hard: JsonObject): JsonObject {
  const used: JsonObject = {};
  for (const name of Object.keys(hard)) {
    const storage = storageOf(name);
    const amounts = store
      .list(storage, namespace)
      .map(({ object }) => usageOf(storage, object, name))
      .filter((amount): amount is string => amount !== undefined);
    used[name] = sumOf(amounts);
  }
  return used;
}

/** The storage whose objects a quota name counts. */
export function storageOf(name: string): string {
  if (name.startsWith('count/')) {
    return name.slice('count/'.length);
  }
  if (name === 'requests.storage') {
    return 'persistentvolumeclaims';
  }
  return COUNTED.get(name) ?? (name.startsWith('services.') ? 'services' : 'pods');
}
