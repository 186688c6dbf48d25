import type { EvidenceFailure, ImageVerificationRequest } from '@vouchsafe/engine/facts';
import { LRUCache } from 'lru-cache';
import type { EvidenceLocation } from '../names/signature-location.ts';
import type { RegistryLimits } from '../registry/limits.ts';
import type { RegistryClient } from '../registry/registry-client.ts';
import type { RepositoryReader } from '../registry/repository-reader.ts';
import type { EvidencePart, EvidenceQuestion, EvidenceSet, Verifier } from '../verifiers/verifier.ts';
import { ByteBudget } from './byte-budget.ts';
import { SingleFlight } from './single-flight.ts';

export interface StoredEvidence {
  readonly set: EvidenceSet;
  /** When it was fetched, in milliseconds. */
  readonly fetchedAt: number;
  /** Why there may be none, once somebody asked. */
  hint?: Promise<EvidenceFailure | undefined>;
}

interface StoredQuestion {
  readonly verifier: Verifier;
  readonly location: EvidenceLocation;
  readonly digest: string;
  readonly part: EvidencePart;
  /** Only what the registry's own list of referrers leaves out: see `RepositoryReader.unlistedReferrers`. */
  readonly isUnlisted: boolean;
  readonly request: ImageVerificationRequest;
  /** Evidence older than this is fetched again. Milliseconds. */
  readonly maximumAge: number;
}

/** Evidence by digest: fetched once for all who ask at the same time, and kept for a while. Failures are never kept. */
export interface EvidenceStore {
  get(question: StoredQuestion): Promise<StoredEvidence>;
  readonly fetches: number;
}

/** Of what evidence takes in memory, not of what it is written with. */
const maximumBytes = 128 * 1024 * 1024;
/** Of long evidence that is being fetched: four images' as large as it may be. */
const maximumLongBytes = 256 * 1024 * 1024;

export function createEvidenceStore(options: {
  client: RegistryClient;
  limits: RegistryLimits;
  acceptsAnyStatement: boolean;
  maxSize: number;
  ttlMs: number;
  now: () => number;
}): EvidenceStore {
  const { client, limits, now } = options;
  const flights = new SingleFlight<StoredEvidence>();
  const kept = new LRUCache<string, StoredEvidence>({
    max: Math.max(options.maxSize, 1),
    maxSize: maximumBytes,
    maxEntrySize: maximumBytes,
    sizeCalculation: ({ set }) => Math.max(set.bytes, 1),
  });
  const budget = new ByteBudget(maximumLongBytes);
  let fetches = 0;

  async function fetch(asked: StoredQuestion): Promise<StoredEvidence> {
    const { verifier, location, digest, part, isUnlisted, request } = asked;
    fetches += 1;
    const fetchedAt = now();
    const reader = client.open(location, request.access);
    const signal = AbortSignal.timeout(limits.totalMs);
    const reservation = budget.open(signal);
    const question: EvidenceQuestion = {
      digest,
      reader: isUnlisted ? unlistedOf(reader, digest) : reader,
      part,
      tagPrefix: location.tagPrefix,
      withReferrers: request.cosignOCI11,
      acceptsAnyStatement: options.acceptsAnyStatement,
      limits,
      reserve: reservation.take,
      signal,
    };
    const set = await verifier.collect(question).finally(reservation.release);
    return { set, fetchedAt };
  }

  return {
    async get(question) {
      const key = keyOf(question);
      const known = kept.get(key);
      const age = known === undefined ? Number.POSITIVE_INFINITY : now() - known.fetchedAt;
      const isUsable = age >= 0 && age <= Math.min(question.maximumAge, options.ttlMs);
      if (known !== undefined && isUsable) return known;
      const fetched = await flights.share(key, () => fetch(question));
      if (options.maxSize > 0) kept.set(key, fetched);
      return fetched;
    },
    get fetches() {
      return fetches;
    },
  };
}

function unlistedOf(reader: RepositoryReader, digest: string): RepositoryReader {
  const referrers: RepositoryReader['referrers'] = (subject, signal) =>
    subject === digest ? reader.unlistedReferrers(subject, signal) : reader.referrers(subject, signal);
  return { ...reader, referrers };
}

/** Evidence is not shared between those who may read different things. */
function keyOf({ verifier, location, digest, part, isUnlisted, request }: StoredQuestion): string {
  const { allowInsecure, providers, secrets } = request.access;
  const access = [allowInsecure, providers, secrets];
  return JSON.stringify([verifier.type, part, isUnlisted, location, digest, request.cosignOCI11, access]);
}
