import type { Fact } from '@vouchsafe/engine/facts';
import { isEqualJson, type Json, type JsonObject, memberAt } from '@vouchsafe/engine/kernel';
import { failedValue } from './global-value.ts';
import { type GlobalEntry, parseEntry } from './parse-entry.ts';
import type { EntryProgress, RunningEntry } from './running-entry.ts';

/** The GlobalContextEntries of the cluster, each with its value. */
export interface EntryStore {
  /** Takes an object of the cluster; one that says the same as before goes on as it is. */
  upsert(document: JsonObject): void;
  remove(document: JsonObject): void;
  /** `not-found` for an entry that does not exist; why there is no value for one that has none. */
  get(name: string, projection?: string): Fact<Json>;
  /** Where each stands. */
  states(): Iterable<EntryState>;
  /** Resolves when each entry known by now has its first value, or has failed to get one. */
  settled(): Promise<void>;
  stop(): Promise<void>;
}

export interface EntryState {
  readonly document: JsonObject;
  /** Undefined before the first outcome. */
  readonly isReady: boolean | undefined;
  /** Why it is not. */
  readonly message: string;
  /** When a call last succeeded, in milliseconds since 1970. */
  readonly refreshedAt: number | undefined;
}

export interface EntryStoreOptions {
  /** Begins to keep the value of an entry. */
  readonly run: (entry: GlobalEntry, progress: EntryProgress) => RunningEntry;
  /** Entries at most; further ones wait until another goes (`--maxGlobalContextEntries`). 0: any number. */
  readonly maxEntries: number;
  readonly onChange: (state: EntryState) => void;
  readonly now: () => number;
}

interface Known {
  document: JsonObject;
  running: RunningEntry | undefined;
  /** What is served until the changed entry has a value. */
  before: RunningEntry | undefined;
  state: Omit<EntryState, 'document'>;
}

const UNKNOWN: Known['state'] = { isReady: undefined, message: '', refreshedAt: undefined };
const FULL = 'the store of global context entries is full (--maxGlobalContextEntries)';

export function createEntryStore({ run, maxEntries, onChange, now }: EntryStoreOptions): EntryStore {
  const entries = new Map<string, Known>();
  const stopping = new Set<Promise<void>>();

  function end(running: RunningEntry | undefined): void {
    if (!running) return;
    const stopped = running.stop().finally(() => stopping.delete(stopped));
    stopping.add(stopped);
  }

  function runningCount(): number {
    return [...entries.values()].filter(({ running }) => running).length;
  }

  function tell(known: Known, state: Partial<Known['state']>): void {
    known.state = { ...known.state, ...state };
    onChange({ document: known.document, ...known.state });
  }

  function begin(known: Known): void {
    const { entry, diagnostics } = parseEntry(known.document);
    if (!entry) {
      const message = diagnostics.map(({ path, message: text }) => `${path}: ${text}`).join('; ');
      known.running = settledWith(message);
      tell(known, { isReady: false, message });
      return;
    }
    if (maxEntries > 0 && runningCount() >= maxEntries) {
      tell(known, { isReady: false, message: FULL });
      return;
    }
    const isCall = entry.source.kind === 'call';
    const running = run(entry, {
      onSuccess: () =>
        isCurrent(known, running) &&
        tell(known, { isReady: true, message: '', ...(isCall ? { refreshedAt: now() } : {}) }),
      onFailure: (message) => isCurrent(known, running) && tell(known, { isReady: false, message }),
    });
    known.running = running;
    void running.settled.then(() => {
      if (isCurrent(known, running)) endBefore(known);
    });
  }

  function endBefore(known: Known): void {
    end(known.before);
    known.before = undefined;
  }

  return {
    upsert(document) {
      const name = nameOf(document);
      const known = entries.get(name);
      const isSame =
        known &&
        memberAt(known.document, 'metadata', 'uid') === memberAt(document, 'metadata', 'uid') &&
        isEqualJson(memberAt(known.document, 'spec') ?? null, memberAt(document, 'spec') ?? null);
      if (isSame) {
        known.document = document;
        return;
      }
      if (known?.before) end(known.before);
      const fresh: Known = { document, running: undefined, before: known?.running, state: UNKNOWN };
      entries.set(name, fresh);
      begin(fresh);
      if (fresh.state.isReady === false) endBefore(fresh);
    },
    remove(document) {
      const known = entries.get(nameOf(document));
      entries.delete(nameOf(document));
      end(known?.running);
      end(known?.before);
      for (const waiting of entries.values()) if (!waiting.running) begin(waiting);
    },
    get(name, projection) {
      const known = entries.get(name);
      if (!known) return { ok: false, class: 'not-found', message: `failed to fetch entry key=${name}` };
      const serving = known.before ?? known.running ?? failedValue(FULL);
      return serving.get(projection);
    },
    states: () => [...entries.values()].map(({ document, state }) => ({ document, ...state })),
    settled: async () => void (await Promise.all([...entries.values()].map(({ running }) => running?.settled))),
    async stop() {
      for (const { running, before } of entries.values()) {
        end(running);
        end(before);
      }
      entries.clear();
      await Promise.all(stopping);
    },
  };

  function isCurrent(known: Known, running: RunningEntry): boolean {
    return entries.get(nameOf(known.document)) === known && (known.running ?? running) === running;
  }
}

function settledWith(message: string): RunningEntry {
  return { ...failedValue(message), settled: Promise.resolve(), stop: async () => {} };
}

function nameOf(document: JsonObject): string {
  const name = memberAt(document, 'metadata', 'name');
  return typeof name === 'string' ? name : '';
}
