import { describe, expect, it } from 'vitest';
import type { ImageClaims, RuleResult } from '../model/decision.ts';
import { type SettledPart, settleImages } from './settle-images.ts';

function part(
  claims: Partial<ImageClaims> | undefined,
  given: Partial<RuleResult> = {},
  namespace?: string,
): SettledPart {
  return {
    policy: namespace === undefined ? {} : { namespace },
    results: [
      {
        rule: 'p',
        type: 'ImageVerify',
        status: 'pass',
        message: 'success',
        action: 'Enforce',
        ...(claims ? { claims: { verified: {}, refused: [], required: [], ...claims } } : {}),
        ...given,
      },
    ],
  };
}

const verified = { verified: { app: 'sha256:a' } };
const required = { required: ['app'] };

describe('settleImages', () => {
  const rows: [string, readonly SettledPart[], readonly string[]][] = [
    ['its own verification', [part({ ...verified, ...required })], ['pass']],
    ['that of another', [part(required), part(verified)], ['pass', 'pass']],
    ['of one that failed by something else', [part(required), part(verified, { status: 'fail' })], ['pass', 'fail']],
    ['of nobody', [part(required)], ['fail']],
    ['one image of two', [part({ ...verified, required: ['app', 'web'] })], ['fail']],
    [
      'of another digest',
      [part({ ...verified, ...required }), part({ verified: { app: 'sha256:b' } })],
      ['fail', 'pass'],
    ],
    ['of a namespace, for the cluster', [part(required), part(verified, {}, 'a')], ['fail', 'pass']],
    ['of a namespace, for itself', [part(required, {}, 'a'), part(verified, {}, 'a')], ['pass', 'pass']],
    ['of the cluster, for a namespace', [part(required, {}, 'a'), part(verified)], ['pass', 'pass']],
    ['a failure stays one', [part({ ...verified, ...required }, { status: 'fail' })], ['fail']],
    ['an error stays one', [part({ ...verified, ...required }, { status: 'error' })], ['error']],
    ['what is excused', [part(required), part({ excused: ['app'] }, { status: 'skip' })], ['skip', 'skip']],
    [
      'one image excused, another unverified',
      [part({ required: ['app', 'web'] }), part({ excused: ['app'] }, { status: 'skip' })],
      ['fail', 'skip'],
    ],
    ['excused by a namespace', [part(required), part({ excused: ['app'] }, { status: 'skip' }, 'a')], ['fail', 'skip']],
    ['members of objects are no images', [part({ required: ['constructor'] })], ['fail']],
  ];
  it.each(rows)('%s', (_name, parts, statuses) => {
    expect(settleImages(parts).map(({ results }) => results[0]?.status)).toEqual(statuses);
  });

  it('returns the very list when there is nothing to settle', () => {
    const parts = [part(undefined)];
    expect(settleImages(parts)).toBe(parts);
  });
});
