import type { CertificateVariant } from './certificate-authority.ts';

/**
 * What is wrong with a signature that the built-in signer makes, as data. Every member is optional; none: a signature as
 * the real tools write it. Everything not named stays consistent, so that one check alone can find the defect: a tampered
 * signature, for instance, is logged and timestamped in its tampered form.
 */
export interface SignatureDefects {
  /** The document names this digest instead of the image's. */
  signedDigest?: string;
  /** The document is about the image, the signature was made over one about another image. */
  document?: 'changed-after-signing';
  /** Instead of `cosign container image signature` or the in-toto statement type. */
  documentType?: string;
  /** DSSE payload type. */
  payloadType?: string;
  /** How many times the DSSE envelope carries the signature. */
  signatureCount?: number;
  signature?: 'tampered' | 'by-another-key' | 'empty' | 'not-base64';
  /** Of a keyless signature: how its certificate differs. */
  certificate?: CertificateVariant;
  /**
   * What is stored with the signature instead of its certificate. `of-another-key`: a valid certificate of the same
   * identity for another key. `garbage`: bytes that are no certificate.
   */
  storedCertificate?: 'missing' | 'of-another-key' | 'garbage';
  /** The legacy chain annotation. `impostor`: an untrusted authority's, in which an attacker hopes to be believed. */
  storedChain?: 'missing' | 'impostor';
  log?: LogDefects;
  timestamp?: TimestampDefects;
  /** Of a bundle's manifest: without `artifactType`, or with a layer of another media type. */
  manifest?: { artifactType?: string; layerMediaType?: string };
}

export interface LogDefects {
  /**
   * The entry that vouches for the signature. `of-another-key`: the same payload signed by somebody else.
   * `of-another-verifier`: this payload and signature, but naming another key. `of-another-signature`: another signature
   * of the same key. `of-another-payload`: the same key over something else. `unknown-log`: in a log nobody trusts.
   */
  entry?:
    | 'missing'
    | 'of-another-key'
    | 'of-another-verifier'
    | 'of-another-signature'
    | 'of-another-payload'
    | 'unknown-log';
  /** When the log (v1) says it received the entry; properly signed. */
  integratedTime?: Date;
  /** The signed entry timestamp. */
  promise?: 'missing' | 'tampered' | 'by-another-key';
  /** The inclusion proof of a bundle. */
  proof?: 'missing' | 'truncated' | 'extended' | 'of-another-root';
  /** `with-witnesses` is no defect: extra signature lines that a verifier must ignore. */
  checkpoint?: 'missing' | 'tampered' | 'by-another-key' | 'with-witnesses';
}

export interface TimestampDefects {
  token?: 'of-other-data' | 'unknown-authority' | 'tampered';
  /** When the authority says it saw the signature; properly signed. */
  time?: Date;
}

/** The same bytes with the last one changed. */
export function tamper(bytes: Uint8Array): Buffer {
  const changed = Buffer.from(bytes);
  const last = changed.length - 1;
  if (last >= 0) changed[last] = (changed[last] ?? 0) ^ 1;
  return changed;
}
