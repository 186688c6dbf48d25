import type { KeyObject } from 'node:crypto';
import type { KeyAlgorithm } from '@vouchsafe/kube/pki';
import { generateKeyPair, parseCertificate } from '@vouchsafe/kube/pki';
import type { ContentStore } from '../registry/content-store.ts';
import { attachBundle, type ReferrerListing } from './attach-bundle.ts';
import { attachLegacyLayer } from './attach-legacy.ts';
import type { IdentityClaims } from './identity-claims.ts';
import { type EntryKind, logToRekor, logToRekorV2, toTransparencyLogEntry } from './log-evidence.ts';
import type { TransparencyLogEntry } from './rekor-v2.ts';
import type { SignatureDefects } from './signature-defects.ts';
import {
  type Attestation,
  COSIGN_SIGN_PREDICATE,
  type SignedDocument,
  signSimple,
  signStatement,
} from './signed-document.ts';
import {
  createKeylessSigner,
  createKeySigner,
  defaultHash,
  keyHint,
  type SignatureHash,
  type SignerKey,
} from './signer-key.ts';
import type { SigstoreServices } from './sigstore-services.ts';
import type { TokenRequest } from './start-sigstore.ts';
import { timestampFor } from './timestamp-evidence.ts';

/** Where an image is and its signature goes; a `Registry` is one. */
export interface SignatureTarget {
  host: string;
  content: ContentStore;
}

interface SigningServices {
  services: SigstoreServices;
  identityClaims(request?: TokenRequest): IdentityClaims;
}

export interface SignOptions {
  registry: SignatureTarget;
  /** `repository:tag` or `repository@sha256:…`, with or without the registry's host. */
  image: string;
  /** `legacy`: the `.sig` and `.att` tags of cosign 2 (default). `bundle`: a Sigstore bundle as a referrer, cosign 3. */
  format?: 'legacy' | 'bundle';
  /** Signed along with the digest; of signatures only. */
  annotations?: Readonly<Record<string, string>>;
  /** Attests instead of signing. */
  attestation?: Attestation & { entry?: 'dsse' | 'intoto' };
  /** Where the signature goes instead of the image's repository (COSIGN_REPOSITORY). */
  signatureRepository?: string;
  /** Before the legacy tag, as Kyverno's `tagPrefix`. */
  tagPrefix?: string;
  /** `none` for key signatures unless told, `v1` for keyless ones. */
  log?: 'v1' | 'v2' | 'none';
  /** An RFC 3161 timestamp; by default only with Rekor v2, whose entries have no time. */
  timestamp?: boolean;
  hash?: SignatureHash;
  referrers?: ReferrerListing;
  /** 0.3 by default; older ones carry the certificate in a chain. */
  bundleVersion?: '0.1' | '0.2' | '0.3';
  defects?: SignatureDefects;
}

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
  const subject = { name: `${options.registry.host}/${found.repository}`, digest: found.digest };
  const { attestation, annotations } = options;
  const document =
    format === 'legacy' && attestation === undefined
      ? signSimple(signer, subject, annotations, hash, defects)
      : signStatement(
          signer,
          subject,
          { format, ...(attestation && { attestation }), ...(annotations && { annotations }) },
          hash,
          defects,
        );
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

interface FoundImage {
  repository: string;
  digest: string;
  mediaType: string;
  size: number;
}

