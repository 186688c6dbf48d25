import { describe, expect, it } from 'vitest';
import { createSortedTable } from './sorted-table.ts';

describe('createSortedTable', () => {
  it('lists values by key whatever the order of writes', () => {
    const table = createSortedTable<number>();
    for (const [key, value] of [
      ['b/1', 1],
      ['a/2', 2],
      ['a/1', 3],
      ['c/0', 4],
    ] as const) {
      table.set(key, value);
    }
    expect(table.values()).toEqual([3, 2, 1, 4]);
    expect(table.range('a/', 'a0')).toEqual([3, 2]);
  });

  it('forgets deleted keys, at the end and in the middle', () => {
    const table = createSortedTable<number>();
    for (let index = 0; index < 5; index += 1) {
      table.set(`k${index}`, index);
    }
    table.delete('k4');
    table.delete('k1');
    table.set('k9', 9);
    expect(table.values()).toEqual([0, 2, 3, 9]);
    expect(table.size).toBe(4);
  });

  it('keeps a namespace apart from one whose name it starts', () => {
    const table = createSortedTable<string>();
    for (const key of ['app/x', 'app-two/x', 'app2/x', 'apps/x']) {
      table.set(key, key);
    }
    expect(table.range('app/', 'app0')).toEqual(['app/x']);
  });
});
