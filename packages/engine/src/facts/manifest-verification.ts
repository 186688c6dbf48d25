import type { AttestorSet } from './attestor.ts';
import type { AttestorSetOutcome } from './image-verification.ts';

/** One signature that an object carries in its annotations, as the texts stand there (base64, mostly of gzip). */
export interface ManifestSignature {
  /** What was signed: the manifest, or an archive of manifests. */
  readonly message: string;
  readonly signature: string;
  readonly certificate?: string;
  /** The entry of a transparency log. */
  readonly bundle?: string;
}

/** What a signed message holds. Value: a `SignedMessage`. Whether the signature holds is another question. */
export interface SignedMessageRequest {
  readonly kind: 'signed-message';
  readonly message: string;
}

export type SignedMessage = {
  /** Texts in YAML. */
  readonly manifests: readonly string[];
};

/** Whether one of these signatures satisfies the attestors. Value: a `ManifestVerification`. */
export interface ManifestVerificationRequest {
  readonly kind: 'manifest-verification';
  readonly signatures: readonly ManifestSignature[];
  /** All sets must hold. */
  readonly attestors: readonly AttestorSet[];
  /** The annotations of the object that attestors ask for by name. */
  readonly annotations: Readonly<Record<string, string>>;
}

export type ManifestVerification = {
  readonly verified: boolean;
  readonly sets: readonly AttestorSetOutcome[];
};
