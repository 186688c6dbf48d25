import type { FactSource } from '@vouchsafe/engine/facts';
import { type JsonObject, memberAt } from '@vouchsafe/engine/kernel';
import { type GroupVersionResource, isKubeError, type KubeClient } from '@vouchsafe/kube';
import { computeEntryStatus } from '../global-context/entry-status.ts';
import { createEntryStore, type EntryState } from '../global-context/entry-store.ts';
import { followResource } from '../global-context/follow-resource.ts';
import { createGlobalContextFacts } from '../global-context/global-context-facts.ts';
import { refreshCall } from '../global-context/refresh-call.ts';
import type { EventSender } from '../reports/event-sender.ts';
import { type Logger, messageOf } from '../settings/logger.ts';
import type { OperatorSettings } from '../settings/operator-settings.ts';
import { followObjects } from './cluster-view.ts';

export interface GlobalContext {
  readonly facts: FactSource;
  /** Resolves when the entries are known and have values, or soon after: one that cannot be had holds nothing up. */
  readonly synced: Promise<unknown>;
  /** Writes the statuses that differ: leadership began. */
  tellAll(): void;
  stop(): Promise<void>;
}

export interface GlobalContextOptions {
  readonly client: KubeClient;
  readonly settings: Pick<OperatorSettings, 'maxGlobalContextEntries' | 'apiCallTimeoutMs'>;
  /** Answers `api-call` and `service-call`. */
  readonly facts: FactSource;
  /** Statuses and events are one replica's to write; each has the values. */
  readonly mayWrite: () => boolean;
  readonly events: Pick<EventSender, 'tell'>;
  readonly log: Logger;
  readonly now: () => number;
}

const ENTRIES: GroupVersionResource = { group: 'kyverno.io', version: 'v2beta1', resource: 'globalcontextentries' };
/** Milliseconds that readiness waits for first values. */
const PATIENCE_MS = 5_000;

/** Follows the GlobalContextEntries of the cluster (kyverno-core §1.5). */
export function startGlobalContext(options: GlobalContextOptions): GlobalContext {
  const { client, settings, facts, mayWrite, events, log, now } = options;

  async function writeStatus(state: EntryState): Promise<void> {
    const status = computeEntryStatus(state, now());
    const name = memberAt(state.document, 'metadata', 'name');
    if (!mayWrite() || !status || typeof name !== 'string') return;
    try {
      await client.patch(ENTRIES, { name, subresource: 'status' }, 'merge', { status });
    } catch (error) {
      if (isKubeError(error, 'NotFound') || isKubeError(error, 'Conflict')) return;
      log.warn({ entry: name, error: messageOf(error) }, 'the status of a global context entry was not written');
    }
  }

  function tellFailure({ document, message }: EntryState): void {
    const regarding = referenceTo(document);
    log.warn({ entry: String(regarding['name']), error: message }, 'a global context entry has no value');
    if (!mayWrite()) return;
    const draft = { reason: 'PolicyError', action: 'Retrying', note: message, namespace: 'default' } as const;
    events.tell({ ...draft, regarding }, 'globalcontext-controller');
  }

  const entries = createEntryStore({
    run: (entry, progress) => {
      const { source } = entry;
      if (source.kind === 'resource') return followResource({ ...entry, source }, { client, now, ...progress });
      return refreshCall({ ...entry, source }, { facts, timeoutMs: settings.apiCallTimeoutMs, now, ...progress });
    },
    maxEntries: settings.maxGlobalContextEntries,
    onChange: (state) => {
      if (state.isReady === false) tellFailure(state);
      void writeStatus(state);
    },
    now,
  });
  const informer = followObjects(client, ENTRIES, log, {
    upsert: entries.upsert,
    remove: entries.remove,
    isOptional: true,
  });
  let overdue: NodeJS.Timeout | undefined;
  const patience = new Promise<void>((resolve) => {
    overdue = setTimeout(resolve, PATIENCE_MS);
  });
  return {
    facts: createGlobalContextFacts(entries),
    synced: Promise.race([informer.synced.then(entries.settled), patience]),
    tellAll: () => {
      for (const state of entries.states()) void writeStatus(state);
    },
    async stop() {
      clearTimeout(overdue);
      await informer.stop();
      await entries.stop();
    },
  };
}

function referenceTo(document: JsonObject): JsonObject {
  const [name, uid] = ['name', 'uid'].map((key) => memberAt(document, 'metadata', key) ?? '');
  return { apiVersion: document['apiVersion'] ?? '', kind: document['kind'] ?? '', name: name ?? '', uid: uid ?? '' };
}
