import { describe, expect, it } from 'vitest';
import { createAuditPool } from './audit-pool.ts';

describe('the pool of audit work', () => {
  it('runs so many at once, lets so many wait, drops and counts the rest', async () => {
    const gate = Promise.withResolvers<void>();
    const pool = createAuditPool({ workers: 2, capacity: 3, onError: () => {} });
    let running = 0;
    let most = 0;
    let done = 0;
    const work = async () => {
      running += 1;
      most = Math.max(most, running);
      await gate.promise;
      running -= 1;
      done += 1;
    };
    for (let index = 0; index < 10; index += 1) pool.enqueue(work);
    expect(pool.dropped).toBe(5);
    gate.resolve();
    await pool.drain();
    expect([most, done]).toEqual([2, 5]);
    pool.enqueue(work);
    await pool.drain();
    expect(done).toBe(6);
  });

  it('begins after the turn that asked for it, and goes through work that waits for nothing', async () => {
    const pool = createAuditPool({ workers: 1, onError: () => {} });
    const order: number[] = [];
    for (let index = 0; index < 3; index += 1) {
      pool.enqueue(() => {
        order.push(index);
        return undefined;
      });
    }
    expect(order).toEqual([]);
    await pool.drain();
    expect(order).toEqual([0, 1, 2]);
  });

  it('a failure is told and stops nothing', async () => {
    const errors: unknown[] = [];
    const pool = createAuditPool({ workers: 1, onError: (error) => errors.push(error) });
    let done = false;
    pool.enqueue(() => Promise.reject(new Error('a')));
    pool.enqueue(() => {
      throw new Error('b');
    });
    pool.enqueue(async () => {
      done = true;
    });
    await pool.drain();
    expect(errors).toHaveLength(2);
    expect(done).toBe(true);
  });

  it('is drained when nothing was ever asked of it', async () => {
    await createAuditPool({ onError: () => {} }).drain();
  });
});
