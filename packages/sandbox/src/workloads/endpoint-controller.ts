import type { Cluster } from '../api/cluster.ts';
import { isTerminating, nameOf, randomSuffix, uidOf } from '../api/object-metadata.ts';
import type { JsonObject } from '../store/json-value.ts';
import { equalJson, memberAt, numberAt, objectAt, objectsAt, stringAt } from '../store/json-value.ts';
import { labelsOf, selectorFromLabels } from '../store/label-selector.ts';
import type { StoredObject } from '../store/resource-store.ts';
import { NODE_NAME } from './bootstrap-cluster.ts';
import { type Controller, keyOf, splitKey, startController } from './controller.ts';
import { createInClusterClient } from './in-cluster-client.ts';
import { controlledBy, controllerReference } from './owner-references.ts';
import { isReady } from './replica-controller.ts';

const SLICES = 'endpointslices.discovery.k8s.io';

/** One EndpointSlice per Service with a selector: the addresses of its pods. */
export function startEndpointController(cluster: Cluster, onError: (error: unknown) => void): Controller {
  const client = createInClusterClient(cluster, 'endpointslice-controller');
  return startController(
    cluster,
    {
      storages: ['services', 'pods'],
      *keys({ current }) {
        if (current.storage === 'services') {
          yield keyOf(current);
          return;
        }
        for (const service of cluster.store.list('services', current.namespace)) {
          if (selectorOf(service).matches(labelsOf(current.object))) {
            yield keyOf(service);
          }
        }
      },
      async reconcile(key) {
        const service = cluster.store.get('services', ...splitKey(key));
        if (service === undefined || selectorLabels(service) === undefined) {
          return;
        }
        const wanted = sliceOf(cluster, service);
        const [existing] = controlledBy(cluster, SLICES, service);
        if (existing === undefined) {
          const name = `${service.name}-${randomSuffix(5)}`;
          await client.create(SLICES, service.namespace, withName(wanted, name, service));
        } else {
          await client.update(SLICES, existing.namespace, existing.name, '', (slice) => {
            const next = { ...slice, ...wanted };
            return equalJson(next, slice) ? undefined : next;
          });
        }
      },
    },
    onError,
  );
}

function selectorLabels({ object }: StoredObject): JsonObject | undefined {
  const selector = objectAt(objectAt(object, 'spec'), 'selector');
  return selector === undefined || Object.keys(selector).length === 0 ? undefined : selector;
}

function selectorOf(service: StoredObject): ReturnType<typeof selectorFromLabels> {
  return selectorFromLabels(selectorLabels(service));
}

function withName(slice: JsonObject, name: string, { object, namespace }: StoredObject): JsonObject {
  return {
    kind: 'EndpointSlice',
    apiVersion: 'discovery.k8s.io/v1',
    metadata: {
      name,
      namespace,
      labels: {
        'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
        'kubernetes.io/service-name': nameOf(object),
      },
      ownerReferences: [controllerReference(object)],
    },
    ...slice,
  };
}

function sliceOf(cluster: Cluster, service: StoredObject): JsonObject {
  const selector = selectorOf(service);
  const pods = cluster.store
    .list('pods', service.namespace)
    .filter(({ object }) => selector.matches(labelsOf(object)) && podAddress(object) !== '');
  return {
    addressType: 'IPv4',
    endpoints: pods.map(({ object }) => endpointOf(object)),
    ports: objectsAt(objectAt(service.object, 'spec'), 'ports').map((port) => portOf(port, pods[0]?.object)),
  };
}

function podAddress(pod: JsonObject): string {
  return stringAt(objectAt(pod, 'status'), 'podIP');
}

function endpointOf(pod: JsonObject): JsonObject {
  const terminating = isTerminating(pod);
  const ready = isReady(pod);
  return {
    addresses: [podAddress(pod)],
    conditions: { ready: ready && !terminating, serving: ready, terminating },
    targetRef: {
      kind: 'Pod',
      namespace: stringAt(objectAt(pod, 'metadata'), 'namespace'),
      name: nameOf(pod),
      uid: uidOf(pod),
    },
    nodeName: NODE_NAME,
  };
}

/** A target port may be a number or the name of a container port. */
function portOf(port: JsonObject, pod: JsonObject | undefined): JsonObject {
  const target = memberAt(port, 'targetPort');
  const number = typeof target === 'number' ? target : namedPort(pod, String(target ?? ''));
  return {
    name: stringAt(port, 'name'),
    protocol: stringAt(port, 'protocol') || 'TCP',
    port: number ?? numberAt(port, 'port') ?? 0,
  };
}

function namedPort(pod: JsonObject | undefined, name: string): number | undefined {
  for (const container of objectsAt(objectAt(pod, 'spec'), 'containers')) {
    const found = objectsAt(container, 'ports').find((port) => stringAt(port, 'name') === name);
    if (found !== undefined) {
      return numberAt(found, 'containerPort');
    }
  }
  return undefined;
}
