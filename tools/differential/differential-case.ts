import type { Attestor, ImageVerificationType } from '@vouchsafe/engine/facts';
import type { Registry } from '@vouchsafe/sandbox/registry';
import type { Sigstore } from '@vouchsafe/sandbox/sigstore';
import type { NotaryKey } from '../../packages/images/test/notary-signer.ts';

/** What artefacts are made with. */
export interface Workshop {
  readonly registry: Registry;
  readonly sigstore: Sigstore;
  /** Keys that sign; made once, because RSA takes its time. */
  readonly keys: ReadonlyMap<KeyName, KeyPem>;
  /** Keys of the same kinds that sign nothing. */
  readonly otherKeys: ReadonlyMap<KeyName, KeyPem>;
  /** Each with the authority that certified it, PEM. */
  readonly notary: ReadonlyMap<NotaryKeyName, { readonly root: string; readonly signer: NotaryKey }>;
}

export const keyNames = ['ecdsa-p256', 'ecdsa-p384', 'ecdsa-p521', 'rsa-2048', 'ed25519'] as const;
export type KeyName = (typeof keyNames)[number];

export const notaryKeyNames = ['ecdsa-p256', 'ecdsa-p384', 'rsa-2048'] as const;
export type NotaryKeyName = (typeof notaryKeyNames)[number];

export interface KeyPem {
  readonly privateKey: string;
  readonly publicKey: string;
}

/** Who must have signed, in words every tool has. */
export type WantedSigner =
  | { readonly kind: 'key'; readonly publicKey: string }
  | { readonly kind: 'identity'; readonly subject: string; readonly issuer: string; readonly isExpression?: boolean }
  | { readonly kind: 'notary'; readonly root: string };

/** What is asked about one artefact. */
export interface Question {
  readonly signer: WantedSigner;
  readonly isLogWanted: boolean;
  /** A time stamp that does not hold refuses the signature. */
  readonly isTimeStampWanted: boolean;
  readonly annotations?: Readonly<Record<string, string>>;
  /** Asks for an attestation of this type instead of a signature. */
  readonly predicateType?: string;
}

/** One signed image and one question about it. */
export interface DifferentialCase {
  /** Its coordinates: signer, key, format, log, time stamp, what is asked, what is wrong. */
  readonly name: string;
  readonly type: ImageVerificationType;
  /** By construction. */
  readonly intended: Verdict;
  readonly question: Question;
  /** Signs the image, which is in the registry already. Returns the digest of the manifest that holds the evidence. */
  sign(image: string, repository: string, digest: string): { readonly layerDigest: string };
}

export type Verdict = 'accept' | 'refuse';

/** An artefact in the registry. */
export interface Artefact {
  readonly host: string;
  readonly repository: string;
  readonly digest: string;
  /** The blob with the bundle or envelope. */
  readonly evidence: Uint8Array;
}

export interface Judgement {
  readonly verdict: Verdict;
  /** What the tool said, one line. */
  readonly words: string;
}

/** One verifier under comparison. */
export interface Judge {
  readonly name: string;
  readonly version: string;
  /** Whether the tool has this format and this kind of question at all. */
  answers(asked: DifferentialCase): boolean;
  judge(asked: DifferentialCase, artefact: Artefact): Promise<Judgement>;
  stop?(): Promise<void>;
}

/** The attestor of a policy that asks the question. */
export function attestorOf({ signer, isLogWanted, isTimeStampWanted }: Question, stampChain: string): Attestor {
  const rekor = isLogWanted ? {} : { rekor: { ignoreTlog: true } };
  const ctlog = isTimeStampWanted ? { ctlog: { tsaCertChain: stampChain } } : {};
  if (signer.kind === 'key') return { keys: { publicKeys: signer.publicKey, ...rekor, ...ctlog } };
  if (signer.kind === 'notary') return { certificates: { certChain: signer.root } };
  const { subject, issuer } = signer;
  const identity =
    signer.isExpression === true ? { subjectRegExp: subject, issuerRegExp: issuer } : { subject, issuer };
  return { keyless: { ...identity, ...rekor, ...ctlog } };
}
