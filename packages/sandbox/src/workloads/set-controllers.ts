import { createHash } from 'node:crypto';
import type { Cluster } from '../api/cluster.ts';
import { isTerminating, metadataOf, nameOf } from '../api/object-metadata.ts';
import { StatusError } from '../api/status-error.ts';
import type { JsonObject } from '../store/json-value.ts';
import { equalJson, numberAt, objectAt, objectsAt, sortMembers, stringAt } from '../store/json-value.ts';
import type { StoredObject } from '../store/resource-store.ts';
import { NODE_NAME } from './bootstrap-cluster.ts';
import { type Controller, splitKey, startController } from './controller.ts';
import { createInClusterClient, type InClusterClient } from './in-cluster-client.ts';
import { controlledBy, ownedKeys } from './owner-references.ts';
import { createEventRecorder, type EventRecorder } from './record-event.ts';
import { isReady, podFromTemplate } from './replica-controller.ts';

const HASH_LABEL = 'controller-revision-hash';

/** StatefulSets (pods `name-0`, `name-1`, their claims) and DaemonSets (one pod on the node). */
export function startSetController(
  cluster: Cluster,
  storage: 'statefulsets.apps' | 'daemonsets.apps',
  onError: (error: unknown) => void,
): Controller {
  const stateful = storage === 'statefulsets.apps';
  const kind = stateful ? 'StatefulSet' : 'DaemonSet';
  const component = stateful ? 'statefulset-controller' : 'daemonset-controller';
  const client = createInClusterClient(cluster, stateful ? component : 'daemon-set-controller');
  const recorder = createEventRecorder(cluster, component);
  return startController(
    cluster,
    {
      storages: [storage, 'pods'],
      keys: ownedKeys(storage, kind),
      async reconcile(key) {
        const owner = cluster.store.get(storage, ...splitKey(key));
        if (owner === undefined || isTerminating(owner.object)) {
          return;
        }
        const plan = { cluster, client, recorder, owner, hash: templateHash(owner.object) };
        const failure = await (stateful ? reconcileStateful(plan) : reconcileDaemon(plan));
        if (failure !== undefined) {
          throw failure;
        }
      },
    },
    onError,
  );
}

interface SetPlan {
  readonly cluster: Cluster;
  readonly client: InClusterClient;
  readonly recorder: EventRecorder;
  readonly owner: StoredObject;
  readonly hash: string;
}

function templateHash(owner: JsonObject): string {
  const template = objectAt(objectAt(owner, 'spec'), 'template') ?? {};
  const digest = createHash('sha256')
    .update(JSON.stringify(sortMembers(template)))
    .digest('hex');
  return digest.slice(0, 10);
}

function labelOf(object: JsonObject, key: string): string {
  return stringAt(objectAt(metadataOf(object), 'labels'), key);
}

async function reconcileStateful(plan: SetPlan): Promise<StatusError | undefined> {
  const { cluster, client, owner, hash } = plan;
  const spec = objectAt(owner.object, 'spec');
  const wanted = numberAt(spec, 'replicas') ?? 1;
  const first = numberAt(objectAt(spec, 'ordinals'), 'start') ?? 0;
  const ordered = stringAt(spec, 'podManagementPolicy') !== 'Parallel';
  const pods = new Map(controlledBy(cluster, 'pods', owner).map((pod) => [pod.name, pod]));
  let failure: StatusError | undefined;
  for (let ordinal = first; ordinal < first + wanted && failure === undefined; ordinal += 1) {
    const name = `${owner.name}-${ordinal}`;
    const pod = pods.get(name);
    pods.delete(name);
    if (pod !== undefined && labelOf(pod.object, HASH_LABEL) !== hash && !isTerminating(pod.object)) {
      await client.remove('pods', pod.namespace, pod.name);
      break;
    }
    if (pod === undefined) {
      failure = await createStatefulPod(plan, name, ordinal);
    }
    if (ordered && (pod === undefined || !isReady(pod.object) || isTerminating(pod.object))) {
      break;
    }
  }
  const surplus = [...pods.values()].filter(({ name }) => ordinalOf(name) >= first + wanted || ordinalOf(name) < first);
  for (const pod of surplus.filter(({ object }) => !isTerminating(object))) {
    await client.remove('pods', pod.namespace, pod.name);
  }
  await writeStatefulStatus(plan);
  return failure;
}

function ordinalOf(name: string): number {
  return Number(name.slice(name.lastIndexOf('-') + 1));
}

async function createStatefulPod(plan: SetPlan, name: string, ordinal: number): Promise<StatusError | undefined> {
  const { client, owner, hash } = plan;
  const labels = {
    [HASH_LABEL]: hash,
    'apps.kubernetes.io/pod-index': String(ordinal),
    'statefulset.kubernetes.io/pod-name': name,
  };
  const pod = podFromTemplate(owner.object, name, labels);
  const claims = objectsAt(objectAt(owner.object, 'spec'), 'volumeClaimTemplates');
  const volumes: JsonObject[] = [];
  for (const template of claims) {
    const claim = `${nameOf(template)}-${name}`;
    volumes.push({ name: nameOf(template), persistentVolumeClaim: { claimName: claim } });
    await createClaim(plan, template, claim);
  }
  const spec = objectAt(pod, 'spec') ?? {};
  const withVolumes: JsonObject = {
    ...spec,
    hostname: name,
    ...(stringAt(objectAt(owner.object, 'spec'), 'serviceName') === ''
      ? {}
      : { subdomain: stringAt(objectAt(owner.object, 'spec'), 'serviceName') }),
    ...(volumes.length === 0 ? {} : { volumes: [...objectsAt(spec, 'volumes'), ...volumes] }),
  };
  return createPod(plan, client, { ...pod, spec: withVolumes }, `create Pod ${name} in StatefulSet ${owner.name}`);
}

