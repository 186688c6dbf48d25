import { createHash } from 'node:crypto';
import type { Cluster } from '../api/cluster.ts';
import { isTerminating, metadataOf, nameOf, timestamp } from '../api/object-metadata.ts';
import { StatusError } from '../api/status-error.ts';
import type { JsonObject } from '../store/json-value.ts';
import { equalJson, numberAt, objectAt, objectsAt, sortMembers, stringAt } from '../store/json-value.ts';
import type { StoredObject } from '../store/resource-store.ts';
import { type Controller, splitKey, startController } from './controller.ts';
import { createInClusterClient, type InClusterClient } from './in-cluster-client.ts';
import { controlledBy, controllerReference, ownedKeys } from './owner-references.ts';
import { createEventRecorder, type EventRecorder } from './record-event.ts';

const DEPLOYMENTS = 'deployments.apps';
const REPLICA_SETS = 'replicasets.apps';
const REVISION = 'deployment.kubernetes.io/revision';
const HASH_LABEL = 'pod-template-hash';
const HASH_ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';

/** Deployments: one ReplicaSet per template; the newest gets the replicas. */
export function startDeploymentController(cluster: Cluster, onError: (error: unknown) => void): Controller {
  const client = createInClusterClient(cluster, 'deployment-controller');
  const recorder = createEventRecorder(cluster, 'deployment-controller');
  return startController(
    cluster,
    {
      storages: [DEPLOYMENTS, REPLICA_SETS],
      keys: ownedKeys(DEPLOYMENTS, 'Deployment'),
      async reconcile(key) {
        const deployment = cluster.store.get(DEPLOYMENTS, ...splitKey(key));
        if (deployment !== undefined && !isTerminating(deployment.object)) {
          await reconcileDeployment(cluster, client, recorder, deployment);
        }
      },
    },
    onError,
  );
}

async function reconcileDeployment(
  cluster: Cluster,
  client: InClusterClient,
  recorder: EventRecorder,
  deployment: StoredObject,
): Promise<void> {
  const { object, namespace, name } = deployment;
  const owned = controlledBy(cluster, REPLICA_SETS, deployment);
  const hash = templateHash(object);
  const current = owned.find((set) => sameTemplate(set.object, object));
  const paused = objectAt(object, 'spec')?.['paused'] === true;
  let failure: StatusError | undefined;
  if (!paused || current !== undefined) {
    failure = await rollOut(client, recorder, deployment, owned, current, hash);
  }
  const revision = newestRevision(controlledBy(cluster, REPLICA_SETS, deployment));
  // As Kubernetes' controller does it: admission of Deployments is not asked about it.
  await client.update(DEPLOYMENTS, namespace, name, 'status', (live) => withRevision(live, revision));
  await writeStatus(cluster, client, deployment, hash, failure);
  if (failure !== undefined) {
    throw failure;
  }
}

async function rollOut(
  client: InClusterClient,
  recorder: EventRecorder,
  deployment: StoredObject,
  owned: readonly StoredObject[],
  current: StoredObject | undefined,
  hash: string,
): Promise<StatusError | undefined> {
  const { object, namespace } = deployment;
  const wanted = numberAt(objectAt(object, 'spec'), 'replicas') ?? 1;
  const revision = newestRevision(owned);
  if (current === undefined) {
    try {
      await client.create(REPLICA_SETS, namespace, newReplicaSet(object, hash, wanted, revision + 1));
      await scaledEvent(recorder, object, `${nameOf(object)}-${hash}`, 0, wanted);
    } catch (error) {
      if (error instanceof StatusError && error.code !== 409) {
        await recorder.record(
          object,
          'Warning',
          'ReplicaSetCreateError',
          `Failed to create new replica set "${nameOf(object)}-${hash}": ${error.message}`,
        );
        return error;
      }
      throw error;
    }
    return scaleDownOthers(client, recorder, object, owned, undefined);
  }
  await client.update(REPLICA_SETS, namespace, current.name, '', (set) => {
    const isNewest = revisionOf(set) === revision;
    const scaled = numberAt(objectAt(set, 'spec'), 'replicas') === wanted ? set : withReplicas(set, wanted);
    const marked = isNewest ? scaled : annotate(scaled, REVISION, String(revision + 1));
    return marked === set ? undefined : marked;
  });
  const before = numberAt(objectAt(current.object, 'spec'), 'replicas') ?? 0;
  await scaledEvent(recorder, object, current.name, before, wanted);
  return scaleDownOthers(client, recorder, object, owned, current);
}

