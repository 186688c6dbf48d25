import type { ContentStore } from '../registry/content-store.ts';
import type { ReferrerListing } from './attach-bundle.ts';
import type { IdentityClaims } from './identity-claims.ts';
import type { SignatureDefects } from './signature-defects.ts';
import type { Attestation, SignedDocument } from './signed-document.ts';
import type { SignatureHash, SignerKey } from './signer-key.ts';
import type { SigstoreServices } from './sigstore-services.ts';
import type { TokenRequest } from './start-sigstore.ts';
import { timestampFor } from './timestamp-evidence.ts';

/** Where an image is and its signature goes; a `Registry` is one. */
export interface SignatureTarget {
  host: string;
  content: ContentStore;
}

export interface SigningServices {
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
  /** Legacy: a referrer of its own instead of the tag, as cosign 2's experimental OCI 1.1 mode (Kyverno `cosignOCI11`). */
  legacyReferrer?: boolean;
  /** Before the legacy tag, as Kyverno's `tagPrefix`. */
  tagPrefix?: string;
  /** `none` for key signatures unless told, `v1` for keyless ones. */
  log?: 'v1' | 'v2' | 'none';
  /** An RFC 3161 timestamp; by default only with Rekor v2, whose entries have no time. */
  timestamp?: boolean;
  /** The timestamp carries its authority's certificate: by default as cosign has it, in legacy signatures only. */
  timestampCertificate?: boolean;
  hash?: SignatureHash;
  referrers?: ReferrerListing;
  /** 0.3 by default; older ones carry the certificate in a chain. */
  bundleVersion?: '0.1' | '0.2' | '0.3';
  defects?: SignatureDefects;
}

/** The image a reference resolved to. */
export interface FoundImage {
  repository: string;
  digest: string;
  mediaType: string;
  size: number;
}

/** One signature on its way into the registry. */
export interface SigningWork {
  options: SignOptions;
  signer: SignerKey;
  services: SigstoreServices | undefined;
  log: 'v1' | 'v2' | 'none';
  hash: SignatureHash;
  document: SignedDocument;
  defects: SignatureDefects;
  found: FoundImage;
}

/** A timestamp over the data when one is wanted: with Rekor v2 unless told otherwise. */
export function timestampOf(work: SigningWork, data: Uint8Array): Buffer | undefined {
  const { timestamp = work.log === 'v2', format = 'legacy', timestampCertificate = format === 'legacy' } = work.options;
  return timestamp ? timestampFor(servicesOf(work), data, timestampCertificate, work.defects.timestamp) : undefined;
}

export function servicesOf(work: SigningWork): SigstoreServices {
  if (work.services === undefined) throw new Error('a log entry or timestamp needs the sigstore services');
  return work.services;
}

/** What stands where a certificate should be, under the defect of that name. */
export const GARBAGE = 'this is no certificate';

export function storedCertificatePem(signer: SignerKey, defects: SignatureDefects): string | undefined {
  if (defects.storedCertificate === 'missing') return undefined;
  return defects.storedCertificate === 'garbage' ? GARBAGE : signer.certificate?.pem;
}