async function createClaim({ cluster, client, owner }: SetPlan, template: JsonObject, name: string): Promise<void> {
  if (cluster.store.get('persistentvolumeclaims', owner.namespace, name) !== undefined) {
    return;
  }
  const labels = objectAt(metadataOf(template), 'labels');
  await client.create('persistentvolumeclaims', owner.namespace, {
    kind: 'PersistentVolumeClaim',
    apiVersion: 'v1',
    metadata: { name, namespace: owner.namespace, ...(labels === undefined ? {} : { labels }) },
    spec: objectAt(template, 'spec') ?? {},
  });
}

async function createPod(
  { recorder, owner }: SetPlan,
  client: InClusterClient,
  pod: JsonObject,
  action: string | undefined,
): Promise<StatusError | undefined> {
  try {
    const made = await client.create('pods', owner.namespace, pod);
    const message = action === undefined ? `Created pod: ${nameOf(made)}` : `${action} successful`;
    await recorder.record(owner.object, 'Normal', 'SuccessfulCreate', message);
    return undefined;
  } catch (error) {
    if (!(error instanceof StatusError) || error.code === 409) {
      return undefined;
    }
    const message =
      action === undefined ? `Error creating: ${error.message}` : `${action} failed error: ${error.message}`;
    await recorder.record(owner.object, 'Warning', 'FailedCreate', message);
    return error;
  }
}

async function writeStatefulStatus({ cluster, client, owner, hash }: SetPlan): Promise<void> {
  const pods = controlledBy(cluster, 'pods', owner);
  const ready = pods.filter(({ object }) => isReady(object)).length;
  const updated = pods.filter(({ object }) => labelOf(object, HASH_LABEL) === hash).length;
  await client.update(owner.storage, owner.namespace, owner.name, 'status', (object) => {
    const before = objectAt(object, 'status') ?? {};
    const wanted = numberAt(objectAt(object, 'spec'), 'replicas') ?? 1;
    const revision = `${owner.name}-${hash}`;
    const complete = updated === wanted && ready === wanted;
    const status: JsonObject = {
      observedGeneration: numberAt(metadataOf(object), 'generation') ?? 1,
      replicas: pods.length,
      ...(ready === 0 ? {} : { readyReplicas: ready }),
      ...(updated === 0 ? {} : { currentReplicas: updated, updatedReplicas: updated }),
      currentRevision: complete ? revision : stringAt(before, 'currentRevision') || revision,
      updateRevision: revision,
      collisionCount: 0,
      availableReplicas: ready,
    };
    return equalJson(before, status) ? undefined : { ...object, status };
  });
}

async function reconcileDaemon(plan: SetPlan): Promise<StatusError | undefined> {
  const { cluster, client, owner, hash } = plan;
  const pods = controlledBy(cluster, 'pods', owner).filter(({ object }) => !isTerminating(object));
  const [current, ...others] = pods.filter(({ object }) => labelOf(object, HASH_LABEL) === hash);
  const stale = pods.filter(({ object }) => labelOf(object, HASH_LABEL) !== hash);
  for (const pod of [...stale, ...others]) {
    await client.remove('pods', pod.namespace, pod.name);
  }
  let failure: StatusError | undefined;
  if (current === undefined) {
    const pod = podFromTemplate(owner.object, undefined, { [HASH_LABEL]: hash, 'pod-template-generation': '1' });
    failure = await createPod(plan, client, { ...pod, spec: daemonSpec(objectAt(pod, 'spec') ?? {}) }, undefined);
  }
  await writeDaemonStatus(plan);
  return failure;
}

/** Daemon pods are pinned to their node by affinity. */
function daemonSpec(spec: JsonObject): JsonObject {
  const term = { matchFields: [{ key: 'metadata.name', operator: 'In', values: [NODE_NAME] }] };
  return {
    ...spec,
    affinity: {
      ...objectAt(spec, 'affinity'),
      nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [term] } },
    },
  };
}

async function writeDaemonStatus({ cluster, client, owner, hash }: SetPlan): Promise<void> {
  const pods = controlledBy(cluster, 'pods', owner).filter(({ object }) => !isTerminating(object));
  const ready = pods.filter(({ object }) => isReady(object)).length;
  const updated = pods.filter(({ object }) => labelOf(object, HASH_LABEL) === hash).length;
  await client.update(owner.storage, owner.namespace, owner.name, 'status', (object) => {
    const before = objectAt(object, 'status') ?? {};
    const status: JsonObject = {
      currentNumberScheduled: pods.length,
      numberMisscheduled: 0,
      desiredNumberScheduled: 1,
      numberReady: ready,
      observedGeneration: numberAt(metadataOf(object), 'generation') ?? 1,
      ...(updated === 0 ? {} : { updatedNumberScheduled: updated }),
      ...(ready === 0 ? { numberUnavailable: 1 } : { numberAvailable: ready }),
    };
    return equalJson(before, status) ? undefined : { ...object, status };
  });
}
