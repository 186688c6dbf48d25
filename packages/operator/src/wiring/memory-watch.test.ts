import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { startMemoryWatch } from './memory-watch.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const MEGABYTE = 1024 * 1024;

it('collects when the process grew, from the level that was left', () => {
  let megabytes = 100;
  let collections = 0;
  const collect = () => {
    collections += 1;
    megabytes = 150;
  };
  const watch = startMemoryWatch({ outside: () => megabytes * MEGABYTE, collect, intervalMs: 1_000 });
  const after = (size: number) => {
    megabytes = size;
    vi.advanceTimersByTime(1_000);
    return collections;
  };
  expect([120, 132, 133, 160, 182, 183].map(after)).toEqual([0, 0, 1, 1, 1, 2]);
  expect([90, 120, 123].map(after)).toEqual([2, 2, 3]); // a lower level counts from then on
  watch.stop();
  expect(after(1_000)).toBe(3);
});
