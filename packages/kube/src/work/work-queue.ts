/** What a round of work asks for: nothing, or another round after a time. */
export type WorkResult = undefined | { readonly requeueAfterMilliseconds: number };

export interface WorkQueueOptions {
  /** Does the work for one key. Rejecting means failure: the key comes back after its back-off. */
  readonly process: (key: string, signal: AbortSignal) => Promise<WorkResult>;
  /** Keys in work at once; 2 unless told. */
  readonly workers?: number;
  /** Keys known at once, waiting, delayed or in work; 100,000 unless told. */
  readonly maximumKeys?: number;
  /** After the first failure; doubles with each further one. 5 ms unless told. */
  readonly initialBackoffMilliseconds?: number;
  /** 1000 s unless told. */
  readonly maximumBackoffMilliseconds?: number;
  /** Failures of a key in a row after which it is dropped; no limit unless told. */
  readonly maximumFailures?: number;
  /** Told of every failure; `willRetry` is false when the key is dropped. Must not throw. */
  readonly onFailure?: (key: string, error: unknown, willRetry: boolean) => void;
}

export interface WorkQueue {
  /** Queues a key; false when the queue is full or stopped. A key that waits already is not queued twice. */
  readonly add: (key: string) => boolean;
  /** Queues a key after a time; of several times the earliest counts. */
  readonly addAfter: (key: string, milliseconds: number) => boolean;
  /** Keys waiting to be worked on, without delayed ones. */
  readonly waiting: () => number;
  readonly active: () => number;
  readonly delayed: () => number;
  /** Resolves when no key waits, is delayed or in work. */
  readonly idle: () => Promise<void>;
  /**
   * Takes no more keys and drops delayed ones. With `drain` what waits is still done; without, it is dropped and what
   * is in work is aborted through its signal. Resolves when all work has ended, or after `timeoutMilliseconds` (30 s unless
   * told), when what is left is aborted and no longer waited for.
   */
  readonly stop: (options?: { readonly drain?: boolean; readonly timeoutMilliseconds?: number }) => Promise<void>;
}

interface DelayedKey {
  readonly timer: NodeJS.Timeout;
  readonly due: number;
}

/**
 * A queue of keys, as client-go's: a key waits at most once, is never worked on twice at the same time, and when it is
 * added during its own work it is worked on again afterwards. Failing keys wait longer each time.
 */
export function createWorkQueue(options: WorkQueueOptions): WorkQueue {
  return new KeyedWorkQueue(options);
}

class KeyedWorkQueue implements WorkQueue {
  readonly #options: WorkQueueOptions;
  readonly #waiting = new Set<string>();
  readonly #active = new Set<string>();
  /** Keys added while they were in work. */
  readonly #again = new Set<string>();
  readonly #delayed = new Map<string, DelayedKey>();
  readonly #failures = new Map<string, number>();
  readonly #abort = new AbortController();
  #idleWaiters: (() => void)[] = [];
  #isStopped = false;

  constructor(options: WorkQueueOptions) {
    this.#options = options;
  }

