/** Work for after the answer: so many at once, so many waiting, the rest dropped and counted. */
export interface AuditPool {
  enqueue(work: AuditWork): void;
  readonly dropped: number;
  /** Resolves when nothing is running or waiting. */
  drain(): Promise<void>;
}

/** Work that waits for nothing answers nothing. */
export type AuditWork = () => Promise<void> | undefined;

export interface AuditPoolOptions {
  /** Kyverno's `--maxAuditWorkers`. */
  readonly workers?: number;
  /** Kyverno's `--maxAuditCapacity`. */
  readonly capacity?: number;
  readonly onError: (error: unknown) => void;
}

/** Milliseconds of such work in one turn; then requests that have come meanwhile go first. */
const SLICE_MS = 2;

export function createAuditPool({ workers = 8, capacity = 1000, onError }: AuditPoolOptions): AuditPool {
  const waiting: AuditWork[] = [];
  const idle: (() => void)[] = [];
  let running = 0;
  let dropped = 0;
  let isDue = false;

  /** Not in the turn that asked for it, whose answers are still to be written. */
  function schedule(): void {
    if (isDue) return;
    isDue = true;
    setImmediate(start);
  }

  function start(): void {
    isDue = false;
    const until = performance.now() + SLICE_MS;
    while (running < workers && waiting.length > 0 && performance.now() < until) run(waiting.shift());
    goOn();
  }

  function run(work: AuditWork | undefined): void {
    try {
      const pending = work?.();
      if (!pending) return;
      running += 1;
      pending.catch(onError).finally(() => {
        running -= 1;
        goOn();
      });
    } catch (error) {
      onError(error);
    }
  }

  function goOn(): void {
    if (waiting.length > 0) {
      if (running < workers) schedule();
    } else if (running === 0 && !isDue) {
      for (const resolve of idle.splice(0)) resolve();
    }
  }

  return {
    get dropped() {
      return dropped;
    },
    enqueue(work) {
      if (waiting.length >= capacity + workers - running) {
        dropped += 1;
        return;
      }
      waiting.push(work);
      if (running < workers) schedule();
    },
    drain: () =>
      running === 0 && waiting.length === 0 ? Promise.resolve() : new Promise((resolve) => idle.push(resolve)),
  };
}
