import { failureOfCall } from '@vouchsafe/engine';
import type { Fact, FactSource } from '@vouchsafe/engine/facts';
import type { Json } from '@vouchsafe/engine/kernel';
import { wait } from '@vouchsafe/kube';
import { createGlobalValue, failedValue, type GlobalValue } from './global-value.ts';
import type { CallSource, GlobalEntry } from './parse-entry.ts';
import type { EntryProgress, RunningEntry } from './running-entry.ts';

export interface RefreshCallOptions extends EntryProgress {
  /** Answers `api-call` and `service-call`. */
  readonly facts: FactSource;
  /** Milliseconds one attempt may take. */
  readonly timeoutMs: number;
  readonly now: () => number;
}

/** Milliseconds before the second attempt; each further one waits five times as long. */
const FIRST_WAIT_MS = 10;
const FACTOR = 5;

/**
 * Calls at once and then at each interval. After a refresh that failed its error is served until one succeeds: the old
 * value may say what is no longer so.
 */
export function refreshCall(
  { source, projections }: GlobalEntry & { readonly source: CallSource },
  { facts, timeoutMs, now, onSuccess, onFailure }: RefreshCallOptions,
): RunningEntry {
  const controller = new AbortController();
  const { signal } = controller;
  const settled = Promise.withResolvers<void>();
  let value: GlobalValue = failedValue('no data available');

  async function run(): Promise<void> {
    while (!signal.aborted) {
      const fact = await attempt();
      if (signal.aborted) return;
      if (fact.ok) {
        value =
          fact.value === null ? failedValue('no data available') : createGlobalValue(fact.value, projections, now);
        onSuccess();
      } else {
        const message = failureOfCall(source.request, fact.message);
        value = failedValue(message);
        onFailure(message);
      }
      settled.resolve();
      await wait(source.refreshMs, signal).catch(() => undefined);
    }
  }

  async function attempt(): Promise<Fact<Json>> {
    let fact = await call();
    for (let tried = 1; !fact.ok && tried < source.attempts && !signal.aborted; tried += 1) {
      await wait(FIRST_WAIT_MS * FACTOR ** (tried - 1), signal).catch(() => undefined);
      fact = await call();
    }
    return fact;
  }

  async function call(): Promise<Fact<Json>> {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
    const [fact] = await facts.fetch([source.request], limit);
    return fact ?? { ok: false, class: 'unavailable', message: 'nothing answers such calls' };
  }

  const running = run();
  return {
    get: (projection) => value.get(projection),
    settled: settled.promise,
    async stop() {
      controller.abort();
      settled.resolve();
      await running;
    },
  };
}
