import { startDeadline } from '../client/deadline.ts';
import type { KubeClient } from '../client/kube-client.ts';
import { isKubeError } from '../client/kube-error.ts';
import { wait } from '../client/wait.ts';
import type { GroupVersionResource } from '../model/group-version.ts';
import type { KubernetesObject } from '../model/kubernetes-object.ts';
import { type BackoffOptions, createBackoff } from './backoff.ts';
import { createObjectStore, type ObjectChange } from './object-store.ts';
import { keepMetadataOnly, stripManagedFields } from './transforms.ts';
import { watchEvents } from './watch-events.ts';

export interface InformerOptions {
  readonly client: Pick<KubeClient, 'list' | 'stream'>;
  readonly gvr: GroupVersionResource;
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** Keep and report metadata alone; the server sends no more than that. */
  readonly metadataOnly?: boolean;
  /** What is kept of an object; must keep name, namespace, uid and resourceVersion. Default: all but managedFields. */
  readonly transform?: (object: KubernetesObject) => KubernetesObject;
  /** Called in order, once per change, with the store already changed. */
  readonly onChange?: (change: ObjectChange) => void;
  /** Told of failures it recovers from, and of errors thrown by `onChange`. */
  readonly onError?: (error: unknown) => void;
  /** More objects than this fail the list; 500,000 unless told. */
  readonly maximumItems?: number;
  /** Waits between failed attempts; 0.8 s to 30 s unless told. */
  readonly backoff?: BackoffOptions;
  /** Between lists where listing is granted and watching is not; 5 s unless told. */
  readonly pollMilliseconds?: number;
}

/** A local copy of a collection that follows the API server. */
export interface Informer {
  readonly get: (name: string, namespace?: string) => KubernetesObject | undefined;
  readonly list: (namespace?: string) => readonly KubernetesObject[];
  /** True once the first list is in the store and its changes were reported; false when stopped before. */
  readonly synced: Promise<boolean>;
  readonly hasSynced: () => boolean;
  /** Resolves when nothing more will be reported. */
  readonly stop: () => Promise<void>;
}

const defaultPollMilliseconds = 5_000;
const defaultBackoff: BackoffOptions = { initialMilliseconds: 800, maximumMilliseconds: 30_000 };
const defaultMaximumItems = 500_000;
/** A watch that cannot be opened this often in a row is not tried further without a fresh list. */
const maximumWatchFailures = 5;
/** A watch open this long without an event was fine: the next one may start at once. */
const quietWatchMilliseconds = 30_000;

/**
 * Lists a collection, then watches it from the list's resource version, with bookmarks. A watch that ends is opened again
 * where it stopped; a version that is too old (410) leads to a new list whose differences are reported, including
 * deletes that were missed. No change is lost or reported twice. Fails never, waits longer each time.
 */
export function startInformer(options: InformerOptions): Informer {
  const controller = new AbortController();
  const store = createObjectStore();
  const synced = Promise.withResolvers<boolean>();
  let hasSynced = false;
  const report = (error: unknown): void => options.onError?.(error);
  const publish = (changes: readonly ObjectChange[]): void => {
    for (const change of changes) {
      try {
        options.onChange?.(change);
      } catch (error) {
        report(error);
      }
    }
  };
  const loop = follow({
    options,
    signal: controller.signal,
    report,
    onList: (objects) => {
      publish(store.replace(objects));
      hasSynced = true;
      synced.resolve(true);
    },
    onPut: (object) => publish(store.put(object)),
    onRemove: (object) => publish(store.remove(object)),
  }).finally(() => synced.resolve(false));
  return {
    get: store.get,
    list: store.list,
    synced: synced.promise,
    hasSynced: () => hasSynced,
    stop: async () => {
      controller.abort(new DOMException('the informer was stopped', 'AbortError'));
      await loop;
    },
  };
}

interface Follower {
  readonly options: InformerOptions;
  readonly signal: AbortSignal;
  readonly report: (error: unknown) => void;
  readonly onList: (objects: readonly KubernetesObject[]) => void;
  readonly onPut: (object: KubernetesObject) => void;
  readonly onRemove: (object: KubernetesObject) => void;
}