  readonly add = (key: string): boolean => {
    if (this.#isStopped) return false;
    if (this.#active.has(key)) {
      this.#again.add(key);
      return true;
    }
    if (!this.#waiting.has(key)) {
      if (!this.#delayed.has(key) && this.#isFull()) return false;
      this.#forgetDelay(key);
      this.#waiting.add(key);
      this.#dispatch();
    }
    return true;
  };

  readonly addAfter = (key: string, milliseconds: number): boolean => {
    if (milliseconds <= 0) return this.add(key);
    if (this.#isStopped) return false;
    if (this.#waiting.has(key) || this.#again.has(key)) return true;
    const due = performance.now() + milliseconds;
    const earlier = this.#delayed.get(key);
    if (earlier !== undefined && earlier.due <= due) return true;
    if (earlier === undefined && !this.#active.has(key) && this.#isFull()) return false;
    this.#forgetDelay(key);
    this.#delayed.set(key, { due, timer: setTimeout(() => this.#ripen(key), Math.min(milliseconds, 2 ** 31 - 1)) });
    return true;
  };

  readonly waiting = (): number => this.#waiting.size;
  readonly active = (): number => this.#active.size;
  readonly delayed = (): number => this.#delayed.size;

  readonly idle = (): Promise<void> => {
    if (this.#isIdle()) return Promise.resolve();
    return new Promise((resolve) => this.#idleWaiters.push(resolve));
  };

  readonly stop = async ({ drain = false, timeoutMilliseconds = 30_000 } = {}): Promise<void> => {
    this.#isStopped = true;
    for (const key of [...this.#delayed.keys()]) this.#forgetDelay(key);
    if (!drain) this.#abortWork();
    this.#settle();
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, timeoutMilliseconds);
    });
    await Promise.race([this.idle(), timeout]);
    clearTimeout(timer);
    this.#abortWork();
  };

  #abortWork(): void {
    this.#waiting.clear();
    this.#again.clear();
    this.#abort.abort(new DOMException('the queue was stopped', 'AbortError'));
  }

  #dispatch(): void {
    const { workers = 2 } = this.#options;
    for (const key of this.#waiting) {
      if (this.#active.size >= workers) return;
      this.#waiting.delete(key);
      this.#active.add(key);
      this.#run(key);
    }
  }

  async #run(key: string): Promise<void> {
    let next: number | undefined;
    // Not within `add`: whoever adds a key must not run its work.
    await Promise.resolve();
    try {
      const result = await this.#options.process(key, this.#abort.signal);
      this.#failures.delete(key);
      next = result?.requeueAfterMilliseconds;
    } catch (error) {
      next = this.#fail(key, error);
    }
    this.#active.delete(key);
    if (this.#again.delete(key)) this.#waiting.add(key);
    else if (next !== undefined) this.addAfter(key, next);
    this.#dispatch();
    this.#settle();
  }

  /** Counts a failure; the back-off, or undefined when the key is given up. */
  #fail(key: string, error: unknown): number | undefined {
    const { initialBackoffMilliseconds = 5, maximumBackoffMilliseconds = 1_000_000 } = this.#options;
    const { maximumFailures = Number.POSITIVE_INFINITY, onFailure } = this.#options;
    const failures = (this.#failures.get(key) ?? 0) + 1;
    const willRetry = failures < maximumFailures && !this.#isStopped;
    if (willRetry) this.#failures.set(key, failures);
    else this.#failures.delete(key);
    onFailure?.(key, error, willRetry);
    return willRetry
      ? Math.min(maximumBackoffMilliseconds, initialBackoffMilliseconds * 2 ** (failures - 1))
      : undefined;
  }

  #ripen(key: string): void {
    const entry = this.#delayed.get(key);
    this.#delayed.delete(key);
    if (entry === undefined) return;
    const left = entry.due - performance.now();
    // Timers end at 24.8 days; longer waits go in legs.
    if (left > 1) this.addAfter(key, left);
    else if (this.#active.has(key)) this.#again.add(key);
    else {
      this.#waiting.add(key);
      this.#dispatch();
    }
  }

  #forgetDelay(key: string): void {
    clearTimeout(this.#delayed.get(key)?.timer);
    this.#delayed.delete(key);
  }

  #isFull(): boolean {
    const { maximumKeys = 100_000 } = this.#options;
    return this.#waiting.size + this.#active.size + this.#delayed.size >= maximumKeys;
  }

  #isIdle(): boolean {
    return this.#waiting.size === 0 && this.#active.size === 0 && this.#delayed.size === 0;
  }

  #settle(): void {
    if (!this.#isIdle()) return;
    const waiters = this.#idleWaiters;
    this.#idleWaiters = [];
    for (const resolve of waiters) resolve();
  }
}
