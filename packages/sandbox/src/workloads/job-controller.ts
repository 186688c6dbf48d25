import type { Cluster } from '../api/cluster.ts';
import { isTerminating, nameOf, timestamp } from '../api/object-metadata.ts';
import { StatusError } from '../api/status-error.ts';
import type { JsonObject } from '../store/json-value.ts';
import { equalJson, numberAt, objectAt, objectsAt, stringAt } from '../store/json-value.ts';
import type { StoredObject } from '../store/resource-store.ts';
import { type Controller, splitKey, startController } from './controller.ts';
import { createInClusterClient, type InClusterClient } from './in-cluster-client.ts';
import { controlledBy, ownedKeys } from './owner-references.ts';
import { createEventRecorder, type EventRecorder } from './record-event.ts';
import { isReady, podFromTemplate } from './replica-controller.ts';

const JOBS = 'jobs.batch';

/** Jobs: pods until enough of them succeeded. */
export function startJobController(cluster: Cluster, onError: (error: unknown) => void): Controller {
  const client = createInClusterClient(cluster, 'job-controller');
  const recorder = createEventRecorder(cluster, 'job-controller');
  return startController(
    cluster,
    {
      storages: [JOBS, 'pods'],
      keys: ownedKeys(JOBS, 'Job'),
      async reconcile(key) {
        const job = cluster.store.get(JOBS, ...splitKey(key));
        if (job !== undefined && !isTerminating(job.object)) {
          await reconcileJob(cluster, client, recorder, job);
        }
      },
    },
    onError,
  );
}

async function reconcileJob(
  cluster: Cluster,
  client: InClusterClient,
  recorder: EventRecorder,
  job: StoredObject,
): Promise<void> {
  const spec = objectAt(job.object, 'spec');
  const completions = numberAt(spec, 'completions') ?? 1;
  const parallelism = numberAt(spec, 'parallelism') ?? 1;
  const pods = controlledBy(cluster, 'pods', job);
  const phaseCount = (phase: string): number =>
    pods.filter(({ object }) => stringAt(objectAt(object, 'status'), 'phase') === phase).length;
  const succeeded = phaseCount('Succeeded');
  const failed = phaseCount('Failed');
  const active = pods.length - succeeded - failed;
  const suspended = spec?.['suspend'] === true;
  const missing = suspended ? 0 : Math.min(parallelism - active, completions - succeeded - active);
  let failure: StatusError | undefined;
  for (let index = 0; index < missing && failure === undefined; index += 1) {
    failure = await createJobPod(client, recorder, job, spec);
  }
  await writeStatus(cluster, client, job, completions);
  if (failure !== undefined) {
    throw failure;
  }
}

async function createJobPod(
  client: InClusterClient,
  recorder: EventRecorder,
  job: StoredObject,
  spec: JsonObject | undefined,
): Promise<StatusError | undefined> {
  try {
    const template = podFromTemplate(job.object);
    const pod = await client.create('pods', job.namespace, template);
    await recorder.record(job.object, 'Normal', 'SuccessfulCreate', `Created pod: ${nameOf(pod)}`);
    return undefined;
  } catch (error) {
    if (!(error instanceof StatusError)) {
      throw error;
    }
    await recorder.record(job.object, 'Warning', 'FailedCreate', `Error creating: ${error.message}`);
    return stringAt(spec, 'completionMode') === '' ? undefined : error;
  }
}

async function writeStatus(
  cluster: Cluster,
  client: InClusterClient,
  job: StoredObject,
  completions: number,
): Promise<void> {
  const pods = controlledBy(cluster, 'pods', job).map(({ object }) => object);
  const inPhase = (phase: string): number =>
    pods.filter((object) => stringAt(objectAt(object, 'status'), 'phase') === phase).length;
  const succeeded = inPhase('Succeeded');
  const failed = inPhase('Failed');
  const active = pods.length - succeeded - failed;
  const now = timestamp(cluster.now());
  await client.update(JOBS, job.namespace, job.name, 'status', (object) => {
    const before = objectAt(object, 'status') ?? {};
    const complete = succeeded >= completions;
    const known = objectsAt(before, 'conditions');
    const status: JsonObject = {
      ...(complete ? { conditions: known.length > 0 ? known : completeConditions(now) } : {}),
      startTime: stringAt(before, 'startTime') || now,
      ...(complete ? { completionTime: stringAt(before, 'completionTime') || now } : {}),
      ...(active === 0 ? {} : { active }),
      ...(succeeded === 0 ? {} : { succeeded }),
      ...(failed === 0 ? {} : { failed }),
      terminating: pods.filter(isTerminating).length,
      uncountedTerminatedPods: {},
      ready: pods.filter(isReady).length,
    };
    return equalJson(before, status) ? undefined : { ...object, status };
  });
}

function completeConditions(now: string): JsonObject[] {
  return ['SuccessCriteriaMet', 'Complete'].map((type) => ({
    type,
    status: 'True',
    lastProbeTime: now,
    lastTransitionTime: now,
    reason: 'CompletionsReached',
    message: 'Reached expected number of succeeded pods',
  }));
}
