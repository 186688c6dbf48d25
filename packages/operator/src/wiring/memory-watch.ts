export interface MemoryWatchOptions {
  /** Bytes the process holds outside of V8's heap. */
  readonly outside: () => number;
  readonly collect: () => void;
  /** Half a minute unless told. */
  readonly intervalMs?: number;
}

const INTERVAL_MS = 30_000;
/** Bytes, and share, beyond what was left after the last collection. */
const GROWTH_BYTES = 32 * 1024 * 1024;
const GROWTH_SHARE = 1.1;

/**
 * Collects when the process has grown outside of V8's heap. Connections that came and went and bodies that were read leave memory outside of
 * V8's heap, which it does not count and so sees no reason to give back: under a flood of them the process grows to several
 * times what it needs. A collection takes some 50 ms, and comes twice a minute at most.
 */
export function startMemoryWatch(options: MemoryWatchOptions): { stop(): void } {
  const { outside, collect, intervalMs = INTERVAL_MS } = options;
  let level = outside();
  const timer = setInterval(() => {
    const now = outside();
    if (now > level * GROWTH_SHARE && now > level + GROWTH_BYTES) {
      collect();
      level = outside();
    } else if (now < level) {
      level = now;
    }
  }, intervalMs);
  timer.unref();
  return { stop: () => clearInterval(timer) };
}
