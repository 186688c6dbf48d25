import { setFlagsFromString } from 'node:v8';

export interface HeapGrowthOptions {
  /** Bytes of the heap in use. */
  readonly used?: () => number;
  /** How much the heap may grow, in percent of what is in use after a collection, until the next. */
  readonly set?: (percent: number) => void;
  /** Half a minute unless told. */
  readonly intervalMs?: number;
}

const INTERVAL_MS = 30_000;
/** What a heap may grow by, however large it is. */
const ROOM_BYTES = 128 * 1024 * 1024;
const [LEAST_PERCENT, MOST_PERCENT] = [30, 200];

/**
 * Gives the heap room to grow. An operator keeps some 30 MB and makes garbage by the gigabyte; V8 lets such a heap grow by 3 MB
 * and then looks through all of it, under load every few seconds, and on one core nobody is answered meanwhile. With
 * as much room as a small process may take that happens once in a minute.
 */
export function startHeapGrowth(options: HeapGrowthOptions = {}): { stop(): void } {
  const { used = () => process.memoryUsage().heapUsed, set = setGrowth, intervalMs = INTERVAL_MS } = options;
  let known: number | undefined;
  const tune = () => {
    const percent = Math.round(Math.min(MOST_PERCENT, Math.max(LEAST_PERCENT, (ROOM_BYTES / used()) * 100)));
    if (percent !== known) set(percent);
    known = percent;
  };
  tune();
  const timer = setInterval(tune, intervalMs);
  timer.unref();
  return { stop: () => clearInterval(timer) };
}

function setGrowth(percent: number): void {
  setFlagsFromString(`--heap-growing-percent=${percent}`);
}
