import { median } from './process-figures.ts';

/** Microseconds of one call, over `count` of them. */
export function microseconds(count: number, work: (at: number) => unknown): number {
  const started = performance.now();
  for (let at = 0; at < count; at += 1) work(at);
  return ((performance.now() - started) / count) * 1000;
}

/** Bytes a call leaves to the collector: what the heap grows by between two collections. */
export function allocated(work: (at: number) => unknown): number {
  const samples = Array.from({ length: 15 }, () => {
    const before = process.memoryUsage().heapUsed;
    for (let at = 0; at < 100; at += 1) work(at);
    return (process.memoryUsage().heapUsed - before) / 100;
  });
  return median(samples.filter((bytes) => bytes > 0));
}
