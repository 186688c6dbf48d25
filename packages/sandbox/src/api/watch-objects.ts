import type { JsonObject } from '../store/json-value.ts';
import { objectAt } from '../store/json-value.ts';
import type { StoredObject, StoreEvent } from '../store/resource-store.ts';
import type { Cluster } from './cluster.ts';
import { textOf, toRequestVersion } from './convert.ts';
import type { ListOptions } from './list-options.ts';
import { parseListOptions } from './list-options.ts';
import { withMetadata } from './object-metadata.ts';
import { apiVersionOf } from './resource-definition.ts';
import type { ResourceRequest } from './resource-request.ts';
import { expired } from './status-error.ts';
import { isSorted } from './strategy.ts';

/** Where a watch writes: one line per event. */
export interface WatchSink {
  /** Takes one event; false asks the watch to end (a client that does not read). */
  send(line: string): boolean;
  /** Ends the stream cleanly. */
  end(): void;
}

/** How objects are printed in events. */
export interface WatchFormat {
  /** Text of the object of an event; `text` is its plain form. */
  print(object: JsonObject, text: string, bookmark: boolean): string;
}

/** A running watch. */
export interface RunningWatch {
  stop(): void;
}

interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: JsonObject;
  readonly text: string;
}

const BOOKMARK_INTERVAL = 30_000;
const LONGEST_WATCH_SECONDS = 3_600;

/** Checks the options and starts a watch. Throws only before anything is written. */
export function prepareWatch(
  cluster: Cluster,
  request: ResourceRequest,
): (format: WatchFormat, sink: WatchSink) => RunningWatch {
  const options = parseListOptions(request.definition, request.query, true);
  return (format, sink) => runWatch(cluster, request, options, format, sink);
}

function runWatch(
  cluster: Cluster,
  request: ResourceRequest,
  options: ListOptions,
  format: WatchFormat,
  sink: WatchSink,
): RunningWatch {
  const { definition } = request;
  const wanted = matcher(request, options);
  const cleanups: (() => void)[] = [];
  let stopped = false;
  let sentRevision = 0;

  function stop(): void {
    if (!stopped) {
      stopped = true;
      for (const cleanup of cleanups) {
        cleanup();
      }
    }
  }

  function write(line: string): void {
    if (!stopped && !sink.send(`${line}\n`)) {
      stop();
      sink.end();
    }
  }

  function writeEvent({ type, object, text }: WatchEvent): void {
    write(`{"type":"${type}","object":${format.print(object, text, false)}}`);
  }

  function writeStored(stored: StoredObject): void {
    writeEvent({
      type: 'ADDED',
      object: toRequestVersion(definition, stored.object),
      text: textOf(definition, stored),
    });
  }

  function writeBookmark(initialEventsEnd: boolean): void {
    const annotations = initialEventsEnd ? { annotations: { 'k8s.io/initial-events-end': 'true' } } : {};
    const metadata = { ...annotations, resourceVersion: String(cluster.store.revision) };
    const shape = isSorted(definition)
      ? { apiVersion: apiVersionOf(definition), kind: definition.kind, metadata }
      : { kind: definition.kind, apiVersion: apiVersionOf(definition), metadata };
    sentRevision = cluster.store.revision;
    write(`{"type":"BOOKMARK","object":${format.print(shape, JSON.stringify(shape), true)}}`);
  }

  function onEvent(event: StoreEvent): void {
    const shown = shownEvent(event);
    if (shown !== undefined) {
      sentRevision = event.revision;
      writeEvent(shown);
    }
  }

  /** The event as this watch sees it: entering the selection is ADDED, leaving it is DELETED. */
  function shownEvent({ type, current, previous, revision }: StoreEvent): WatchEvent | undefined {
    const before = previous !== undefined && wanted(previous);
    const after = type !== 'DELETED' && wanted(current);
    if (after) {
      const object = toRequestVersion(definition, current.object);
      return { type: before ? 'MODIFIED' : 'ADDED', object, text: textOf(definition, current) };
    }
    if (!before || previous === undefined) {
      return undefined;
    }
    const last = type === 'DELETED' ? current.object : previous.object;
    const object = toRequestVersion(
      definition,
      withMetadata(last, { resourceVersion: String(revision) }, isSorted(definition)),
    );
    return { type: 'DELETED', object, text: JSON.stringify(object) };
  }

  function writeInitial(): void {
    const namespace = definition.namespaced && request.namespace !== '' ? request.namespace : undefined;
    for (const stored of cluster.store.list(definition.storage, namespace)) {
      if (stopped) {
        return;
      }
      if (wanted(stored)) {
        writeStored(stored);
      }
    }
  }

  const from = options.resourceVersion;
  const fromNow = from === undefined || from === 0 || options.sendInitialEvents;
  if (fromNow) {
    writeInitial();
    if (options.sendInitialEvents && options.allowWatchBookmarks) {
      writeBookmark(true);
    }
  } else {
    const missed = cluster.store.eventsAfter(definition.storage, from);
    if (missed === undefined) {
      const oldest = cluster.store.oldestRevision(definition.storage);
      const status = JSON.stringify(expired(`too old resource version: ${from} (${oldest})`).status);
      write(`{"type":"ERROR","object":${status}}`);
      sink.end();
      return { stop };
    }
    for (const event of missed) {
      onEvent(event);
    }
  }
  if (!stopped) {
    // Nothing can change between the replay above and this line: the store works in one thread.
    const subscription = cluster.store.subscribe(definition.storage, (event) => {
      if (from === undefined || event.revision > from) {
        onEvent(event);
      }
    });
    cleanups.push(() => subscription.stop());
    const seconds = Math.min(options.timeoutSeconds ?? 1_800, LONGEST_WATCH_SECONDS);
    const timeout = setTimeout(() => {
      stop();
      sink.end();
    }, seconds * 1000);
    cleanups.push(() => clearTimeout(timeout));
    if (options.allowWatchBookmarks) {
      const interval = setInterval(() => {
        if (cluster.store.revision > sentRevision) {
          writeBookmark(false);
        }
      }, BOOKMARK_INTERVAL);
      cleanups.push(() => clearInterval(interval));
    }
  }
  return { stop };
}

function matcher(request: ResourceRequest, options: ListOptions): (stored: StoredObject) => boolean {
  const { definition, namespace } = request;
  const oneNamespace = definition.namespaced && namespace !== '';
  const { selects } = options;
  return (stored) => (!oneNamespace || stored.namespace === namespace) && (selects === undefined || selects(stored));
}

/** Metadata of an event's object, for formats that need its version. */
export function resourceVersionOf(object: JsonObject): string {
  const version = objectAt(object, 'metadata')?.['resourceVersion'];
  return typeof version === 'string' ? version : '';
}
