import type { Decision, RuleResult } from '@vouchsafe/engine';
import { describe, expect, it } from 'vitest';
import { contentName, isInDoubt, rulesInDoubt, withoutDoubt } from './in-doubt.ts';

const result = (part: Partial<RuleResult>): RuleResult => ({
  rule: 'r',
  type: 'ImageVerify',
  status: 'fail',
  message: '',
  action: 'Audit',
  ...part,
});
const decision = (...results: readonly RuleResult[]) => ({ results }) as unknown as Decision; // what is looked at

describe('a result in doubt', () => {
  it.each<[Partial<RuleResult>, boolean]>([
    [{ status: 'error', reason: 'registry-unreachable' }, true],
    [{ status: 'error' }, true],
    [{ status: 'fail', reason: 'registry-denied' }, true],
    [{ status: 'skip', reason: 'timed-out' }, true],
    [{ status: 'skip' }, false],
    [{ status: 'fail', reason: 'not-found' }, false],
    [{ status: 'fail', reason: 'unsigned' }, false],
    [{ status: 'pass' }, false],
    [{ type: 'Validation', status: 'error' }, false],
  ])('%j: %s', (part, expected) => {
    expect(isInDoubt(result(part))).toBe(expected);
  });
});

describe('rules in doubt', () => {
  const away = result({ status: 'error', reason: 'registry-unreachable' });
  it.each<[string, readonly RuleResult[], object]>([
    ['one image away', [result({ status: 'pass' }), away], { r: 'unknown' }],
    ['an update of something else', [result({ status: 'skip', reason: 'timed-out' })], { r: 'same-images' }],
    ['both', [result({ status: 'skip', reason: 'timed-out' }), away], { r: 'unknown' }],
    ['one image wrong for certain', [away, result({ reason: 'unsigned' })], {}],
    ['nothing', [result({ status: 'pass' })], {}],
  ])('%s', (_name, results, expected) => {
    expect(Object.fromEntries(rulesInDoubt(decision(...results)))).toEqual(expected);
  });

  it('are left out of what events tell', () => {
    const other = result({ rule: 'other', type: 'Validation' });
    expect(withoutDoubt(decision(away, other)).results).toEqual([other]);
  });
});

describe('the name of what an object wants to run', () => {
  it('leaves labels and status out', () => {
    const name = contentName({ metadata: { labels: { a: 'b' } }, spec: { image: 'a' }, status: { phase: 'Running' } });
    expect(contentName({ metadata: {}, spec: { image: 'a' } })).toBe(name);
    expect(contentName({ metadata: {}, spec: { image: 'b' } })).not.toBe(name);
  });
});
