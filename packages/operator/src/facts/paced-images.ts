import { setTimeout as delay } from 'node:timers/promises';
import { type Cancellation, type FactRequest, type FactSource, factKey } from '@vouchsafe/engine/facts';

export interface PaceOptions {
  /** Images asked about, each second at most. */
  readonly perSecond: number;
  /** Milliseconds. */
  readonly now?: () => number;
  readonly wait?: (ms: number) => Promise<unknown>;
}

/** Questions remembered, so that one that was asked a moment ago, and is answered from caches, need not wait. */
const MAX_ASKED = 10_000;
/** What several requests to a registry answer; a digest costs one, and none where an image is verified. */
const PACED: ReadonlySet<FactRequest['kind']> = new Set(['image-verification', 'image-data']);
/** Milliseconds they are remembered. */
const ASKED_MS = 60_000;

/**
 * The same source, asked about images no faster than told: scans leave registries to admission. Other questions, and those
 * about an image that was asked about a moment ago, go through at once. A question whose time ends while it waits is asked
 * all the same: the source says what it knows by then.
 */
export function createPacedImages(source: FactSource, options: PaceOptions): FactSource {
  const { perSecond, now = Date.now, wait = (ms) => delay(ms) } = options;
  const between = 1000 / perSecond;
  const asked = new Map<string, number>();
  let next = 0;

  async function pace(request: FactRequest, signal: Cancellation | undefined): Promise<void> {
    if (!PACED.has(request.kind) || signal?.aborted === true) return;
    const at = now();
    const key = factKey(request);
    if (at - (asked.get(key) ?? Number.NEGATIVE_INFINITY) < ASKED_MS) return;
    if (asked.size >= MAX_ASKED) asked.clear();
    asked.set(key, at);
    const turn = Math.max(next, at);
    next = turn + between;
    if (turn > at) await wait(turn - at);
  }

  return {
    ...source,
    async fetch(requests, signal) {
      await Promise.all(requests.map((request) => pace(request, signal)));
      return source.fetch(requests, signal);
    },
  };
}
