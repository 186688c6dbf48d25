import type { EvidenceReason } from '@vouchsafe/engine/facts';
import { describe, expect, it } from 'vitest';
import type { ResolvedAttestor } from '../trust/resolved-attestor.ts';
import type { EvidenceSet } from '../verifiers/verifier.ts';
import type { AttestorVerdict } from './attestor-sets.ts';
import { createVerdictCache } from './verdict-cache.ts';

// The cache reads hashes only.
const set = { hash: 'e' } as EvidenceSet;
const attestor = { hash: 'a' } as ResolvedAttestor;
const good: AttestorVerdict = { verified: true, signer: {}, statements: [] };
const refused = (reason: EvidenceReason): AttestorVerdict => ({ verified: false, failures: [{ reason, message: '' }] });

function cacheAt() {
  const clock = { time: 1000 };
  return { clock, cache: createVerdictCache({ maxSize: 10, ttlMs: 100, now: () => clock.time }) };
}

describe('the verdict cache', () => {
  it.each<[EvidenceReason, boolean]>([
    ['unsigned', true],
    ['bad-signature', true],
    ['wrong-identity', true],
    ['no-log-entry', true],
    ['certificate-chain', true],
    ['annotation-mismatch', true],
    ['certificate-time', false],
    ['registry-unreachable', false],
    ['registry-denied', false],
    ['timed-out', false],
    ['invalid-attestor', false],
  ])('keeps a refusal for %s: %s', (reason, isKept) => {
    const { cache } = cacheAt();
    cache.set(set, attestor, undefined, refused(reason), undefined);
    expect(cache.get(set, attestor, undefined) !== undefined).toBe(isKept);
  });

  it('forgets after its time, and when the certificate ends that a verdict rests on', () => {
    const { cache, clock } = cacheAt();
    cache.set(set, attestor, undefined, good, undefined);
    cache.set(set, attestor, 'short', good, 1010);
    clock.time = 1009;
    expect(cache.get(set, attestor, 'short')).toBe(good);
    clock.time = 1010;
    expect(cache.get(set, attestor, 'short')).toBeUndefined();
    expect(cache.get(set, attestor, undefined)).toBe(good);
    clock.time = 1100;
    expect(cache.get(set, attestor, undefined)).toBeUndefined();
  });

  it('keeps a few long statements and not more', () => {
    const { cache } = cacheAt();
    const of = (length: number): AttestorVerdict => ({
      verified: true,
      signer: {},
      statements: [{ statement: { predicate: 'x'.repeat(length) }, time: undefined }],
    });
    const mebibyte = 1024 * 1024;
    cache.set(set, attestor, 'too long', of(17 * mebibyte), undefined);
    expect(cache.size).toBe(0);
    for (let index = 0; index < 9; index += 1) cache.set(set, attestor, String(index), of(10 * mebibyte), undefined);
    expect(cache.size).toBe(4);
  });

  it('tells evidence, attestors and types apart', () => {
    const { cache } = cacheAt();
    cache.set(set, attestor, undefined, good, undefined);
    expect(cache.get({ ...set, hash: 'x' }, attestor, undefined)).toBeUndefined();
    expect(cache.get(set, { ...attestor, hash: 'x' }, undefined)).toBeUndefined();
    expect(cache.get(set, attestor, '')).toBeUndefined();
  });
});
