import type { RuleResult } from '@vouchsafe/engine';
import { describe, expect, it } from 'vitest';
import { compiled, decision, result } from './ledger.fixture.ts';
import { createSharedFindings, type Found, saysTheSame } from './shared-findings.ts';

const policy = compiled('p', 'r', 's');
const LATER = 5_000;

function one(found: readonly Found[]): Found {
  const [first, ...others] = found;
  if (!first || others.length > 0) throw new Error(`${found.length} findings`);
  return first;
}

const findingOf = (shared = createSharedFindings(), given: Partial<RuleResult> = {}, now = 0) =>
  one(shared.of(policy, decision(policy, { ...result('r', 'pass'), ...given }), now)).finding;

describe('shared findings', () => {
  it('are one object for what is the same but for its time', () => {
    const shared = createSharedFindings();
    const first = findingOf(shared);
    expect(findingOf(shared, {}, LATER)).toBe(first);
    expect(first).toMatchObject({ owner: 'ClusterPolicy//p', said: { rule: 'r', result: 'pass' } });
    expect(first.said).not.toHaveProperty('timestamp');
  });

  it.each<[string, Partial<RuleResult>]>([
    ['another rule', { rule: 's' }],
    ['another status', { status: 'fail' }],
    ['another message', { message: 'm' }],
    ['other properties', { properties: { team: 'a' } }],
  ])('are not for %s', (_, given) => {
    const shared = createSharedFindings();
    expect(saysTheSame(findingOf(shared), findingOf(shared, given))).toBe(false);
  });

  it('are not for another policy, with the very same result', () => {
    const shared = createSharedFindings();
    const pass = result('r', 'pass');
    const [mine, theirs] = [policy, compiled('q', 'r')].map(
      (owner) => one(shared.of(owner, decision(owner, pass), 0)).finding,
    );
    expect([mine?.owner, theirs?.owner]).toEqual(['ClusterPolicy//p', 'ClusterPolicy//q']);
  });

  it('of the same result are found anew each second', () => {
    const shared = createSharedFindings();
    const same = decision(policy, result('r', 'pass'));
    const times = [0, 999, 1_000, LATER].map((now) => one(shared.of(policy, same, now)));
    expect(times.map(({ timestamp }) => timestamp.seconds)).toEqual([0, 0, 1, 5]);
    expect(times[0]).toBe(times[1]);
    expect(new Set(times.map(({ id }) => id)).size).toBe(3);
  });

  it('count the worst of several results of one rule, whether they have been seen alone or not', () => {
    const shared = createSharedFindings();
    const [pass, other, fail] = [result('r', 'pass'), result('r', 'pass', 'other'), result('r', 'fail')];
    shared.of(policy, decision(policy, pass), 0);
    shared.of(policy, decision(policy, other), 0);
    expect(one(shared.of(policy, decision(policy, pass, other), 0)).finding.said.message).toBe('pass');
    expect(one(shared.of(policy, decision(policy, pass, fail), 0)).finding.said.result).toBe('fail');
    expect(one(shared.of(policy, decision(policy, other), 0)).finding.said.message).toBe('other');
  });

  it('are compared by what they say when one was forgotten and made again', () => {
    const shared = createSharedFindings();
    const first = findingOf(shared);
    for (let index = 0; index < 20_001; index += 1) findingOf(shared, { message: `m${index}` });
    const again = findingOf(shared);
    expect(again).not.toBe(first);
    expect(saysTheSame(again, first)).toBe(true);
  });

  it('share lists of the same, sorted by rule', () => {
    const shared = createSharedFindings();
    const both = decision(policy, result('r', 'pass'), result('s', 'pass'));
    const found = shared.of(policy, both, 0);
    const list = shared.list(found);
    expect(shared.list(shared.of(policy, both, 10))).toBe(list);
    expect(shared.list(shared.of(policy, both, LATER))).not.toBe(list);
    expect(shared.list(found.toReversed())).toEqual(list);
  });
});
