/** Notices when the event loop stood still: nobody was answered meanwhile, whatever the reason. */
export interface Heartbeat {
  /** What is wrong, while a standstill is going on and for as long again after it, so that a probe gets to see it. */
  problem(): string | undefined;
  stop(): void;
}

export interface HeartbeatOptions {
  /** Milliseconds between beats. */
  readonly intervalMs?: number;
  /** Milliseconds without a beat that count as a standstill. */
  readonly toleranceMs?: number;
  /** A monotonic clock, in milliseconds. */
  readonly clock?: () => number;
}

const INTERVAL_MS = 1_000;
const TOLERANCE_MS = 30_000;

/** Starts to beat. Liveness built on it restarts a process that hangs in a loop, and leaves a busy one alone. */
export function startHeartbeat(options: HeartbeatOptions = {}): Heartbeat {
  const { intervalMs = INTERVAL_MS, toleranceMs = TOLERANCE_MS, clock = () => performance.now() } = options;
  let last = clock();
  let stall: { readonly length: number; readonly end: number } | undefined;
  const beat = () => {
    const now = clock();
    if (now - last > toleranceMs) stall = { length: now - last, end: now };
    last = now;
  };
  const timer = setInterval(beat, intervalMs);
  timer.unref();
  return {
    problem() {
      const now = clock();
      const pause = now - last;
      if (pause > toleranceMs) return describe(pause);
      return stall && now - stall.end <= toleranceMs ? describe(stall.length) : undefined;
    },
    stop: () => clearInterval(timer),
  };
}

function describe(ms: number): string {
  return `the event loop stood still for ${Math.round(ms / 1000)} s`;
}
