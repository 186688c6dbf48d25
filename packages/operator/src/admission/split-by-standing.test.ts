import type { CompiledPolicy, EvaluationRequest, Standing } from '@vouchsafe/engine';
import { describe, expect, it } from 'vitest';
import { splitByStanding } from './split-by-standing.ts';

function policy(name: string, standing: Standing, vouchesForOthers = false): CompiledPolicy {
  const needs = new Set(vouchesForOthers ? ['image-verification'] : []);
  const ref = { apiVersion: 'policies.kyverno.io/v1', kind: 'ImageValidatingPolicy', name };
  // The split reads these members alone.
  return {
    ref,
    needs,
    standing: () => standing,
    ...(vouchesForOthers ? { vouchesForOthers } : {}),
  } as unknown as CompiledPolicy;
}

// Standings here do not depend on the request.
const REQUEST = {} as EvaluationRequest;

describe('splitByStanding', () => {
  it.each([
    ['what only audits waits', [policy('a', 'enforce'), policy('b', 'audit')], ['a'], ['b']],
    ['images that only audit wait, too', [policy('a', 'enforce'), policy('b', 'audit', true)], ['a'], ['b']],
    [
      'but not where another may need what they verify',
      [policy('a', 'enforce', true), policy('b', 'audit', true), policy('c', 'audit')],
      ['a', 'b'],
      ['c'],
    ],
  ])('%s', (_name, policies, inTime, later) => {
    const split = splitByStanding(policies, REQUEST);
    expect(split.inTime.map(({ ref }) => ref.name)).toEqual(inTime);
    expect(split.later.map(({ ref }) => ref.name)).toEqual(later);
  });
});
