import { describe, expect, it } from 'vitest';
import { ByteBudget } from './byte-budget.ts';

const MIB = 1024 * 1024;
const never = new AbortController().signal;

describe('the budget of long evidence', () => {
  it('lets in what there is room for, in turn, and short evidence always', async () => {
    const budget = new ByteBudget(10 * MIB);
    const [first, second, third] = [budget.open(never), budget.open(never), budget.open(never)];
    const done: string[] = [];
    await first.take(8 * MIB);
    const waiting = [
      second.take(8 * MIB).then(() => done.push('second')),
      third.take(2 * MIB).then(() => done.push('third')),
    ];
    await budget.open(never).take(MIB);
    expect(done).toEqual([]);
    first.release();
    await Promise.all(waiting);
    expect(done).toEqual(['second', 'third']);
  });

  it('what gave up takes no room afterwards', async () => {
    const budget = new ByteBudget(4 * MIB);
    const [holder, impatient] = [budget.open(never), budget.open(AbortSignal.timeout(1))];
    await holder.take(4 * MIB);
    await expect(impatient.take(4 * MIB)).rejects.toMatchObject({ class: 'timed-out' });
    impatient.release();
    holder.release();
    await budget.open(never).take(4 * MIB);
  });
});
