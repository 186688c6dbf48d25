import type { JsonObject } from '../kernel/json.ts';

// Values of facts are `type`s, not interfaces: only a type alias counts as JSON without a cast, as it can get no further
// members elsewhere.

/** Which refusal it was. The first eight are definite and may be cached; the last four never are. */
export type EvidenceReason =
  | 'unsigned'
  | 'other-format'
  | 'wrong-identity'
  | 'certificate-time'
  | 'certificate-chain'
  | 'no-log-entry'
  | 'bad-signature'
  | 'annotation-mismatch'
  | 'registry-unreachable'
  | 'registry-denied'
  | 'timed-out'
  | 'invalid-attestor';

/** Why one piece of evidence, or one attestor as a whole, did not vouch for the image. */
export type EvidenceFailure = {
  readonly reason: EvidenceReason;
  /** One line for a human, lower case, e.g. `subject mismatch: expected https://github.com/a/*, received https://github.com/b/c`. */
  readonly message: string;
  readonly wanted?: string;
  readonly got?: string;
  /** The piece of evidence, e.g. the digest of the signature's layer. */
  readonly evidence?: string;
};

export type AttestorOutcome = {
  /** Kyverno's path of the entry: `.attestors[0].entries[1].keyless`, nested ones with `.attestor` in between. */
  readonly path: string;
  readonly verified: boolean;
  /** Empty when verified. */
  readonly failures: readonly EvidenceFailure[];
  /** Who signed, when verified: certificate subject and issuer, or the key's fingerprint. Shown by `explain`. */
  readonly signer?: {
    readonly subject?: string;
    readonly issuer?: string;
    readonly key?: string;
    readonly integratedTime?: string;
  };
};

export type AttestorSetOutcome = {
  readonly verifiedCount: number;
  readonly requiredCount: number;
  readonly entries: readonly AttestorOutcome[];
};

export type AttestationOutcome = {
  readonly type: string;
  readonly name?: string;
  readonly sets: readonly AttestorSetOutcome[];
  /** Verified statements of this type: `{ type, predicate, … }`, newest last; first those whose time nobody vouches for. */
  readonly statements: readonly JsonObject[];
  /** When the last of them was signed, by a trusted log or authority: milliseconds. Absent when nobody vouches for it. */
  readonly newestAt?: number;
};

/** The value of an image-verification fact. A registry or network failure is a failed fact, never one of these. */
export type ImageVerification = {
  /** Digest the reference resolved to; everything below is about this digest. */
  readonly digest: string;
  readonly verified: boolean;
  readonly sets: readonly AttestorSetOutcome[];
  readonly attestations: readonly AttestationOutcome[];
  readonly fromCache: boolean;
};
