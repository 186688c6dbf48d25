import type { Cluster } from '../api/cluster.ts';
import { isTerminating, metadataOf, nameOf } from '../api/object-metadata.ts';
import { StatusError } from '../api/status-error.ts';
import type { JsonObject } from '../store/json-value.ts';
import { equalJson, numberAt, objectAt, objectsAt, stringAt } from '../store/json-value.ts';
import type { StoredObject } from '../store/resource-store.ts';
import { type Controller, splitKey, startController } from './controller.ts';
import { createInClusterClient, type InClusterClient } from './in-cluster-client.ts';
import { controlledBy, controllerReference, ownedKeys } from './owner-references.ts';
import { createEventRecorder, type EventRecorder } from './record-event.ts';

const BURST = 500;

/** ReplicaSets and ReplicationControllers: as many pods as asked for. */
export function startReplicaController(
  cluster: Cluster,
  storage: 'replicasets.apps' | 'replicationcontrollers',
  kind: string,
  onError: (error: unknown) => void,
): Controller {
  const component = kind === 'ReplicaSet' ? 'replicaset-controller' : 'replication-controller';
  const client = createInClusterClient(cluster, component);
  const recorder = createEventRecorder(cluster, component);
  return startController(
    cluster,
    {
      storages: [storage, 'pods'],
      keys: ownedKeys(storage, kind),
      async reconcile(key) {
        const owner = cluster.store.get(storage, ...splitKey(key));
        if (owner !== undefined) {
          await reconcileReplicas(cluster, client, recorder, owner);
        }
      },
    },
    onError,
  );
}

async function reconcileReplicas(
  cluster: Cluster,
  client: InClusterClient,
  recorder: EventRecorder,
  owner: StoredObject,
): Promise<void> {
  const wanted = numberAt(objectAt(owner.object, 'spec'), 'replicas') ?? 1;
  const active = activePods(cluster, owner);
  let failure: StatusError | undefined;
  if (!isTerminating(owner.object)) {
    failure = await createMissing(client, recorder, owner, Math.min(BURST, wanted - active.length));
    for (const pod of deletionOrder(active).slice(0, Math.max(0, active.length - wanted))) {
      await client.remove('pods', pod.namespace, pod.name);
      await recorder.record(owner.object, 'Normal', 'SuccessfulDelete', `Deleted pod: ${pod.name}`);
    }
  }
  await writeStatus(cluster, client, owner, failure);
  if (failure !== undefined) {
    throw failure;
  }
}

/** Pods of an owner that still count. */
function activePods(cluster: Cluster, owner: StoredObject): StoredObject[] {
  return controlledBy(cluster, 'pods', owner).filter(({ object }) => {
    const phase = stringAt(objectAt(object, 'status'), 'phase');
    return !isTerminating(object) && phase !== 'Succeeded' && phase !== 'Failed';
  });
}

/** Pods that are not ready go first, then the youngest. */
function deletionOrder(pods: readonly StoredObject[]): StoredObject[] {
  return [...pods].sort(
    (left, right) => Number(isReady(left.object)) - Number(isReady(right.object)) || right.revision - left.revision,
  );
}

/** Whether a pod's Ready condition is True. */
export function isReady(pod: JsonObject): boolean {
  return objectsAt(objectAt(pod, 'status'), 'conditions').some(
    (condition) => condition['type'] === 'Ready' && condition['status'] === 'True',
  );
}

async function createMissing(
  client: InClusterClient,
  recorder: EventRecorder,
  owner: StoredObject,
  count: number,
): Promise<StatusError | undefined> {
  for (let index = 0; index < count; index += 1) {
    try {
      const pod = await client.create('pods', owner.namespace, podFromTemplate(owner.object));
      await recorder.record(owner.object, 'Normal', 'SuccessfulCreate', `Created pod: ${nameOf(pod)}`);
    } catch (error) {
      if (!(error instanceof StatusError)) {
        throw error;
      }
      await recorder.record(owner.object, 'Warning', 'FailedCreate', `Error creating: ${error.message}`);
      return error;
    }
  }
  return undefined;
}

/** A pod of an owner's template; named by the server unless `name` is given. */
export function podFromTemplate(owner: JsonObject, name?: string, extraLabels: JsonObject = {}): JsonObject {
  const template = objectAt(objectAt(owner, 'spec'), 'template') ?? {};
  const metadata = objectAt(template, 'metadata');
  const namespace = stringAt(metadataOf(owner), 'namespace');
  const annotations = objectAt(metadata, 'annotations');
  const labels = { ...objectAt(metadata, 'labels'), ...extraLabels };
  return {
    kind: 'Pod',
    apiVersion: 'v1',
    metadata: {
      ...(name === undefined ? { generateName: `${nameOf(owner)}-` } : { name }),
      namespace,
      ...(Object.keys(labels).length === 0 ? {} : { labels }),
      ...(annotations === undefined ? {} : { annotations }),
      ownerReferences: [controllerReference(owner)],
    },
    spec: objectAt(template, 'spec') ?? {},
  };
}

async function writeStatus(
  cluster: Cluster,
  client: InClusterClient,
  owner: StoredObject,
  failure: StatusError | undefined,
): Promise<void> {
  const pods = activePods(cluster, owner);
  const ready = pods.filter(({ object }) => isReady(object)).length;
  await client.update(owner.storage, owner.namespace, owner.name, 'status', (object) => {
    const before = objectAt(object, 'status') ?? {};
    const status: JsonObject = {
      replicas: pods.length,
      ...(pods.length === 0 ? {} : { fullyLabeledReplicas: pods.length }),
      ...(ready === 0 ? {} : { readyReplicas: ready, availableReplicas: ready }),
      observedGeneration: numberAt(metadataOf(object), 'generation') ?? 1,
      ...failureCondition(before, failure, cluster.now()),
    };
    return equalJson(before, status) ? undefined : { ...object, status };
  });
}

function failureCondition(before: JsonObject, failure: StatusError | undefined, now: Date): JsonObject {
  if (failure === undefined) {
    return {};
  }
  // The message names a new pod each time: a failure that goes on is not written again.
  const [known] = objectsAt(before, 'conditions').filter((condition) => condition['reason'] === 'FailedCreate');
  return {
    conditions: [
      known ?? {
        type: 'ReplicaFailure',
        status: 'True',
        lastTransitionTime: `${now.toISOString().slice(0, 19)}Z`,
        reason: 'FailedCreate',
        message: failure.message,
      },
    ],
  };
}
