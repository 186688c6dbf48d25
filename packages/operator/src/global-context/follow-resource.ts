import {
  type KubeClient,
  type KubernetesObject,
  startInformer,
  stripManagedFields,
  toApiVersion,
  wait,
} from '@vouchsafe/kube';
import { jsonOf } from '../settings/json-of.ts';
import { messageOf } from '../settings/logger.ts';
import { createGlobalValue, failedValue, type GlobalValue } from './global-value.ts';
import type { GlobalEntry, ResourceSource } from './parse-entry.ts';
import type { EntryProgress, RunningEntry } from './running-entry.ts';

export interface FollowResourceOptions extends EntryProgress {
  readonly client: KubeClient;
  readonly now: () => number;
}

/** Objects of one entry at most; more of them are refused rather than held. */
const MAX_OBJECTS = 100_000;
const RETRY_MS = 5_000;

/**
 * Watches a collection; the value is the list of its objects, whole but for `managedFields`. It is served once the
 * collection is known, and goes on while the API server is away.
 */
export function followResource(
  { source, projections }: GlobalEntry & { readonly source: ResourceSource },
  { client, now, onSuccess, onFailure }: FollowResourceOptions,
): RunningEntry {
  const { gvr, namespace } = source;
  const controller = new AbortController();
  const stopped: (() => Promise<void>)[] = [];
  const settled = Promise.withResolvers<void>();
  let value: GlobalValue = failedValue('no data available');
  let list: (() => GlobalValue) | undefined;

  function fail(error: unknown): void {
    const message = `failed to sync cache for ${gvr.group}/${gvr.version}, Resource=${gvr.resource}: ${messageOf(error)}`;
    value = failedValue(message);
    settled.resolve();
    onFailure(message);
  }

  async function start(): Promise<void> {
    const kind = await findKind();
    if (kind === undefined) return;
    let current: GlobalValue | undefined;
    const informer = startInformer({
      client,
      gvr,
      ...(namespace === undefined ? {} : { namespace }),
      maximumItems: MAX_OBJECTS,
      transform: (object) => withType(stripManagedFields(object), toApiVersion(gvr), kind),
      onChange: () => {
        current = undefined;
      },
      onError: (error) => {
        if (!informer.hasSynced()) fail(error);
      },
    });
    stopped.push(informer.stop);
    if (controller.signal.aborted) return informer.stop();
    if (!(await informer.synced)) return;
    list = () => (current ??= createGlobalValue(informer.list().map(jsonOf), projections, now));
    settled.resolve();
    onSuccess();
  }

  /** Objects of a list do not say their kind: the resource does. One that is not served yet is waited for. */
  async function findKind(): Promise<string | undefined> {
    while (!controller.signal.aborted) {
      try {
        const found = await client.discovery.findResource(gvr);
        if (found) return found.kind;
        fail('the resource may not exist in the cluster');
        client.discovery.invalidate();
      } catch (error) {
        fail(error);
      }
      await wait(RETRY_MS, controller.signal).catch(() => undefined);
    }
    return undefined;
  }

  const running = start();
  return {
    get: (projection) => (list ? list() : value).get(projection),
    settled: settled.promise,
    async stop() {
      controller.abort();
      settled.resolve();
      await Promise.all(stopped.map((stop) => stop()));
      await running;
    },
  };
}

function withType(object: KubernetesObject, apiVersion: string, kind: string): KubernetesObject {
  return object.apiVersion === apiVersion && object.kind === kind ? object : { ...object, apiVersion, kind };
}