interface SigningWork {
  options: SignOptions;
  signer: SignerKey;
  services: SigstoreServices | undefined;
  log: 'v1' | 'v2' | 'none';
  hash: SignatureHash;
  document: SignedDocument;
  defects: SignatureDefects;
  found: FoundImage;
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

function storeLegacy(
  work: SigningWork,
  repository: string,
): Pick<SignedImage, 'tag' | 'manifestDigest' | 'layerDigest'> {
  const { options, document, defects, found } = work;
  const isAttestation = document.envelopeText !== undefined;
  const tag = `${options.tagPrefix ?? ''}${found.digest.replace(':', '-')}.${isAttestation ? 'att' : 'sig'}`;
  const stored = attachLegacyLayer(options.registry.content, repository, tag, {
    mediaType:
      defects.manifest?.layerMediaType ??
      (isAttestation ? 'application/vnd.dsse.envelope.v1+json' : 'application/vnd.dev.cosign.simplesigning.v1+json'),
    blob: document.envelopeText === undefined ? document.payload : Buffer.from(document.envelopeText),
    annotations: legacyAnnotations(work),
  });
  return { tag, ...stored };
}

function legacyAnnotations(work: SigningWork): Record<string, string> {
  const { options, document, signer, defects } = work;
  const isAttestation = document.envelopeText !== undefined;
  const bundle = legacyLogBundle(work);
  const timestamp = timestampOf(
    work,
    document.envelopeText === undefined ? document.signature : Buffer.from(document.envelopeText),
  );
  const chain = defects.storedChain === 'impostor' ? impostorChain(work) : (signer.certificate?.chainPem ?? '');
  const certificate = storedCertificatePem(signer, defects);
  return {
    'dev.cosignproject.cosign/signature': isAttestation ? '' : document.signatureText,
    ...(bundle === undefined ? {} : { 'dev.sigstore.cosign/bundle': bundle }),
    ...(certificate === undefined ? {} : { 'dev.sigstore.cosign/certificate': certificate }),
    ...(certificate === undefined || chain === '' || defects.storedChain === 'missing'
      ? {}
      : { 'dev.sigstore.cosign/chain': chain }),
    ...(timestamp === undefined
      ? {}
      : {
          'dev.sigstore.cosign/rfc3161timestamp': JSON.stringify({
            SignedRFC3161Timestamp: timestamp.toString('base64'),
          }),
        }),
    ...(options.attestation === undefined ? {} : { predicateType: options.attestation.predicateType }),
  };
}

/** The annotation by which cosign 2 carries the log's promise. */
function legacyLogBundle(work: SigningWork): string | undefined {
  const { options, document, defects } = work;
  if (work.log === 'none') return undefined;
  if (work.log === 'v2') throw new Error('legacy signatures carry no Rekor v2 entries');
  const kind: EntryKind = document.envelope === undefined ? 'hashedrekord' : (options.attestation?.entry ?? 'dsse');
  const entry = logToRekor(servicesOf(work), work, kind, defects.log);
  if (entry === undefined) return undefined;
  const { body, integratedTime, logIndex, logID, verification } = entry;
  const promise = defects.log?.promise === 'missing' ? '' : verification.signedEntryTimestamp;
  return JSON.stringify({ SignedEntryTimestamp: promise, Payload: { body, integratedTime, logIndex, logID } });
}

function storeBundle(work: SigningWork, repository: string): Pick<SignedImage, 'manifestDigest' | 'layerDigest'> {
  const { options, document, found, defects } = work;
  const version = options.bundleVersion ?? '0.3';
  const bundleMediaType =
    version === '0.3'
      ? 'application/vnd.dev.sigstore.bundle.v0.3+json'
      : `application/vnd.dev.sigstore.bundle+json;version=${version}`;
  const entry = bundleLogEntry(work);
  const timestamp = timestampOf(work, document.signature);
  const bundle = {
    mediaType: bundleMediaType,
    verificationMaterial: {
      ...bundleMaterial(work, version),
      ...(entry === undefined ? {} : { tlogEntries: [entry] }),
      ...(timestamp === undefined
        ? {}
        : { timestampVerificationData: { rfc3161Timestamps: [{ signedTimestamp: timestamp.toString('base64') }] } }),
    },
    dsseEnvelope: document.envelope,
  };
  return attachBundle(options.registry.content, repository, {
    bundle: Buffer.from(JSON.stringify(bundle)),
    bundleMediaType,
    predicateType: options.attestation?.predicateType ?? COSIGN_SIGN_PREDICATE,
    subject: { mediaType: found.mediaType, digest: found.digest, size: found.size },
    created: work.services?.now() ?? new Date(),
    listing: options.referrers ?? 'api',
    ...defects.manifest,
  });
}

function bundleMaterial({ signer, defects }: SigningWork, version: string): object {
  const pem = storedCertificatePem(signer, defects);
  if (signer.certificate === undefined) return { publicKey: { hint: keyHint(signer) } };
  if (pem === undefined) return {};
  const rawBytes = pem === GARBAGE ? Buffer.from(GARBAGE).toString('base64') : derOf(pem).toString('base64');
  return version === '0.3' ? { certificate: { rawBytes } } : { x509CertificateChain: { certificates: [{ rawBytes }] } };
}

function bundleLogEntry(work: SigningWork): TransparencyLogEntry | undefined {
  if (work.log === 'none') return undefined;
  const services = servicesOf(work);
  const defects = work.defects.log;
  if (work.log === 'v2') return logToRekorV2(services, work, defects);
  const entry = logToRekor(services, work, 'dsse', defects);
  return entry === undefined ? undefined : toTransparencyLogEntry(entry, 'dsse', services, defects);
}

function timestampOf(work: SigningWork, data: Uint8Array): Buffer | undefined {
  const isWanted = work.options.timestamp ?? work.log === 'v2';
  return isWanted ? timestampFor(servicesOf(work), data, work.defects.timestamp) : undefined;
}

function servicesOf(work: SigningWork): SigstoreServices {
  if (work.services === undefined) throw new Error('a log entry or timestamp needs the sigstore services');
  return work.services;
}

const GARBAGE = 'this is no certificate';

function storedCertificatePem(signer: SignerKey, defects: SignatureDefects): string | undefined {
  if (defects.storedCertificate === 'missing') return undefined;
  return defects.storedCertificate === 'garbage' ? GARBAGE : signer.certificate?.pem;
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

function impostorChain(work: SigningWork): string {
  const { fulcioIntermediate, fulcioRoot } = servicesOf(work).impostor().authorities;
  return fulcioIntermediate.certificatePem + fulcioRoot.certificatePem;
}

function derOf(pem: string): Buffer {
  return Buffer.from(parseCertificate(pem).der);
}
