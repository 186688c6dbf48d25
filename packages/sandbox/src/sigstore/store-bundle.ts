import { parseCertificate } from '@vouchsafe/kube/pki';
import { attachBundle } from './attach-bundle.ts';
import { logToRekor, logToRekorV2, toTransparencyLogEntry } from './log-evidence.ts';
import type { TransparencyLogEntry } from './rekor-v2.ts';
import { COSIGN_SIGN_PREDICATE } from './signed-document.ts';
import { keyHint } from './signer-key.ts';
import { GARBAGE, type SigningWork, servicesOf, storedCertificatePem, timestampOf } from './signing-work.ts';

/** Stores a signature or attestation the way of cosign 3: a Sigstore bundle that refers to the image. */
export function storeBundle(work: SigningWork, repository: string): { manifestDigest: string; layerDigest: string } {
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
      ...(entry === undefined ? {} : { tlogEntries: [withoutZeroValues(entry)] }),
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

/** As protojson writes it: an index of zero and an empty list are left out. */
function withoutZeroValues(entry: TransparencyLogEntry): TransparencyLogEntry {
  const { logIndex, inclusionProof, canonicalizedBody, ...rest } = entry;
  const index = (value: string | undefined) => (value === undefined || value === '0' ? {} : { logIndex: value });
  if (inclusionProof === undefined) return { ...index(logIndex), ...rest, canonicalizedBody };
  const { logIndex: proofIndex, hashes = [], rootHash, treeSize, checkpoint } = inclusionProof;
  const proof = {
    ...index(proofIndex),
    rootHash,
    treeSize,
    ...(hashes.length === 0 ? {} : { hashes }),
    ...(checkpoint === undefined ? {} : { checkpoint }),
  };
  return { ...index(logIndex), ...rest, inclusionProof: proof, canonicalizedBody };
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

function derOf(pem: string): Buffer {
  return Buffer.from(parseCertificate(pem).der);
}
