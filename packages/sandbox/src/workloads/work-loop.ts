/** A set of keys being worked off one after the other; a key queued twice runs once. */
export interface WorkLoop {
  add(key: string, delayMilliseconds?: number): void;
  stop(): void;
}

const REPORTED_AFTER = 8;
const LONGEST_RETRY = 15_000;
const FIRST_RETRY = 100;

/**
 * Runs `work` for each queued key, never twice at once for the same loop. A failing key is tried again,
 * later each time, and reported once when it goes on failing.
 */
export function createWorkLoop(work: (key: string) => Promise<void>, onError: (error: unknown) => void): WorkLoop {
  const queue = new Set<string>();
  const failures = new Map<string, number>();
  const timers = new Set<NodeJS.Timeout>();
  let running = false;
  let stopped = false;

  function later(key: string, delay: number): void {
    const timer = setTimeout(() => {
      timers.delete(timer);
      enqueue(key);
    }, delay);
    timers.add(timer);
  }

  function enqueue(key: string): void {
    if (stopped) {
      return;
    }
    queue.add(key);
    if (!running) {
      running = true;
      // Not at once: a controller reacts to a change after the request that made it.
      setImmediate(drain);
    }
  }

  async function drain(): Promise<void> {
    for (const key of queue) {
      if (stopped) {
        break;
      }
      queue.delete(key);
      // Work may never leave the microtask queue: requests and timers get their turn between keys.
      await new Promise((resolve) => setImmediate(resolve));
      try {
        await work(key);
        failures.delete(key);
      } catch (error) {
        failed(key, error);
      }
    }
    running = false;
    if (queue.size > 0 && !stopped) {
      running = true;
      setImmediate(drain);
    }
  }

  function failed(key: string, error: unknown): void {
    const count = (failures.get(key) ?? 0) + 1;
    failures.set(key, count);
    if (count === REPORTED_AFTER) {
      onError(error);
    }
    later(key, Math.min(LONGEST_RETRY, FIRST_RETRY * 2 ** (count - 1)));
  }

  return {
    add(key, delayMilliseconds = 0) {
      if (stopped) {
        return;
      }
      if (delayMilliseconds > 0) {
        later(key, delayMilliseconds);
      } else {
        enqueue(key);
      }
    },
    stop() {
      stopped = true;
      queue.clear();
      for (const timer of timers) {
        clearTimeout(timer);
      }
      timers.clear();
    },
  };
}
