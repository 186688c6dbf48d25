/** Work for after the answer: so many at once, so many waiting, the rest dropped and counted. */
export interface AuditPool {
  enqueue(work: () => Promise<void>): void;
  readonly dropped: number;
  /** Resolves when nothing is running or waiting. */
  drain(): Promise<void>;
}

export interface AuditPoolOptions {
  /** Kyverno's `--maxAuditWorkers`. */
  readonly workers?: number;
  /** Kyverno's `--maxAuditCapacity`. */
  readonly capacity?: number;
  readonly onError: (error: unknown) => void;
}

export function createAuditPool({ workers = 8, capacity = 1000, onError }: AuditPoolOptions): AuditPool {
  const waiting: (() => Promise<void>)[] = [];
  const idle: (() => void)[] = [];
  let running = 0;
  let dropped = 0;

  async function run(): Promise<void> {
    running += 1;
    for (let work = waiting.shift(); work; work = waiting.shift()) await work().catch(onError);
    running -= 1;
    if (running === 0) for (const resolve of idle.splice(0)) resolve();
  }

  return {
    get dropped() {
      return dropped;
    },
    enqueue(work) {
      if (waiting.length >= capacity) {
        dropped += 1;
        return;
      }
      waiting.push(work);
      if (running < workers) void run();
    },
    drain: () => (running === 0 ? Promise.resolve() : new Promise((resolve) => idle.push(resolve))),
  };
}
