import { describe, expect, it } from 'vitest';
import { readRecording, replay } from './cel-spec/recorded.ts';
import { runCelSpec } from './cel-spec.ts';

it('meets the specification of the Common Expression Language', () => {
  const { passed, failures, skipped } = runCelSpec();
  expect(failures).toEqual([]);
  const left = Object.values(skipped).reduce((sum, count) => sum + count, 0);
  expect([passed, left]).toEqual([2279, 65]);
});

describe('types, values, errors and costs as Kubernetes has them', () => {
  const { variables, rows } = readRecording();

  it.each(rows)('$expr', (row) => {
    expect(replay(row, variables)).toEqual(row);
  });
});