/** The fake node starts pods at once, so old sets go down in one step. */
async function scaleDownOthers(
  client: InClusterClient,
  recorder: EventRecorder,
  deployment: JsonObject,
  owned: readonly StoredObject[],
  current: StoredObject | undefined,
): Promise<undefined> {
  for (const set of owned) {
    const replicas = numberAt(objectAt(set.object, 'spec'), 'replicas') ?? 0;
    if (set !== current && replicas > 0) {
      await client.update(REPLICA_SETS, set.namespace, set.name, '', (live) => withReplicas(live, 0));
      await scaledEvent(recorder, deployment, set.name, replicas, 0);
    }
  }
  return undefined;
}

async function scaledEvent(
  recorder: EventRecorder,
  deployment: JsonObject,
  set: string,
  from: number,
  to: number,
): Promise<void> {
  if (from !== to) {
    const direction = to > from ? 'up' : 'down';
    await recorder.record(
      deployment,
      'Normal',
      'ScalingReplicaSet',
      `Scaled ${direction} replica set ${set} from ${from} to ${to}`,
    );
  }
}

function withReplicas(set: JsonObject, replicas: number): JsonObject {
  return { ...set, spec: { ...objectAt(set, 'spec'), replicas } };
}

function annotate(object: JsonObject, key: string, value: string): JsonObject {
  const metadata = metadataOf(object);
  const annotations = { ...objectAt(metadata, 'annotations'), [key]: value };
  return { ...object, metadata: { ...metadata, annotations } };
}

function withRevision(live: JsonObject, revision: number): JsonObject | undefined {
  const known = stringAt(objectAt(metadataOf(live), 'annotations'), REVISION);
  return revision === 0 || known === String(revision) ? undefined : annotate(live, REVISION, String(revision));
}

function revisionOf(set: JsonObject): number {
  return Number(stringAt(objectAt(metadataOf(set), 'annotations'), REVISION)) || 0;
}

function newestRevision(sets: readonly StoredObject[]): number {
  return Math.max(0, ...sets.map(({ object }) => revisionOf(object)));
}

function newReplicaSet(deployment: JsonObject, hash: string, replicas: number, revision: number): JsonObject {
  const spec = objectAt(deployment, 'spec') ?? {};
  const template = objectAt(spec, 'template') ?? {};
  const templateMetadata = objectAt(template, 'metadata') ?? {};
  const labels = { ...objectAt(templateMetadata, 'labels'), [HASH_LABEL]: hash };
  const selector = objectAt(spec, 'selector') ?? {};
  const annotations: JsonObject = { ...objectAt(metadataOf(deployment), 'annotations') };
  delete annotations['kubectl.kubernetes.io/last-applied-configuration'];
  return {
    kind: 'ReplicaSet',
    apiVersion: 'apps/v1',
    metadata: {
      name: `${nameOf(deployment)}-${hash}`,
      namespace: stringAt(metadataOf(deployment), 'namespace'),
      labels,
      annotations: {
        ...annotations,
        'deployment.kubernetes.io/desired-replicas': String(replicas),
        'deployment.kubernetes.io/max-replicas': String(Math.ceil(replicas * 1.25)),
        [REVISION]: String(revision),
      },
      ownerReferences: [controllerReference(deployment)],
    },
    spec: {
      replicas,
      selector: { ...selector, matchLabels: { ...objectAt(selector, 'matchLabels'), [HASH_LABEL]: hash } },
      template: { ...template, metadata: { ...templateMetadata, labels } },
    },
  };
}

/** A stable hash of the pod template, in the shape Kubernetes gives its own. */
function templateHash(deployment: JsonObject): string {
  const template = objectAt(objectAt(deployment, 'spec'), 'template') ?? {};
  const digest = createHash('sha256')
    .update(JSON.stringify(sortMembers(template)))
    .digest();
  return Array.from(digest.subarray(0, 10), (byte) => HASH_ALPHABET.charAt(byte % HASH_ALPHABET.length)).join('');
}

