import type { JsonObject } from '../store/json-value.ts';
import { numberAt, objectAt, objectsAt, stringAt } from '../store/json-value.ts';
import type { Cluster } from './cluster.ts';

const NODE_PORT_FIRST = 30_000;
const NODE_PORT_COUNT = 2_768;

/** Allocates the cluster address and node ports the real server takes from its ranges. */
export function prepareService(cluster: Cluster, service: JsonObject): JsonObject {
  const spec = objectAt(service, 'spec') ?? {};
  const type = stringAt(spec, 'type');
  const allocated: JsonObject = { ...spec };
  if (type !== 'ExternalName') {
    const address = stringAt(spec, 'clusterIP') || freeAddress(cluster);
    allocated['clusterIP'] = address;
    allocated['clusterIPs'] = [address];
    allocated['ipFamilies'] ??= ['IPv4'];
    allocated['ipFamilyPolicy'] ??= 'SingleStack';
  }
  if (type === 'NodePort' || type === 'LoadBalancer') {
    allocated['ports'] = withNodePorts(cluster, objectsAt(spec, 'ports'));
  }
  return { ...service, spec: allocated, status: { loadBalancer: {} } };
}

/** Addresses once given are kept when an update leaves them out. */
export function prepareServiceUpdate(service: JsonObject, old: JsonObject): JsonObject {
  const spec = objectAt(service, 'spec') ?? {};
  const before = objectAt(old, 'spec') ?? {};
  if (stringAt(spec, 'type') === 'ExternalName') {
    return service;
  }
  const kept: JsonObject = { ...spec };
  for (const key of ['clusterIP', 'clusterIPs', 'ipFamilies', 'ipFamilyPolicy']) {
    const value = kept[key] ?? before[key];
    if (value !== undefined) {
      kept[key] = value;
    }
  }
  return { ...service, spec: kept };
}

function freeAddress(cluster: Cluster): string {
  const used = new Set(
    cluster.store.list('services').map(({ object }) => stringAt(objectAt(object, 'spec'), 'clusterIP')),
  );
  for (let attempt = 0; attempt < 1000; attempt += 1) {
    const [high = 0, low = 0] = crypto.getRandomValues(new Uint8Array(2));
    const address = `10.96.${high}.${1 + (low % 254)}`;
    if (!used.has(address)) {
      return address;
    }
  }
  return '10.97.0.1';
}

function withNodePorts(cluster: Cluster, ports: readonly JsonObject[]): JsonObject[] {
  const used = new Set<number>();
  for (const { object } of cluster.store.list('services')) {
    for (const port of objectsAt(objectAt(object, 'spec'), 'ports')) {
      used.add(numberAt(port, 'nodePort') ?? 0);
    }
  }
  return ports.map((port) => {
    if (numberAt(port, 'nodePort') !== undefined) {
      return port;
    }
    const [random = 0] = crypto.getRandomValues(new Uint16Array(1));
    let candidate = NODE_PORT_FIRST + (random % NODE_PORT_COUNT);
    while (used.has(candidate) && used.size < NODE_PORT_COUNT) {
      candidate = NODE_PORT_FIRST + ((candidate + 1 - NODE_PORT_FIRST) % NODE_PORT_COUNT);
    }
    used.add(candidate);
    return { ...port, nodePort: candidate };
  });
}
