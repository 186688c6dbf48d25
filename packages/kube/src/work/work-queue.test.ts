import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createWorkQueue } from './work-queue.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

const settle = (milliseconds = 0) => vi.advanceTimersByTimeAsync(milliseconds);

describe('createWorkQueue', () => {
  it('works on a key once however often it is added, and again when it changes during work', async () => {
    const rounds: string[] = [];
    const gates: (() => void)[] = [];
    const queue = createWorkQueue({
      workers: 3,
      process: async (key) => {
        rounds.push(key);
        await new Promise<void>((resolve) => gates.push(resolve));
        return undefined;
      },
    });
    for (const key of ['a', 'a', 'b', 'a']) expect(queue.add(key)).toBe(true);
    await settle();
    expect(rounds).toEqual(['a', 'b']);
    queue.add('a');
    queue.add('a');
    expect([queue.active(), queue.waiting()]).toEqual([2, 0]);
    gates.shift()?.();
    await settle();
    expect(rounds).toEqual(['a', 'b', 'a']);
    for (const open of gates) open();
    await queue.idle();
    expect(queue.active()).toBe(0);
  });

  it('never runs a key inside add', () => {
    const process = vi.fn(async () => undefined);
    createWorkQueue({ process }).add('a');
    expect(process).not.toHaveBeenCalled();
  });

  it('backs off per key, doubling, and forgets failures after a success', async () => {
    const times: number[] = [];
    let isBroken = true;
    const queue = createWorkQueue({
      initialBackoffMilliseconds: 100,
      maximumBackoffMilliseconds: 350,
      process: async () => {
        times.push(performance.now());
        if (isBroken) throw new Error('broken');
        return undefined;
      },
    });
    const start = performance.now();
    queue.add('a');
    await settle(1000);
    expect(times.map((time) => Math.round(time - start))).toEqual([0, 100, 300, 650, 1000]);
    isBroken = false;
    await settle(400);
    expect(queue.delayed()).toBe(0);
    isBroken = true;
    times.length = 0;
    queue.add('a');
    await settle(150);
    expect(times).toHaveLength(2);
  });

  it('gives a key up after its last failure and says so', async () => {
    const seen: boolean[] = [];
    const queue = createWorkQueue({
      maximumFailures: 3,
      process: () => {
        throw new Error('thrown at once');
      },
      onFailure: (_, __, willRetry) => seen.push(willRetry),
    });
    queue.add('a');
    await settle(1000);
    expect(seen).toEqual([true, true, false]);
    await queue.idle();
  });

  it('requeues when asked, and keeps the earliest of several times', async () => {
    const times: number[] = [];
    const queue = createWorkQueue({
      process: async () => {
        times.push(performance.now());
        return times.length < 3 ? { requeueAfterMilliseconds: 1000 } : undefined;
      },
    });
    const start = performance.now();
    queue.addAfter('a', 500);
    queue.addAfter('a', 100);
    queue.addAfter('a', 900);
    await settle(5000);
    expect(times.map((time) => Math.round(time - start))).toEqual([100, 1100, 2100]);
  });

  it('waits longer than one timer can', async () => {
    const process = vi.fn(async () => undefined);
    const days = 24 * 3600_000;
    createWorkQueue({ process }).addAfter('a', 40 * days);
    await settle(39 * days);
    expect(process).not.toHaveBeenCalled();
    await settle(2 * days);
    expect(process).toHaveBeenCalledTimes(1);
  });

  it('is bounded', async () => {
    const queue = createWorkQueue({ maximumKeys: 2, process: async () => undefined });
    expect([queue.addAfter('a', 10), queue.add('b'), queue.add('c'), queue.add('a'), queue.addAfter('d', 1)]).toEqual([
      true,
      true,
      false,
      true,
      false,
    ]);
    await settle();
    expect(queue.add('c')).toBe(true);
  });

  it('drains on stop', async () => {
    const done: string[] = [];
    const queue = createWorkQueue({
      workers: 1,
      process: async (key) => {
        await new Promise((resolve) => setTimeout(resolve, 10));
        done.push(key);
        return undefined;
      },
    });
    for (const key of ['a', 'b', 'c']) queue.add(key);
    queue.addAfter('later', 5);
    const stopped = queue.stop({ drain: true });
    expect(queue.add('d')).toBe(false);
    await settle(100);
    await stopped;
    expect(done).toEqual(['a', 'b', 'c']);
  });

  it('aborts on stop without drain, and does not wait for ever', async () => {
    const aborted: string[] = [];
    const queue = createWorkQueue({
      process: (key, signal) => {
        signal.addEventListener('abort', () => aborted.push(key));
        return new Promise(() => undefined);
      },
    });
    for (const key of ['a', 'b', 'c']) queue.add(key);
    await settle();
    const stopped = queue.stop({ timeoutMilliseconds: 50 });
    expect(aborted).toEqual(['a', 'b']);
    await settle(60);
    await stopped;
  });

  it('property: no key runs twice at once, no more than the workers run, and the last add is always seen', async () => {
    const action = fc.tuple(fc.constantFrom('a', 'b', 'c', 'd'), fc.nat(20), fc.boolean());
    await fc.assert(
      fc.asyncProperty(
        fc.array(action, { maxLength: 60 }),
        fc.integer({ min: 1, max: 3 }),
        async (actions, workers) => {
          const running = new Set<string>();
          const versions = new Map<string, number>();
          const seen = new Map<string, number>();
          const queue = createWorkQueue({
            workers,
            process: async (key) => {
              expect(running.has(key)).toBe(false);
              running.add(key);
              expect(running.size).toBeLessThanOrEqual(workers);
              const version = versions.get(key) ?? 0;
              await new Promise((resolve) => setTimeout(resolve, version % 7));
              running.delete(key);
              if (version % 5 === 4) {
                versions.set(key, version + 1);
                throw new Error('sometimes');
              }
              seen.set(key, version);
              return undefined;
            },
          });
          for (const [key, pause, isDelayed] of actions) {
            versions.set(key, (versions.get(key) ?? 0) + 1);
            if (isDelayed) queue.addAfter(key, pause);
            else queue.add(key);
            await settle(pause % 4);
          }
          await settle(10_000);
          await queue.idle();
          expect(seen).toEqual(versions);
        },
      ),
      { numRuns: 100 },
    );
  });
});