function sameTemplate(set: JsonObject, deployment: JsonObject): boolean {
  const template = objectAt(objectAt(set, 'spec'), 'template') ?? {};
  const metadata = objectAt(template, 'metadata') ?? {};
  const { [HASH_LABEL]: _hash, ...labels } = objectAt(metadata, 'labels') ?? {};
  const { labels: _labels, ...rest } = metadata;
  const bare = { ...template, metadata: Object.keys(labels).length === 0 ? rest : { ...rest, labels } };
  return equalJson(bare, objectAt(objectAt(deployment, 'spec'), 'template'));
}

async function writeStatus(
  cluster: Cluster,
  client: InClusterClient,
  deployment: StoredObject,
  hash: string,
  failure: StatusError | undefined,
): Promise<void> {
  const sets = controlledBy(cluster, REPLICA_SETS, deployment).map(({ object }) => object);
  const current = sets.find((set) => sameTemplate(set, deployment.object));
  const sum = (key: string): number =>
    sets.reduce((total, set) => total + (numberAt(objectAt(set, 'status'), key) ?? 0), 0);
  await client.update(DEPLOYMENTS, deployment.namespace, deployment.name, 'status', (object) => {
    const wanted = numberAt(objectAt(object, 'spec'), 'replicas') ?? 1;
    const before = objectAt(object, 'status') ?? {};
    const available = sum('availableReplicas');
    const updated = numberAt(objectAt(current, 'status'), 'replicas') ?? 0;
    const counts: JsonObject = {
      replicas: sum('replicas'),
      updatedReplicas: updated,
      readyReplicas: sum('readyReplicas'),
    };
    counts['availableReplicas'] = available;
    if (available < wanted) {
      counts['unavailableReplicas'] = wanted - available;
    }
    const kept = Object.entries(counts).filter(([, value]) => value !== 0);
    const setName = current === undefined ? `${deployment.name}-${hash}` : nameOf(current);
    const setFailure = replicaFailure(current) ?? failure?.message;
    const conditions = conditionsOf(
      before,
      available >= wanted,
      updated >= wanted && available >= wanted,
      setName,
      setFailure,
      timestamp(cluster.now()),
    );
    const status: JsonObject = {
      observedGeneration: numberAt(metadataOf(object), 'generation') ?? 1,
      ...Object.fromEntries(kept),
      conditions,
    };
    return equalJson(before, status) ? undefined : { ...object, status };
  });
}

function replicaFailure(set: JsonObject | undefined): string | undefined {
  const condition = objectsAt(objectAt(set, 'status'), 'conditions').find((item) => item['type'] === 'ReplicaFailure');
  return condition === undefined ? undefined : stringAt(condition, 'message');
}

function conditionsOf(
  before: JsonObject,
  available: boolean,
  complete: boolean,
  setName: string,
  failure: string | undefined,
  now: string,
): JsonObject[] {
  const wanted = [
    {
      type: 'Available',
      status: available ? 'True' : 'False',
      reason: available ? 'MinimumReplicasAvailable' : 'MinimumReplicasUnavailable',
      message: available ? 'Deployment has minimum availability.' : 'Deployment does not have minimum availability.',
    },
    ...(failure === undefined
      ? []
      : [{ type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message: failure }]),
    {
      type: 'Progressing',
      status: 'True',
      reason: complete ? 'NewReplicaSetAvailable' : 'ReplicaSetUpdated',
      message: complete
        ? `ReplicaSet "${setName}" has successfully progressed.`
        : `ReplicaSet "${setName}" is progressing.`,
    },
  ];
  return wanted.map((condition) => {
    const known = objectsAt(before, 'conditions').find((item) => item['type'] === condition.type);
    const same = known !== undefined && known['status'] === condition.status && known['message'] === condition.message;
    const transition = known?.['status'] === condition.status ? stringAt(known, 'lastTransitionTime') : now;
    return same
      ? known
      : {
          type: condition.type,
          status: condition.status,
          lastUpdateTime: now,
          lastTransitionTime: transition,
          reason: condition.reason,
          message: condition.message,
        };
  });
}
