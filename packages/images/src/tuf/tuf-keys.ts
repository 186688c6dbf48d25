import { constants, type KeyObject, verify } from 'node:crypto';
import { type Json, memberAt } from '@vouchsafe/engine/kernel';
import { decodeHex } from '../trust/encoded-text.ts';
import { createVerificationKey, type PublicKey, parsePublicKeys } from '../trust/public-key.ts';
import { attempt } from '../trust/refusal.ts';

/** A key that signs metadata. */
export interface TufKey {
  readonly fingerprint: string;
  hasSigned(data: Uint8Array, signature: Uint8Array): boolean;
}

/** What stands before the 32 bytes of an Ed25519 key in its SubjectPublicKeyInfo (RFC 8410). */
const ed25519Prefix = Buffer.from('302a300506032b6570032100', 'hex');

interface Scheme {
  readonly read: (text: string) => PublicKey | undefined;
  readonly fits: (key: KeyObject) => boolean;
  readonly hash: 'sha256' | 'sha384' | null;
}

const onCurve = (curve: string) => (key: KeyObject) => key.asymmetricKeyDetails?.namedCurve === curve;

/** The schemes of the TUF specification, §4.2, and the larger curve of securesystemslib. */
const schemes: ReadonlyMap<string, Scheme> = new Map<string, Scheme>([
  ['ed25519', { read: readEd25519, fits: (key) => key.asymmetricKeyType === 'ed25519', hash: null }],
  ['ecdsa-sha2-nistp256', { read: readPem, fits: onCurve('prime256v1'), hash: 'sha256' }],
  ['ecdsa-sha2-nistp384', { read: readPem, fits: onCurve('secp384r1'), hash: 'sha384' }],
  ['rsassa-pss-sha256', { read: readPem, fits: (key) => key.asymmetricKeyType === 'rsa', hash: 'sha256' }],
]);

/** A key of `root.json`; undefined when it is of a kind that is not known here, malformed or too weak. */
export function readTufKey(described: Json | undefined): TufKey | undefined {
  const name = memberAt(described, 'scheme');
  const text = memberAt(described, 'keyval', 'public');
  const scheme = typeof name === 'string' ? schemes.get(name) : undefined;
  if (scheme === undefined || typeof text !== 'string') return undefined;
  const read = attempt(() => scheme.read(text));
  const found = read.ok ? read.value : undefined;
  if (found === undefined || !scheme.fits(found.key)) return undefined;
  const { key, fingerprint } = found;
  const padding = key.asymmetricKeyType === 'rsa' ? { padding: constants.RSA_PKCS1_PSS_PADDING } : {};
  return {
    fingerprint,
    hasSigned(data, signature) {
      try {
        return verify(scheme.hash, data, { key, ...padding }, signature);
      } catch {
        // OpenSSL refuses some malformed signatures with an error instead of an answer.
        return false;
      }
    },
  };
}

function readPem(text: string): PublicKey | undefined {
  const keys = parsePublicKeys(text);
  return keys.length === 1 ? keys[0] : undefined;
}

function readEd25519(text: string): PublicKey | undefined {
  const raw = decodeHex(text);
  return raw?.length === 32 ? createVerificationKey(Buffer.concat([ed25519Prefix, raw])) : undefined;
}
