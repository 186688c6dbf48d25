import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto';
import { generateKeyPair, joinPem, type KeyAlgorithm } from '@vouchsafe/kube/pki';
import type { IdentityClaims } from './identity-claims.ts';
import { type SignatureDefects, tamper } from './signature-defects.ts';
import type { SigstoreServices } from './sigstore-services.ts';

export type SignatureHash = 'sha224' | 'sha256' | 'sha384' | 'sha512';

/** A key that signs, and the material by which a verifier is to know it. */
export interface SignerKey {
  privateKey: KeyObject;
  /** PEM of the certificate, or of the public key when there is none. */
  verifierPem: string;
  verifierDer: Buffer;
  certificate?: { pem: string; der: Uint8Array; chainPem: string };
}

/** A key of the caller's, with a certificate when a private authority issued one. */
export function createKeySigner(
  key: KeyObject | string,
  certificate?: { pem: string; der: Uint8Array; chainPem: string },
): SignerKey {
  const privateKey = typeof key === 'string' ? createPrivateKey(key) : key;
  const spki = createPublicKey(privateKey).export({ type: 'spki', format: 'der' });
  if (certificate === undefined) return { privateKey, verifierPem: joinPem('PUBLIC KEY', spki), verifierDer: spki };
  return { privateKey, verifierPem: certificate.pem, verifierDer: Buffer.from(certificate.der), certificate };
}

/** A fresh key with a short-lived certificate for the identity, as `cosign sign` without a key makes. */
export function createKeylessSigner(
  services: SigstoreServices,
  claims: IdentityClaims,
  algorithm: KeyAlgorithm,
  defects: SignatureDefects,
): SignerKey {
  const { privateKey, publicKey } = generateKeyPair(algorithm);
  const variant = defects.certificate === undefined ? {} : { variant: defects.certificate };
  return createKeySigner(privateKey, services.issueCertificate({ publicKey, claims, ...variant }));
}

/** The signature over the bytes, or what the defects make of it. */
export function signBytes(
  signer: SignerKey,
  bytes: Uint8Array,
  hash: SignatureHash,
  defect?: SignatureDefects['signature'],
): Buffer {
  if (defect === 'empty') return Buffer.alloc(0);
  const key = defect === 'by-another-key' ? anotherKeyLike(signer.privateKey) : signer.privateKey;
  const signature = sign(key.asymmetricKeyType === 'ed25519' ? null : hash, bytes, key);
  return defect === 'tampered' ? tamper(signature) : signature;
}

/** cosign 2 hashes with SHA-256 whatever the key; bundles are hashed by the curve's size. Ed25519 has its own hash. */
export function defaultHash(key: KeyObject, format: 'legacy' | 'bundle'): SignatureHash {
  if (format === 'legacy') return 'sha256';
  const curve = key.asymmetricKeyDetails?.namedCurve;
  return curve === 'secp384r1' ? 'sha384' : curve === 'secp521r1' ? 'sha512' : 'sha256';
}

/** The name of key and hash in Rekor v2 requests and trusted roots (sigstore common PublicKeyDetails). */
export function keyDetailsOf(privateKey: KeyObject): string {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = privateKey;
  if (type === 'rsa') return `PKIX_RSA_PKCS1V15_${details?.modulusLength ?? 2048}_SHA256`;
  if (type === 'ed25519') return 'PKIX_ED25519';
  const curve = details?.namedCurve;
  if (curve === 'secp384r1') return 'PKIX_ECDSA_P384_SHA_384';
  return curve === 'secp521r1' ? 'PKIX_ECDSA_P521_SHA_512' : 'PKIX_ECDSA_P256_SHA_256';
}

/** The hint by which a bundle names a public key: base64 of the SHA-256 of its SubjectPublicKeyInfo. */
export function keyHint(signer: SignerKey): string {
  return createHash('sha256').update(signer.verifierDer).digest('base64');
}

/** A fresh key of the same kind, so that only the signature itself gives it away. */
export function anotherKeyLike(key: KeyObject): KeyObject {
  if (key.asymmetricKeyType === 'ed25519') return generateKeyPair('ed25519').privateKey;
  if (key.asymmetricKeyType === 'rsa') return generateKeyPair('rsa-2048').privateKey;
  const curve = key.asymmetricKeyDetails?.namedCurve;
  const algorithm = curve === 'secp384r1' ? 'ecdsa-p384' : curve === 'secp521r1' ? 'ecdsa-p521' : 'ecdsa-p256';
  return generateKeyPair(algorithm).privateKey;
}
