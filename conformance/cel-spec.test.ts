import { expect, it } from 'vitest';
import { runCelSpec } from './cel-spec.ts';

it('meets the specification of the Common Expression Language', () => {
  const { passed, failures, skipped } = runCelSpec();
  expect(failures).toEqual([]);
  const left = Object.values(skipped).reduce((sum, count) => sum + count, 0);
  expect([passed, left]).toEqual([2279, 65]);
});
