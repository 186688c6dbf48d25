import type { Json } from '../kernel/json.ts';
import type { Fact } from './fact.ts';
import type { FactKind, FactRequest } from './fact-request.ts';

/** What the engine needs of an `AbortSignal`, which it has no type for: every AbortSignal is one. */
export interface Cancellation {
  readonly aborted: boolean;
  addEventListener(type: 'abort', listener: () => void, options?: { readonly once?: boolean }): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

/** Turns requests into facts. Shells implement it; the engine only calls it between rounds. */
export interface FactSource {
  /** The kinds this source answers. */
  readonly kinds: ReadonlySet<FactKind>;
  /**
   * One fact a request, in order. Never rejects: failures are facts. `signal` ends the wait; what is not known by
   * then is answered `timed-out`. The value of an image-verification fact is an `ImageVerification`, that of a
   * signed-message a `SignedMessage`, that of a manifest-verification a `ManifestVerification`.
   */
  fetch(requests: readonly FactRequest[], signal: Cancellation | undefined): Promise<readonly Fact<Json>[]>;
  /** The answer when it is at hand, without waiting for anything; `undefined`: `fetch` it. Never throws. */
  known?(request: FactRequest): Fact<Json> | undefined;
}

/** One source for all kinds: each request goes to the first source that answers its kind; else `unavailable`. */
export function combineSources(sources: readonly FactSource[]): FactSource {
  const kinds = new Set(sources.flatMap((source) => [...source.kinds]));
  return {
    kinds,
    known: (request) => sources.find((source) => source.kinds.has(request.kind))?.known?.(request),
    async fetch(requests, signal) {
      const answers = new Array<Fact<Json>>(requests.length);
      await Promise.all(
        sources.map(async (source, order) => {
          const mine = requests
            .map((request, index) => ({ request, index }))
            .filter(({ request }) => sources.findIndex((candidate) => candidate.kinds.has(request.kind)) === order);
          if (mine.length === 0) return;
          const facts = await source.fetch(
            mine.map(({ request }) => request),
            signal,
          );
          for (const [at, { index }] of mine.entries()) {
            answers[index] = facts[at] ?? unavailable('the source gave no answer');
          }
        }),
      );
      return requests.map((request, index) => answers[index] ?? unavailable(`no source answers \`${request.kind}\``));
    },
  };
}

function unavailable(message: string): Fact<Json> {
  return { ok: false, class: 'unavailable', message };
}
