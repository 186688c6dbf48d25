import type { KeyObject } from 'node:crypto';
import { generateKeyPair, type KeyAlgorithm, parseCertificate } from '@vouchsafe/kube/pki';
import type { IdentityClaims } from './identity-claims.ts';
import type { SignatureDefects } from './signature-defects.ts';
import { type SignedDocument, signSimple, signStatement } from './signed-document.ts';
import { createKeylessSigner, createKeySigner, defaultHash, type SignatureHash, type SignerKey } from './signer-key.ts';
import type { FoundImage, SignatureTarget, SigningServices, SigningWork, SignOptions } from './signing-work.ts';
import type { SigstoreServices } from './sigstore-services.ts';
import type { TokenRequest } from './start-sigstore.ts';
import { storeBundle } from './store-bundle.ts';
import { storeLegacy } from './store-legacy.ts';

export interface SignWithKeyOptions extends SignOptions {
  /** PEM (PKCS #8, unencrypted) or a key object. */
  key: KeyObject | string;
  /** A certificate for the key from a private authority, PEM, and the chain above it. */
  certificate?: { pem: string; chainPem?: string };
  /** Needed for a log entry or a timestamp. */
  sigstore?: SigningServices;
}

export interface SignKeylessOptions extends SignOptions {
  sigstore: SigningServices;
  /** Who signs. */
  identity?: TokenRequest;
  keyAlgorithm?: KeyAlgorithm;
}

export interface SignedImage {
  /** What was signed. */
  digest: string;
  /** Where the signature is. */
  repository: string;
  manifestDigest: string;
  layerDigest: string;
  /** Of legacy signatures. */
  tag?: string;
  certificatePem?: string;
}

/** Signs or attests an image of the registry with a key. Throws when the image is not there. */
export function signWithKey(options: SignWithKeyOptions): SignedImage {
  const certificate = options.certificate && {
    pem: options.certificate.pem,
    der: parseCertificate(options.certificate.pem).der,
    chainPem: options.certificate.chainPem ?? '',
  };
  return signImage(
    options,
    createKeySigner(options.key, certificate),
    options.sigstore?.services,
    options.log ?? 'none',
  );
}

/** Signs or attests an image with a fresh key and a certificate for the identity, as `cosign sign` does without a key. */
export function signKeyless(options: SignKeylessOptions): SignedImage {
  const { services } = options.sigstore;
  const claims = options.sigstore.identityClaims(options.identity);
  const signer = createKeylessSigner(services, claims, options.keyAlgorithm ?? 'ecdsa-p256', options.defects ?? {});
  return signImage(
    options,
    withStoredCertificate(signer, services, claims, options.defects),
    services,
    options.log ?? 'v1',
  );
}

function signImage(
  options: SignOptions,
  signer: SignerKey,
  services: SigstoreServices | undefined,
  log: 'v1' | 'v2' | 'none',
): SignedImage {
  const found = findImage(options.registry, options.image);
  const format = options.format ?? 'legacy';
  const defects = options.defects ?? {};
  const hash = options.hash ?? defaultHash(signer.privateKey, format);
  const document = signDocument(options, signer, found, hash);
  const work: SigningWork = { options, signer, services, log, hash, document, defects, found };
  const repository = options.signatureRepository ?? found.repository;
  const stored = format === 'legacy' ? storeLegacy(work, repository) : storeBundle(work, repository);
  return {
    digest: found.digest,
    repository,
    ...stored,
    ...(signer.certificate && { certificatePem: signer.certificate.pem }),
  };
}

/** cosign 2 signs images with simple signing payloads; everything else is an in-toto statement. */
function signDocument(options: SignOptions, signer: SignerKey, found: FoundImage, hash: SignatureHash): SignedDocument {
  const { attestation, annotations, format = 'legacy', defects = {} } = options;
  const subject = { name: `${options.registry.host}/${found.repository}`, digest: found.digest };
  if (format === 'legacy' && attestation === undefined) return signSimple(signer, subject, annotations, hash, defects);
  const content = { format, ...(attestation && { attestation }), ...(annotations && { annotations }) };
  return signStatement(signer, subject, content, hash, defects);
}

function findImage(registry: SignatureTarget, image: string): FoundImage {
  const name = image.startsWith(`${registry.host}/`) ? image.slice(registry.host.length + 1) : image;
  const at = name.indexOf('@');
  const colon = name.lastIndexOf(':');
  const end = at >= 0 ? at : colon >= 0 ? colon : name.length;
  const reference = name.slice(end + 1) || 'latest';
  const repository = at >= 0 ? (name.slice(0, at).split(':')[0] ?? '') : name.slice(0, end);
  const found = registry.content.manifest(repository, reference);
  if (found === undefined) throw new Error(`no image \`${image}\` in the registry`);
  const { mediaType, bytes } = found.manifest;
  return { repository, digest: found.digest, mediaType, size: bytes.length };
}

/** With the defect `of-another-key`, the signer presents a certificate that its key does not belong to. */
function withStoredCertificate(
  signer: SignerKey,
  services: SigstoreServices,
  claims: IdentityClaims,
  defects: SignatureDefects = {},
): SignerKey {
  if (defects.storedCertificate !== 'of-another-key') return signer;
  const { publicKey } = generateKeyPair('ecdsa-p256');
  return createKeySigner(signer.privateKey, services.issueCertificate({ publicKey, claims }));
}
