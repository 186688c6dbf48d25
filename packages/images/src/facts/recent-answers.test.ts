import type { ImageVerification, ImageVerificationRequest } from '@vouchsafe/engine/facts';
import { expect, it } from 'vitest';
import { publicGoodTrustRoot } from '../trust/trust-root.ts';
import { createRecentAnswers } from './recent-answers.ts';

const REQUEST: ImageVerificationRequest = {
  kind: 'image-verification',
  reference: `ghcr.io/a/b@sha256:${'a'.repeat(64)}`,
  type: 'Cosign',
  attestors: [{ entries: [{ keys: { publicKeys: 'K' } }] }],
  attestations: [],
  annotations: {},
  cosignOCI11: false,
  useCache: true,
  access: { allowInsecure: false, providers: [], secrets: [] },
};
const VERIFIED: ImageVerification = {
  digest: 'sha256:a',
  verified: true,
  sets: [],
  attestations: [],
  fromCache: false,
};

function setUp(given: { maxSize?: number; ttlMs?: number } = {}) {
  let time = 1_000_000;
  let root = publicGoodTrustRoot();
  const answers = createRecentAnswers({ trustRoot: () => root, now: () => time, maxSize: 10, ttlMs: 60_000, ...given });
  const pass = (milliseconds: number) => {
    time += milliseconds;
  };
  const rotate = () => {
    root = { ...root };
  };
  return { answers, pass, rotate };
}

it('tells again what was verified a moment ago, and that it did so', () => {
  const { answers, pass } = setUp();
  answers.keep(REQUEST, VERIFIED);
  pass(1_999);
  expect(answers.find({ ...REQUEST })).toEqual({ ok: true, value: { ...VERIFIED, fromCache: true } });
});

it.each<[string, (given: ReturnType<typeof setUp>) => ImageVerificationRequest]>([
  [
    'after a while',
    ({ pass }) => {
      pass(2_000);
      return REQUEST;
    },
  ],
  [
    'when the clock was set back',
    ({ pass }) => {
      pass(-1);
      return REQUEST;
    },
  ],
  [
    'once the trust root changed',
    ({ rotate }) => {
      rotate();
      return REQUEST;
    },
  ],
  ['to who wants no cache', () => ({ ...REQUEST, useCache: false })],
  ['about another image', () => ({ ...REQUEST, reference: REQUEST.reference.replace('a/b', 'a/c') })],
  ['to who trusts others', () => ({ ...REQUEST, attestors: [{ entries: [{ keys: { publicKeys: 'L' } }] }] })],
  ['to who has other credentials', () => ({ ...REQUEST, access: { ...REQUEST.access, secrets: ['a/b'] } })],
])('tells nothing %s', (_, change) => {
  const given = setUp();
  given.answers.keep(REQUEST, VERIFIED);
  expect(given.answers.find(change(given))).toBeUndefined();
});

it.each<[string, Partial<ImageVerification>, Partial<ImageVerificationRequest>, Parameters<typeof setUp>[0]]>([
  ['a refusal', { verified: false }, {}, {}],
  ['what asks for no cache', {}, { useCache: false }, {}],
  ['anything where nothing is kept', {}, {}, { maxSize: 0 }],
  ['anything where nothing lasts', {}, {}, { ttlMs: 0 }],
])('does not keep %s', (_, verification, request, options) => {
  const { answers } = setUp(options);
  answers.keep({ ...REQUEST, ...request }, { ...VERIFIED, ...verification });
  expect(answers.find(REQUEST)).toBeUndefined();
});

it('does not keep long statements', () => {
  const { answers } = setUp();
  const attested = (length: number): ImageVerification => ({
    ...VERIFIED,
    attestations: [{ type: 't', sets: [], statements: [{ type: 't', predicate: 'x'.repeat(length) }] }],
  });
  answers.keep(REQUEST, attested(100_000));
  expect(answers.find(REQUEST)).toBeUndefined();
  answers.keep(REQUEST, attested(1000));
  expect(answers.find(REQUEST)).toBeDefined();
});
