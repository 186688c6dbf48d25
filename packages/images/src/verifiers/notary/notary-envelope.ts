import { constants, type KeyObject, verify } from 'node:crypto';
import { Refusal } from '../../trust/refusal.ts';

/** A Notary Project signature, whatever its encoding. Nothing of it is verified. */
export interface NotaryEnvelope {
  readonly algorithm: NotaryAlgorithm;
  readonly signedBytes: Buffer;
  readonly signature: Buffer;
  readonly payload: Buffer;
  readonly contentType: string;
  readonly signingScheme: string;
  /** Milliseconds; undefined when the signature does not expire. */
  readonly expiry: number | undefined;
  /** Attributes that must be understood. */
  readonly critical: readonly string[];
  /** DER, the signer's first. */
  readonly certificates: readonly Buffer[];
  /** RFC 3161 token over the signature. */
  readonly timeStamp: Buffer | undefined;
}

export type NotaryAlgorithm = 'PS256' | 'PS384' | 'PS512' | 'ES256' | 'ES384' | 'ES512';

const curves: Readonly<Record<string, string>> = { ES256: 'prime256v1', ES384: 'secp384r1', ES512: 'secp521r1' };

export function isNotaryAlgorithm(name: unknown): name is NotaryAlgorithm {
  return typeof name === 'string' && /^[PE]S(?:256|384|512)$/.test(name);
}

/** Whether the envelope's signature is the key's. The algorithm must fit the key: it is the signer's word, not ours. */
export function isEnvelopeSignedBy(envelope: NotaryEnvelope, key: KeyObject): boolean {
  const { algorithm, signedBytes, signature } = envelope;
  const hash = `sha${algorithm.slice(2)}`;
  const curve = curves[algorithm];
  try {
    if (curve === undefined) {
      if (key.asymmetricKeyType !== 'rsa') return false;
      const padding = constants.RSA_PKCS1_PSS_PADDING;
      return verify(hash, signedBytes, { key, padding, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }, signature);
    }
    if (key.asymmetricKeyType !== 'ec' || key.asymmetricKeyDetails?.namedCurve !== curve) return false;
    return verify(hash, signedBytes, { key, dsaEncoding: 'ieee-p1363' }, signature);
  } catch {
    return false;
  }
}

export function malformedEnvelope(why: string): Refusal {
  return new Refusal('bad-signature', `the signature envelope is malformed: ${why}`);
}
