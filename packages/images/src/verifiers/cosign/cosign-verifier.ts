import { createHash } from 'node:crypto';
import { memberAt } from '@vouchsafe/engine/kernel';
import { evidenceTag } from '../../names/signature-location.ts';
import { type Descriptor, type Manifest, readDescriptors } from '../../registry/manifest.ts';
import { fetchBlobs, fetchManifests } from '../evidence-blobs.ts';
import { keptBytes } from '../keep-reading.ts';
import type { EvidencePart, EvidenceQuestion, EvidenceSet, Verifier } from '../verifier.ts';
import { attestationReader } from './attestation-layer.ts';
import { type CosignLayer, lookAtLayers } from './cosign-layer.ts';
import { signatureReader } from './signature-layer.ts';

/**
 * Signatures and attestations as cosign 2 stores them: layers of the manifest tagged `sha256-….sig` or `.att`, and on
 * request of referrers of the experimental OCI 1.1 form.
 */
export const cosignVerifier: Verifier = {
  type: 'Cosign',
  async collect(question) {
    const { digest, reader, part, signal, tagPrefix } = question;
    const tag = evidenceTag(digest, part === 'signatures' ? '.sig' : '.att', tagPrefix);
    const tagged = await reader.manifest(tag, signal);
    const referring = question.withReferrers ? await findReferrers(question) : [];
    const manifests = tagged === undefined ? referring : [tagged, ...referring];
    const descriptors = manifests.flatMap((manifest) => readDescriptors(manifest, 'layers'));
    const blobs = await fetchBlobs(descriptors, question);
    const layers = descriptors.map((descriptor) => layerOf(descriptor, blobs));
    return createEvidence(digest, part, manifests, layers);
  },
};

function layerOf(descriptor: Descriptor, blobs: ReadonlyMap<string, Uint8Array>): CosignLayer {
  return {
    digest: descriptor.digest,
    mediaType: descriptor.mediaType,
    annotations: descriptor.annotations,
    blob: blobs.get(descriptor.digest) ?? new Uint8Array(),
  };
}

function createEvidence(
  digest: string,
  part: EvidencePart,
  manifests: readonly Manifest[],
  layers: readonly CosignLayer[],
): EvidenceSet {
  const hash = createHash('sha256').update(
    JSON.stringify(['cosign', part, digest, manifests.map((one) => one.digest)]),
  );
  const readLayer = part === 'signatures' ? signatureReader(digest) : attestationReader(digest);
  return {
    hash: hash.digest('hex'),
    count: layers.length,
    bytes: [...manifests.map(({ size }) => size), ...layers.map(({ blob }) => keptBytes(blob.length))].reduce(
      (sum, bytes) => sum + bytes,
      4096,
    ),
    ...lookAtLayers(layers, readLayer),
  };
}

const referrerTypes = {
  signatures: 'application/vnd.dev.cosign.artifact.sig.v1+json',
  attestations: 'application/vnd.dev.cosign.artifact.att.v1+json',
} as const;

/** A referrer's type is its manifest's to say: indexes name the configuration's type, or nothing. */
async function findReferrers({ digest, reader, part, signal }: EvidenceQuestion): Promise<Manifest[]> {
  const manifests = await fetchManifests(await reader.referrers(digest, signal), reader, signal);
  return manifests.filter(({ document }) =>
    [memberAt(document, 'artifactType'), memberAt(document, 'config', 'mediaType')].includes(referrerTypes[part]),
  );
}
