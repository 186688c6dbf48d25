import { constants, createHmac, createPublicKey, type KeyObject, timingSafeEqual, verify } from 'node:crypto';
import { EvaluationError, type TokenSignature } from '@vouchsafe/engine/kernel';

/** How an algorithm of RFC 7518 or 8037 checks, and the only keys it checks with. */
interface Algorithm {
  readonly hash: string | null;
  readonly family: 'HMAC' | 'RSA' | 'RSA-PSS' | 'ECDSA' | 'EdDSA';
  /** The name OpenSSL has for it. */
  readonly curve?: string;
}

const ALGORITHMS: ReadonlyMap<string, Algorithm> = new Map([
  ['HS256', { hash: 'sha256', family: 'HMAC' }],
  ['HS384', { hash: 'sha384', family: 'HMAC' }],
  ['HS512', { hash: 'sha512', family: 'HMAC' }],
  ['RS256', { hash: 'sha256', family: 'RSA' }],
  ['RS384', { hash: 'sha384', family: 'RSA' }],
  ['RS512', { hash: 'sha512', family: 'RSA' }],
  ['PS256', { hash: 'sha256', family: 'RSA-PSS' }],
  ['PS384', { hash: 'sha384', family: 'RSA-PSS' }],
  ['PS512', { hash: 'sha512', family: 'RSA-PSS' }],
  ['ES256', { hash: 'sha256', family: 'ECDSA', curve: 'prime256v1' }],
  ['ES384', { hash: 'sha384', family: 'ECDSA', curve: 'secp384r1' }],
  ['ES512', { hash: 'sha512', family: 'ECDSA', curve: 'secp521r1' }],
  ['EdDSA', { hash: null, family: 'EdDSA' }],
]);

/** Shorter RSA keys verify nothing (RFC 7518 §3.3). */
const SHORTEST_RSA = 2048;

/**
 * Checks the signature of a token by one algorithm, with a key of its kind: a secret never stands in for a public key, nor
 * a public key for a secret. `none` is no algorithm.
 */
export function verifyJws({ algorithm, key, data, signature }: TokenSignature): boolean | EvaluationError {
  const known = ALGORITHMS.get(algorithm);
  if (!known) return new EvaluationError('the algorithm of the signature is not known');
  if ('secret' in key) return known.family === 'HMAC' ? verifySecret(known, key.secret, data, signature) : WRONG_KEY;
  if (known.family === 'HMAC') return WRONG_KEY;
  try {
    const publicKey = createPublicKey({ key: { ...key.jwk }, format: 'jwk' });
    return isOf(publicKey, known) ? verifyPublic(known, publicKey, data, signature) : WRONG_KEY;
  } catch {
    return new EvaluationError('the key cannot be read');
  }
}

const WRONG_KEY = new EvaluationError('the key is not of the algorithm');

function verifySecret({ hash }: Algorithm, secret: Uint8Array, data: Uint8Array, signature: Uint8Array): boolean {
  if (hash === null || secret.length === 0) return false;
  const expected = createHmac(hash, secret).update(data).digest();
  return expected.length === signature.length && timingSafeEqual(expected, signature);
}

function isOf({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject, { family, curve }: Algorithm): boolean {
  switch (family) {
    case 'RSA':
    case 'RSA-PSS':
      return asymmetricKeyType === 'rsa' && (asymmetricKeyDetails?.modulusLength ?? 0) >= SHORTEST_RSA;
    case 'ECDSA':
      return asymmetricKeyType === 'ec' && asymmetricKeyDetails?.namedCurve === curve;
    default:
      return asymmetricKeyType === 'ed25519' || asymmetricKeyType === 'ed448';
  }
}

function verifyPublic({ hash, family }: Algorithm, key: KeyObject, data: Uint8Array, signature: Uint8Array): boolean {
  if (family === 'ECDSA') return verify(hash, data, { key, dsaEncoding: 'ieee-p1363' }, signature);
  if (family !== 'RSA-PSS') return verify(hash, data, key, signature);
  const { RSA_PKCS1_PSS_PADDING: padding, RSA_PSS_SALTLEN_DIGEST: saltLength } = constants;
  return verify(hash, data, { key, padding, saltLength }, signature);
}
