import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';

export interface ShortCollectionsOptions {
  /** Bytes of the part of the heap that new objects are in. */
  readonly size?: () => number;
  readonly set?: (flag: string) => void;
  /** Half a second unless told. */
  readonly intervalMs?: number;
}

const INTERVAL_MS = 500;
/** Two halves, of which one is in use. */
const MOST_BYTES = 2 * 32 * 1024 * 1024;
const [GROWING, STEADY] = [2, 1];

/**
 * Keeps requests from waiting long for V8's collector: the part of the heap that new objects are in grows no further than it has
 * to. The larger it is, the rarer are the collections that look through it, and the longer is each: at twice this size one
 * takes several milliseconds, and the process holds 70 MB more.
 */
export function keepCollectionsShort(options: ShortCollectionsOptions = {}): { stop(): void } {
  const { size = youngBytes, set = setFlagsFromString, intervalMs = INTERVAL_MS } = options;
  let known = GROWING;
  const timer = setInterval(() => {
    const wanted = size() < MOST_BYTES ? GROWING : STEADY;
    if (wanted !== known) set(`--semi-space-growth-factor=${wanted}`);
    known = wanted;
  }, intervalMs);
  timer.unref();
  return { stop: () => clearInterval(timer) };
}

function youngBytes(): number {
  return getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')?.space_size ?? 0;
}
