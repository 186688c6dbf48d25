import { wait } from './wait.ts';

export interface RateLimiter {
  /** Resolves when a request may go; first come, first served. Rejects with the signal's reason when aborted. */
  readonly acquire: (signal?: AbortSignal) => Promise<void>;
}

/** A token bucket: `burst` requests at once, then `queriesPerSecond`. A rate of 0 or less means no limit. */
export function createRateLimiter(queriesPerSecond: number, burst: number): RateLimiter {
  if (queriesPerSecond <= 0) return { acquire: async (signal) => signal?.throwIfAborted() };
  const capacity = Math.max(1, burst);
  let tokens = capacity;
  let filledAt = performance.now();
  const refill = (): void => {
    const now = performance.now();
    tokens = Math.min(capacity, tokens + ((now - filledAt) / 1000) * queriesPerSecond);
    filledAt = now;
  };
  return {
    acquire: async (signal) => {
      signal?.throwIfAborted();
      refill();
      // A debt reserves a place in line: the wait is until the bucket would be back at zero.
      tokens -= 1;
      if (tokens >= 0) return;
      try {
        await wait((-tokens / queriesPerSecond) * 1000, signal);
      } catch (error) {
        tokens += 1;
        throw error;
      }
    },
  };
}