async function follow(follower: Follower): Promise<void> {
  const { options, signal, report } = follower;
  const backoff = createBackoff(options.backoff ?? defaultBackoff);
  while (!signal.aborted) {
    let isListed = false;
    try {
      const resourceVersion = await listOnce(follower);
      isListed = true;
      if (await watchFrom(follower, resourceVersion)) backoff.reset();
    } catch (error) {
      if (signal.aborted) return;
      report(error);
      if (isListed && isKubeError(error, 'Forbidden')) {
        await wait(options.pollMilliseconds ?? defaultPollMilliseconds, signal).catch(() => undefined);
        continue;
      }
    }
    // Also after an expired version: a server that answers 410 at once must not be asked in a tight loop.
    await wait(backoff.next(), signal).catch(() => undefined);
  }
}

async function listOnce({ options, signal, onList }: Follower): Promise<string> {
  const { client, gvr, namespace, labelSelector, fieldSelector, metadataOnly = false, maximumItems } = options;
  const { items, resourceVersion } = await client.list(gvr, {
    namespace,
    labelSelector,
    fieldSelector,
    metadataOnly,
    maximumItems: maximumItems ?? defaultMaximumItems,
    transform: transformOf(options),
    signal,
  });
  signal.throwIfAborted();
  onList(items);
  return resourceVersion;
}

/**
 * Watches until a new list is needed: returns when the version is too old, and whether any event was seen before; throws
 * when watching keeps failing.
 */
async function watchFrom(follower: Follower, listVersion: string): Promise<boolean> {
  const { options, signal, report } = follower;
  const backoff = createBackoff(options.backoff ?? defaultBackoff);
  let resourceVersion = listVersion;
  for (let failures = 0; !signal.aborted; ) {
    const versionBefore = resourceVersion;
    const startedAt = performance.now();
    try {
      for await (const version of watchOnce(follower, resourceVersion)) resourceVersion = version;
    } catch (error) {
      if (signal.aborted) break;
      if (isKubeError(error) && error.code === 410) break;
      if (isKubeError(error, 'Forbidden')) throw error;
      report(error);
      failures += 1;
      if (failures >= maximumWatchFailures && resourceVersion === versionBefore) throw error;
    }
    const isHealthy = resourceVersion !== versionBefore || performance.now() - startedAt > quietWatchMilliseconds;
    if (isHealthy) {
      failures = 0;
      backoff.reset();
    } else {
      await wait(backoff.next(), signal).catch(() => undefined);
    }
  }
  return resourceVersion !== listVersion;
}

/** Applies the events of one watch and yields the resource version after each. */
async function* watchOnce(follower: Follower, resourceVersion: string): AsyncGenerator<string> {
  const { options, signal, onPut, onRemove } = follower;
  const { client, gvr, namespace, labelSelector, fieldSelector, metadataOnly = false } = options;
  const transform = transformOf(options);
  // Five to ten minutes, so that many informers do not come back at once.
  const timeoutSeconds = 300 + Math.floor(Math.random() * 300);
  // A connection that died without a word would otherwise be listened to for ever.
  const deadline = startDeadline((timeoutSeconds + 30) * 1000, signal);
  try {
    const watch = { namespace, labelSelector, fieldSelector, metadataOnly, resourceVersion, timeoutSeconds };
    for await (const { type, object } of watchEvents(client, gvr, { ...watch, signal: deadline.signal })) {
      if (signal.aborted) return;
      if (type === 'DELETED') onRemove(transform(object));
      else if (type !== 'BOOKMARK') onPut(transform(object));
      if (object.metadata.resourceVersion) yield object.metadata.resourceVersion;
    }
  } finally {
    deadline.release();
  }
}

function transformOf({ metadataOnly = false, transform = stripManagedFields }: InformerOptions) {
  return metadataOnly ? (object: KubernetesObject) => transform(keepMetadataOnly(object)) : transform;
}
