import { constants, createPublicKey, hash, type KeyObject, verify } from 'node:crypto';
import { importPublicKey, parseCertificate, readNamedCurve, splitPem } from '@vouchsafe/kube/pki';
import { LRUCache } from 'lru-cache';
import { isPrehashedSignature } from './ed25519ph.ts';
import { Refusal, readOrRefuse } from './refusal.ts';

/** A key that may vouch for something. */
export interface PublicKey {
  readonly key: KeyObject;
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Buffer;
  /** `sha256:` and the hex digest of `spki`. */
  readonly fingerprint: string;
}

export type HashName = 'sha224' | 'sha256' | 'sha384' | 'sha512';

const minimumRsaBits = 2048;
const maximumRsaBits = 8192;
/** Everybody's is 65537. With one as long as the modulus a check takes a hundred times as long: work for the verifier. */
const maximumRsaExponent = 2n ** 32n;
const curveHashes: ReadonlyMap<string, HashName> = new Map([
  ['prime256v1', 'sha256'],
  ['secp384r1', 'sha384'],
  ['secp521r1', 'sha512'],
]);

/** Of the same curves. */
const usedCurveOids: ReadonlySet<string> = new Set(['1.2.840.10045.3.1.7', '1.3.132.0.34', '1.3.132.0.35']);

const keysByPem = new LRUCache<string, readonly PublicKey[]>({ max: 500 });

/**
 * All public keys of a PEM text (`PUBLIC KEY`, `RSA PUBLIC KEY`), read once and kept by the digest of the text. Refuses
 * `invalid-attestor`: text without a key, other blocks, and keys too weak or of a kind that cannot be checked here.
 */
export function parsePublicKeys(pem: string): readonly PublicKey[] {
  const digest = hash('sha256', pem, 'base64');
  const known = keysByPem.get(digest);
  if (known !== undefined) return known;
  const blocks = readOrRefuse('invalid-attestor', 'the public key', () => splitPem(pem, 100));
  if (blocks.length === 0) throw new Refusal('invalid-attestor', 'the public key is not PEM');
  const keys = blocks.map(({ label, der }) => readBlock(label, der));
  keysByPem.set(digest, keys);
  return keys;
}

function readBlock(label: string, der: Uint8Array): PublicKey {
  if (label === 'CERTIFICATE') {
    return createVerificationKey(readOrRefuse('invalid-attestor', 'the certificate', () => parseCertificate(der)).spki);
  }
  if (label !== 'PUBLIC KEY' && label !== 'RSA PUBLIC KEY') {
    throw new Refusal('invalid-attestor', `a public key is needed, not \`${label}\``);
  }
  return createVerificationKey(der, label === 'RSA PUBLIC KEY' ? 'pkcs1' : 'spki');
}

/** Reads a key and checks that its kind and strength are acceptable. Refuses `invalid-attestor`. */
export function createVerificationKey(der: Uint8Array, type: 'spki' | 'pkcs1' = 'spki'): PublicKey {
  let key: KeyObject;
  try {
    key = type === 'spki' ? importPublicKey(der) : createPublicKey({ key: Buffer.from(der), format: 'der', type });
  } catch {
    throw new Refusal('invalid-attestor', 'the public key cannot be read');
  }
  return acceptableKey(key);
}

/**
 * The same for a key that was read, and its SubjectPublicKeyInfo where that is at hand. What names it is worked out when it
 * is asked for: of a certificate's it hardly is.
 */
export function acceptableKey(key: KeyObject, encoded?: Uint8Array): PublicKey {
  const weakness = weaknessOf(key, encoded);
  if (weakness !== undefined) throw new Refusal('invalid-attestor', weakness);
  let spki: Buffer | undefined;
  return {
    key,
    get spki() {
      spki ??= encoded === undefined ? key.export({ type: 'spki', format: 'der' }) : Buffer.from(encoded);
      return spki;
    },
    get fingerprint() {
      return `sha256:${hash('sha256', this.spki)}`;
    },
  };
}

function weaknessOf(key: KeyObject, encoded: Uint8Array | undefined): string | undefined {
  switch (key.asymmetricKeyType) {
    case 'ed25519':
      return undefined;
    case 'ec':
      return isUsedCurve(key, encoded)
        ? undefined
        : `the curve \`${key.asymmetricKeyDetails?.namedCurve}\` is not used`;
    case 'rsa': {
      const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
      const exponent = key.asymmetricKeyDetails?.publicExponent ?? 0n;
      if (bits < minimumRsaBits || bits > maximumRsaBits) return `an RSA key of ${bits} bits is not used`;
      return exponent > 1n && exponent < maximumRsaExponent ? undefined : 'an RSA key of such an exponent is not used';
    }
    default:
      return `keys of type \`${key.asymmetricKeyType}\` are not used`;
  }
}

/** By the name in the key's encoding: asking OpenSSL for it takes as long as reading the key did. */
function isUsedCurve(key: KeyObject, encoded: Uint8Array | undefined): boolean {
  const named = encoded === undefined ? undefined : readNamedCurve(encoded);
  return named === undefined ? curveHashes.has(key.asymmetricKeyDetails?.namedCurve ?? '') : usedCurveOids.has(named);
}

/**
 * Whether `signature` is `key`'s over `data`. With `hashName` only that one counts. Without it SHA-256 (what cosign 2 signs
 * with whatever the key) and, for elliptic curves, the hash of the curve's size (what bundles are signed with). Of RSA both
 * paddings: PKCS #1 (what cosign signs with) and PSS (what clouds sign with, where a key is made for it). Of Ed25519 both
 * kinds: pure (cosign 2) and prehashed (cosign 3). Only within `judgeWithEd25519ph`.
 */
export function isSignedBy(key: KeyObject, data: Uint8Array, signature: Uint8Array, hashName?: HashName): boolean {
  if (signature.length === 0) return false;
  if (key.asymmetricKeyType === 'ed25519') {
    return isSignedWith(null, key, data, signature) || isPrehashedSignature(key, data, signature);
  }
  if (hashName !== undefined) return isSignedWith(hashName, key, data, signature);
  if (isSignedWith('sha256', key, data, signature)) return true;
  const natural = curveHashes.get(key.asymmetricKeyDetails?.namedCurve ?? '');
  return natural !== undefined && natural !== 'sha256' && isSignedWith(natural, key, data, signature);
}

function isSignedWith(hash: HashName | null, key: KeyObject, data: Uint8Array, signature: Uint8Array): boolean {
  try {
    if (verify(hash, data, key, signature)) return true;
    if (hash === null || key.asymmetricKeyType !== 'rsa') return false;
    const padding = constants.RSA_PKCS1_PSS_PADDING;
    return verify(hash, data, { key, padding, saltLength: constants.RSA_PSS_SALTLEN_AUTO }, signature);
  } catch {
    // OpenSSL refuses some malformed signatures with an error instead of an answer.
    return false;
  }
}
