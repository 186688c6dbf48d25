import type { Decision, RuleResult } from '@vouchsafe/engine';
import type { JsonObject } from '@vouchsafe/engine/kernel';
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

  const containers = (image: string) => ({ containers: [{ name: 'c', image }] });
  const pod = (image: string, more: JsonObject = {}) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    spec: { ...containers(image), ...more },
  });
  const deployment = (image: string, more: JsonObject = {}) => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    spec: { template: { metadata: more, spec: containers(image) }, ...more },
  });

  it.each<[string, JsonObject, JsonObject]>([
    ['a Pod is scheduled', pod('a'), pod('a', { nodeName: 'n1', tolerations: [{ key: 'x' }] })],
    ['a Deployment is scaled and rolled again', deployment('a', { replicas: 1 }), deployment('a', { replicas: 9 })],
  ])('stays while %s', (_name, before, after) => {
    expect(contentName(after)).toBe(contentName(before));
  });

  it.each<[string, JsonObject, JsonObject]>([
    ['a Pod', pod('a'), pod('b')],
    ['a Pod to debug', pod('a'), pod('a', { ephemeralContainers: [{ name: 'd', image: 'b' }] })],
    ['a Deployment', deployment('a'), deployment('b')],
    [
      'a resource of its own',
      { apiVersion: 'x/v1', kind: 'Pod', spec: 'a' },
      { apiVersion: 'x/v1', kind: 'Pod', spec: 'b' },
    ],
  ])('is another when the image of %s is', (_name, before, after) => {
    expect(contentName(after)).not.toBe(contentName(before));
  });
});
