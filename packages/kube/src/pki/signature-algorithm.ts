import { constants, type KeyObject, sign, verify } from 'node:crypto';
import { type DerElement, derContextTag, derTags, openDer, unwrapDer } from './der-reader.ts';
import { readDerObjectIdentifier, readDerSmallInteger } from './der-values.ts';
import { derNull, derObjectIdentifier, derSequence } from './der-writer.ts';
import { hashNamesByOid, signatureOids } from './object-identifiers.ts';
import { PkiError } from './pki-error.ts';

type HashName = 'sha256' | 'sha384' | 'sha512';

/** An AlgorithmIdentifier: the OID and the parameters as found. */
export interface AlgorithmIdentifier {
  readonly oid: string;
  readonly parameters: DerElement | undefined;
  /** The exact encoding. */
  readonly der: Uint8Array;
}

export function readAlgorithmIdentifier(element: DerElement, what = 'algorithm'): AlgorithmIdentifier {
  const cursor = openDer(element, what);
  const oid = readDerObjectIdentifier(cursor.next(), what);
  const parameters = cursor.isAtEnd ? undefined : cursor.next();
  cursor.finish();
  return { oid, parameters, der: element.bytes };
}

/** How to check one signature algorithm: the key type it belongs to and, except for Ed25519, its hash. */
interface SignatureScheme {
  readonly keyType: 'ec' | 'rsa' | 'ed25519';
  readonly hash: HashName | null;
  readonly saltLength?: number;
}

const schemes: ReadonlyMap<string, SignatureScheme> = new Map<string, SignatureScheme>([
  [signatureOids.ecdsaWithSha256, { keyType: 'ec', hash: 'sha256' }],
  [signatureOids.ecdsaWithSha384, { keyType: 'ec', hash: 'sha384' }],
  [signatureOids.ecdsaWithSha512, { keyType: 'ec', hash: 'sha512' }],
  [signatureOids.rsaWithSha256, { keyType: 'rsa', hash: 'sha256' }],
  [signatureOids.rsaWithSha384, { keyType: 'rsa', hash: 'sha384' }],
  [signatureOids.rsaWithSha512, { keyType: 'rsa', hash: 'sha512' }],
  [signatureOids.ed25519, { keyType: 'ed25519', hash: null }],
]);

/**
 * Checks a signature made under an X.509 or CMS signature algorithm. ECDSA signatures are DER. False for a wrong
 * signature, a key of another type, and any algorithm outside SHA-2 ECDSA, RSA, RSA-PSS and Ed25519.
 */
export function verifySignature(
  algorithm: AlgorithmIdentifier,
  publicKey: KeyObject,
  data: Uint8Array,
  signature: Uint8Array,
): boolean {
  const scheme = algorithm.oid === signatureOids.rsaPss ? pssScheme(algorithm) : schemes.get(algorithm.oid);
  if (scheme === undefined || publicKey.asymmetricKeyType !== scheme.keyType) return false;
  try {
    if (scheme.saltLength === undefined) return verify(scheme.hash, data, publicKey, signature);
    const padding = constants.RSA_PKCS1_PSS_PADDING;
    return verify(scheme.hash, data, { key: publicKey, padding, saltLength: scheme.saltLength }, signature);
  } catch {
    // OpenSSL refuses some malformed signatures and keys with an error instead of an answer.
    return false;
  }
}

/** The algorithm this room signs with, chosen by the key. Throws {@link PkiError} for other kinds of keys. */
export function chooseSignatureAlgorithm(privateKey: KeyObject): {
  readonly oid: string;
  /** The encoded AlgorithmIdentifier. */
  readonly der: Uint8Array;
  readonly sign: (data: Uint8Array) => Uint8Array;
} {
  const { oid, hash } = schemeOfKey(privateKey);
  const parameters = oid === signatureOids.rsaWithSha256 ? [derNull()] : [];
  return {
    oid,
    der: derSequence(derObjectIdentifier(oid), ...parameters),
    sign: (data) => sign(hash, data, privateKey),
  };
}

function schemeOfKey(privateKey: KeyObject): { oid: string; hash: HashName | null } {
  if (privateKey.type !== 'private') throw new PkiError('the signing key is not a private key');
  switch (privateKey.asymmetricKeyType) {
    case 'rsa':
      return { oid: signatureOids.rsaWithSha256, hash: 'sha256' };
    case 'ed25519':
      return { oid: signatureOids.ed25519, hash: null };
    case 'ec':
      return schemeOfCurve(privateKey.asymmetricKeyDetails?.namedCurve);
    default:
      throw new PkiError(`keys of type \`${privateKey.asymmetricKeyType}\` cannot sign certificates here`);
  }
}

function schemeOfCurve(curve: string | undefined): { oid: string; hash: HashName } {
  switch (curve) {
    case 'prime256v1':
      return { oid: signatureOids.ecdsaWithSha256, hash: 'sha256' };
    case 'secp384r1':
      return { oid: signatureOids.ecdsaWithSha384, hash: 'sha384' };
    case 'secp521r1':
      return { oid: signatureOids.ecdsaWithSha512, hash: 'sha512' };
    default:
      throw new PkiError(`the curve \`${curve}\` is not supported`);
  }
}

/** RFC 4055 §3.1: the mask hash must be the message hash; the SHA-1 defaults are refused. */
function pssScheme(algorithm: AlgorithmIdentifier): SignatureScheme | undefined {
  try {
    if (algorithm.parameters === undefined) return undefined;
    const cursor = openDer(algorithm.parameters, 'PSS parameters');
    const hash = hashOf(unwrapDer(cursor.next(derContextTag(0, true)), 'PSS hash'));
    const mask = readAlgorithmIdentifier(unwrapDer(cursor.next(derContextTag(1, true)), 'PSS mask'));
    const salt = unwrapDer(cursor.next(derContextTag(2, true)), 'PSS salt length');
    cursor.finish();
    if (mask.oid !== '1.2.840.113549.1.1.8' || mask.parameters?.tag !== derTags.sequence) return undefined;
    if (hash === undefined || hashOf(mask.parameters) !== hash) return undefined;
    return { keyType: 'rsa', hash, saltLength: readDerSmallInteger(salt, 512, 'PSS salt length') };
  } catch (error) {
    if (error instanceof PkiError) return undefined;
    throw error;
  }
}

function hashOf(element: DerElement): HashName | undefined {
  return hashNamesByOid.get(readAlgorithmIdentifier(element, 'hash algorithm').oid);
}
