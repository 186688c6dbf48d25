import type { EvidenceFailure, EvidenceReason, ImageVerificationType } from '@vouchsafe/engine/facts';
import type { JsonObject } from '@vouchsafe/engine/kernel';
import type { RegistryLimits } from '../registry/limits.ts';
import type { RepositoryReader } from '../registry/repository-reader.ts';
import type { ResolvedAttestor } from '../trust/resolved-attestor.ts';
import type { Vouched } from '../trust/vouch.ts';
import type { EvidenceClaims } from './evidence-claims.ts';

/** One format of signatures: how its evidence is found and judged. */
export interface Verifier {
  readonly type: ImageVerificationType;
  /** Gathers the evidence about one digest. Rejects with `RegistryFailure`; nothing is judged here. */
  collect(question: EvidenceQuestion): Promise<EvidenceSet>;
}

export interface EvidenceQuestion {
  readonly digest: string;
  /** Of the repository that holds the evidence. */
  readonly reader: RepositoryReader;
  readonly part: EvidencePart;
  /** What stands before the names of cosign's tags. */
  readonly tagPrefix?: string | undefined;
  /** Also look at referrers of the older experimental form (`cosignOCI11`). */
  readonly withReferrers: boolean;
  /** Any in-toto statement about the image counts as a signature, as in cosign 3 and Kyverno. */
  readonly acceptsAnyStatement: boolean;
  readonly limits: RegistryLimits;
  /** Waits until there is room for so many bytes of evidence; absent where nobody else looks at any. */
  readonly reserve?: ((bytes: number) => Promise<void>) | undefined;
  readonly signal: AbortSignal;
}

export type EvidencePart = 'signatures' | 'attestations';

/** Everything found about a digest, judged in memory against any number of attestors. */
export interface EvidenceSet {
  /** Names the evidence in caches: equal hashes, equal verdicts. */
  readonly hash: string;
  /** How many pieces there are. */
  readonly count: number;
  readonly bytes: number;
  /** What else was found and does not count, for the message that there is nothing. */
  readonly aside?: string | undefined;
  /**
   * Piece by piece, in the registry's order, as far as it is asked. `now` is the present time in milliseconds. With `type`,
   * statements of other predicates are passed over.
   */
  judge(attestor: ResolvedAttestor, now: number, type?: string): Iterable<PieceVerdict>;
  /** What the pieces say of themselves, unverified, in the order in which they are judged. */
  list(): readonly EvidenceClaims[];
}

export type PieceVerdict =
  | {
      readonly ok: true;
      readonly evidence: string;
      readonly vouched: Vouched;
      /** What was signed: the simple signing payload, or the in-toto statement. */
      readonly document: JsonObject;
    }
  | { readonly ok: false; readonly failure: EvidenceFailure };

/** How far a piece of evidence came before it was refused: the nearest miss tells a person the most. */
const nearness: readonly EvidenceReason[] = [
  'annotation-mismatch',
  'wrong-identity',
  'certificate-time',
  'no-log-entry',
  'certificate-chain',
  'invalid-attestor',
  'bad-signature',
  'other-format',
  'unsigned',
];

export function nearestFirst(failures: readonly EvidenceFailure[]): EvidenceFailure[] {
  const rank = (failure: EvidenceFailure): number => {
    const at = nearness.indexOf(failure.reason);
    return at < 0 ? nearness.length : at;
  };
  return [...failures].sort((left, right) => rank(left) - rank(right));
}
