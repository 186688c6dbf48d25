import { execFileSync } from 'node:child_process';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { startHeapGrowth } from './heap-growth.ts';

const MB = 1024 * 1024;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('gives a small heap much room, a large one no more than a small one, and tells only news', () => {
  const told: number[] = [];
  let used = 30 * MB;
  const growth = startHeapGrowth({ used: () => used, set: (percent) => told.push(percent), intervalMs: 10 });
  expect(told).toEqual([200]);
  vi.advanceTimersByTime(10);
  expect(told).toEqual([200]);
  for (const next of [128 * MB, 256 * MB, 4096 * MB]) {
    used = next;
    vi.advanceTimersByTime(10);
  }
  expect(told).toEqual([200, 100, 50, 30]);
  growth.stop();
  used = 30 * MB;
  vi.advanceTimersByTime(100);
  expect(told).toHaveLength(4);
});

it('is a flag that V8 knows', () => {
  expect(execFileSync(process.execPath, ['--v8-options'], { encoding: 'utf8' })).toContain('--heap-growing-percent');
});
