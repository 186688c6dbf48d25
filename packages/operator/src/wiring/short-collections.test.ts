import { execFileSync } from 'node:child_process';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { keepCollectionsShort } from './short-collections.ts';

const MB = 1024 * 1024;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('lets the young part of the heap grow until it is large enough, and again after V8 made it small', () => {
  const told: string[] = [];
  let size = MB;
  const bound = keepCollectionsShort({ size: () => size, set: (flag) => told.push(flag), intervalMs: 10 });
  for (const next of [32 * MB, 64 * MB, 64 * MB, 2 * MB, 128 * MB]) {
    size = next;
    vi.advanceTimersByTime(10);
  }
  expect(told).toEqual([1, 2, 1].map((factor) => `--semi-space-growth-factor=${factor}`));
  bound.stop();
  size = MB;
  vi.advanceTimersByTime(100);
  expect(told).toHaveLength(3);
});

/** What the young part grows to in a process that keeps much of what it makes. */
const GROWN = `
  const { getHeapSpaceStatistics, setFlagsFromString } = require('node:v8');
  if (process.env.FLAG) setFlagsFromString(process.env.FLAG);
  const size = () => getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space').space_size;
  const kept = [];
  let most = 0;
  for (let made = 0; made < 4_000_000; made += 1) {
    kept[made % 100_000] = { made };
    if (made % 10_000 === 0) most = Math.max(most, size());
  }
  console.log(most / 1024 / 1024);
`;

it.each([
  ['', (size: number) => size >= 32],
  ['--semi-space-growth-factor=1', (size: number) => size <= 24],
])('relies on a flag that V8 heeds while it runs (%s)', (flag, isExpected) => {
  const size = Number(execFileSync(process.execPath, ['-e', GROWN], { encoding: 'utf8', env: { FLAG: flag } }));
  expect(size).toSatisfy(isExpected);
});
