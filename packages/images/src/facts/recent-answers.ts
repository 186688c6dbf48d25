import { type Fact, factKey, type ImageVerification, type ImageVerificationRequest } from '@vouchsafe/engine/facts';
import type { Json } from '@vouchsafe/engine/kernel';
import { LRUCache } from 'lru-cache';
import type { TrustRoot } from '../trust/trust-root.ts';
import { statementSize } from './statement-size.ts';

/**
 * The verdicts of the last seconds, to be told again without waiting. A rollout admits hundreds of Pods of one image in
 * that time; a key that is rotated, a root that changes or a signature that goes is heeded after it.
 */
export interface RecentAnswers {
  find(request: ImageVerificationRequest): Fact<Json> | undefined;
  /** Takes the answer about a digest. Only what was verified is kept: a refusal is looked at again. */
  keep(request: ImageVerificationRequest, verification: ImageVerification): void;
}

/** No longer than this, whatever evidence and verdicts are kept for. */
const RECENT_MS = 2_000;

/** Answers are kept past their time until others take their place: those with long statements are not worth it. */
const LONG_SIZE = 64 * 1024;

function isLong({ attestations }: ImageVerification): boolean {
  const statements = attestations.flatMap((attestation) => attestation.statements);
  return statementSize(statements, LONG_SIZE) > LONG_SIZE;
}

export function createRecentAnswers(options: {
  readonly trustRoot: () => TrustRoot;
  readonly now: () => number;
  /** 0: nothing is kept. */
  readonly maxSize: number;
  readonly ttlMs: number;
}): RecentAnswers {
  const { trustRoot, now, maxSize } = options;
  const ttlMs = Math.min(options.ttlMs, RECENT_MS);
  const kept = new LRUCache<string, { readonly fact: Fact<Json>; readonly root: TrustRoot; readonly at: number }>({
    max: Math.max(maxSize, 1),
  });
  return {
    find(request) {
      if (!request.useCache) return undefined;
      const found = kept.get(factKey(request));
      if (!found || found.root !== trustRoot()) return undefined;
      const age = now() - found.at;
      return age >= 0 && age < ttlMs ? found.fact : undefined;
    },
    keep(request, verification) {
      if (maxSize <= 0 || !request.useCache || !verification.verified || isLong(verification)) return;
      const value = { ...verification, fromCache: true };
      kept.set(factKey(request), { fact: { ok: true, value }, root: trustRoot(), at: now() });
    },
  };
}
