import type { Cluster } from '../api/cluster.ts';
import { isTerminating, metadataOf, timestamp } from '../api/object-metadata.ts';
import type { JsonObject } from '../store/json-value.ts';
import { listAt, objectAt, objectsAt, stringAt } from '../store/json-value.ts';
import type { StoredObject } from '../store/resource-store.ts';
import { NODE_NAME } from './bootstrap-cluster.ts';
import { type Controller, keyOf, splitKey, startController } from './controller.ts';
import { createInClusterClient, type InClusterClient } from './in-cluster-client.ts';
import { controllerOf } from './owner-references.ts';
import type { WorkLoop } from './work-loop.ts';

const STOP_DELAY = 20;
const COMPLETION_DELAY = 200;

/** Scheduler and kubelet of the one node: pods start, report ready, complete when a Job made them, and stop. */
export function startNodeAgent(cluster: Cluster, onError: (error: unknown) => void): Controller {
  const scheduler = createInClusterClient(cluster, '', {
    username: 'system:kube-scheduler',
    groups: ['system:authenticated'],
  });
  const kubelet = createInClusterClient(cluster, '', {
    username: `system:node:${NODE_NAME}`,
    groups: ['system:nodes', 'system:authenticated'],
  });
  let addresses = 0;
  return startController(
    cluster,
    {
      storages: ['pods'],
      *keys({ type, current }) {
        if (type !== 'DELETED') {
          yield keyOf(current);
        }
      },
      async reconcile(key, loop) {
        const pod = cluster.store.get('pods', ...splitKey(key));
        if (pod === undefined) {
          return;
        }
        const node = stringAt(objectAt(pod.object, 'spec'), 'nodeName');
        if (isTerminating(pod.object)) {
          await stopPod(cluster, kubelet, pod, node);
        } else if (node === '') {
          await schedulePod(cluster, scheduler, pod);
        } else if (node === NODE_NAME) {
          addresses += 1;
          await runPod(cluster, kubelet, pod, addresses, loop, key);
        }
      },
    },
    onError,
  );
}

async function schedulePod(cluster: Cluster, client: InClusterClient, pod: StoredObject): Promise<void> {
  const spec = objectAt(pod.object, 'spec');
  const node = cluster.store.get('nodes', '', NODE_NAME)?.object;
  if (
    node === undefined ||
    stringAt(spec, 'schedulerName') !== 'default-scheduler' ||
    listAt(spec, 'schedulingGates').length > 0
  ) {
    return;
  }
  const labels = objectAt(metadataOf(node), 'labels') ?? {};
  const selector = Object.entries(objectAt(spec, 'nodeSelector') ?? {});
  const fits = selector.every(([key, value]) => labels[key] === value);
  const cordoned = objectAt(node, 'spec')?.['unschedulable'] === true;
  if (fits && !cordoned) {
    await client.bind(pod.namespace, pod.name, NODE_NAME);
    return;
  }
  const message = fits
    ? '0/1 nodes are available: 1 node(s) were unschedulable.'
    : "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector.";
  await client.update('pods', pod.namespace, pod.name, 'status', (object) =>
    objectsAt(objectAt(object, 'status'), 'conditions').some((condition) => condition['message'] === message)
      ? undefined
      : {
          ...object,
          status: {
            ...objectAt(object, 'status'),
            conditions: [
              {
                type: 'PodScheduled',
                status: 'False',
                reason: 'Unschedulable',
                message,
                lastTransitionTime: timestamp(cluster.now()),
              },
            ],
          },
        },
  );
}

async function runPod(
  cluster: Cluster,
  client: InClusterClient,
  pod: StoredObject,
  address: number,
  loop: WorkLoop,
  key: string,
): Promise<void> {
  const phase = stringAt(objectAt(pod.object, 'status'), 'phase');
  const completes = controllerOf(pod.object)?.['kind'] === 'Job';
  if (phase === 'Pending' || phase === '') {
    await client.update('pods', pod.namespace, pod.name, 'status', (object) => ({
      ...object,
      status: { ...objectAt(object, 'status'), ...runningStatus(object, address, timestamp(cluster.now())) },
    }));
    if (completes) {
      loop.add(key, COMPLETION_DELAY);
    }
    return;
  }
  const started = Date.parse(stringAt(objectAt(pod.object, 'status'), 'startTime'));
  // The start is known to the second only; the queue's own delay keeps the pod running for a moment.
  if (completes && phase === 'Running' && cluster.now().getTime() - started >= 0) {
    await completePod(cluster, client, pod);
  }
}

async function completePod(cluster: Cluster, client: InClusterClient, pod: StoredObject): Promise<void> {
  const now = timestamp(cluster.now());
  await client.update('pods', pod.namespace, pod.name, 'status', (object) => {
    const status = objectAt(object, 'status') ?? {};
    return {
      ...object,
      status: {
        ...status,
        phase: 'Succeeded',
        conditions: objectsAt(status, 'conditions').map((condition) =>
          condition['type'] === 'Ready' || condition['type'] === 'ContainersReady'
            ? { ...condition, status: 'False', reason: 'PodCompleted', lastTransitionTime: now }
            : condition,
        ),
        containerStatuses: objectsAt(status, 'containerStatuses').map((container) => ({
          ...container,
          ready: false,
          started: false,
          state: {
            terminated: { exitCode: 0, reason: 'Completed', startedAt: stringAt(status, 'startTime'), finishedAt: now },
          },
        })),
      },
    };
  });
}

function runningStatus(pod: JsonObject, address: number, now: string): JsonObject {
  const podIP = `10.244.${(address >> 8) & 255}.${address & 255}`;
  const condition = (type: string): JsonObject => ({ type, status: 'True', lastTransitionTime: now });
  const spec = objectAt(pod, 'spec');
  const status = (container: JsonObject, state: JsonObject, ready: boolean): JsonObject => ({
    name: stringAt(container, 'name'),
    state,
    lastState: {},
    ready,
    restartCount: 0,
    image: stringAt(container, 'image'),
    imageID: '',
    started: ready,
  });
  const initContainers = objectsAt(spec, 'initContainers').map((container) =>
    status(container, { terminated: { exitCode: 0, reason: 'Completed', startedAt: now, finishedAt: now } }, true),
  );
  return {
    phase: 'Running',
    conditions: ['PodReadyToStartContainers', 'Initialized', 'Ready', 'ContainersReady', 'PodScheduled'].map(condition),
    hostIP: '127.0.0.1',
    hostIPs: [{ ip: '127.0.0.1' }],
    podIP,
    podIPs: [{ ip: podIP }],
    startTime: now,
    ...(initContainers.length === 0 ? {} : { initContainerStatuses: initContainers }),
    containerStatuses: objectsAt(spec, 'containers').map((container) =>
      status(container, { running: { startedAt: now } }, true),
    ),
  };
}

/** A stopped pod is gone for good once the node says so. */
async function stopPod(cluster: Cluster, client: InClusterClient, pod: StoredObject, node: string): Promise<void> {
  const grace = metadataOf(pod.object)['deletionGracePeriodSeconds'];
  if (grace === 0 || (node !== NODE_NAME && cluster.store.get('nodes', '', node) !== undefined)) {
    return;
  }
  await new Promise((resolve) => setTimeout(resolve, STOP_DELAY));
  await client.remove('pods', pod.namespace, pod.name, { gracePeriodSeconds: 0, object: stopOptions() });
}

function stopOptions(): JsonObject {
  return { kind: 'DeleteOptions', apiVersion: 'meta.k8s.io/v1', gracePeriodSeconds: 0 };
}
