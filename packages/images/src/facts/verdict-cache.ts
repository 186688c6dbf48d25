import { createHash } from 'node:crypto';
import type { EvidenceReason } from '@vouchsafe/engine/facts';
import { LRUCache } from 'lru-cache';
import type { ResolvedAttestor } from '../trust/resolved-attestor.ts';
import type { EvidenceSet } from '../verifiers/verifier.ts';
import type { AttestorVerdict } from './attestor-sets.ts';
import { statementSize } from './statement-size.ts';

/**
 * Verdicts by evidence and attestor, whose hash covers the trust root. Only definite ones are kept: the same evidence and
 * the same attestor always give them again.
 */
export interface VerdictCache {
  get(set: EvidenceSet, attestor: ResolvedAttestor, type: string | undefined): AttestorVerdict | undefined;
  /** `validUntil` (milliseconds) ends verdicts that rest on the present time. */
  set(
    set: EvidenceSet,
    attestor: ResolvedAttestor,
    type: string | undefined,
    verdict: AttestorVerdict,
    validUntil: number | undefined,
  ): void;
  readonly hits: number;
  readonly size: number;
}

const passing: ReadonlySet<EvidenceReason> = new Set([
  'registry-unreachable',
  'registry-denied',
  'timed-out',
  'invalid-attestor',
]);

/** Statements that were verified are handed over read, and their authors chose how long they are: see `jsonSize`. */
const maximumSize = 48 * 1024 * 1024;
const maximumEntrySize = 16 * 1024 * 1024;
/** Of a verdict without statements. */
const usualSize = 512;

function sizeOf(verdict: AttestorVerdict): number {
  const statements = verdict.verified ? verdict.statements.map(({ statement }) => statement) : [];
  return usualSize + statementSize(statements, maximumEntrySize);
}

export function createVerdictCache(options: { maxSize: number; ttlMs: number; now: () => number }): VerdictCache {
  const kept = new LRUCache<string, { verdict: AttestorVerdict; until: number; size: number }>({
    max: Math.max(options.maxSize, 1),
    maxSize: maximumSize,
    maxEntrySize: maximumEntrySize,
    sizeCalculation: ({ size }) => size,
  });
  let hits = 0;
  return {
    get(set, attestor, type) {
      const found = kept.get(keyOf(set, attestor, type));
      if (found === undefined || options.now() >= found.until) return undefined;
      hits += 1;
      return found.verdict;
    },
    set(set, attestor, type, verdict, validUntil) {
      if (options.maxSize <= 0 || !isDefinite(verdict)) return;
      const until = Math.min(options.now() + options.ttlMs, validUntil ?? Number.POSITIVE_INFINITY);
      kept.set(keyOf(set, attestor, type), { verdict, until, size: sizeOf(verdict) });
    },
    get hits() {
      return hits;
    },
    get size() {
      return kept.size;
    },
  };
}

/** A refusal that rests on the present time may turn: a certificate may become valid. */
function isDefinite(verdict: AttestorVerdict): boolean {
  if (verdict.verified) return true;
  return verdict.failures.every(({ reason }) => !passing.has(reason) && reason !== 'certificate-time');
}

function keyOf(set: EvidenceSet, attestor: ResolvedAttestor, type: string | undefined): string {
  return createHash('sha256')
    .update(JSON.stringify([set.hash, attestor.hash, type ?? null]))
    .digest('base64');
}
