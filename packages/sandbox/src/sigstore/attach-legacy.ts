import { type ContentStore, digestOf } from '../registry/content-store.ts';
import { MANIFEST_MEDIA_TYPE } from '../registry/push-image.ts';

/** A signature or attestation as one layer of a `.sig` or `.att` image. */
export interface LegacyLayer {
  mediaType: string;
  blob: Buffer;
  annotations: Record<string, string>;
}

interface LegacyManifest {
  schemaVersion: 2;
  mediaType: string;
  config: { mediaType: string; size: number; digest: string };
  layers: { mediaType: string; size: number; digest: string; annotations?: Record<string, string> }[];
}

const CONFIG_MEDIA_TYPE = 'application/vnd.oci.image.config.v1+json';
const ZERO_TIME = '0001-01-01T00:00:00Z';

/** Appends the layer to the image under the tag, as cosign 2 does; makes the image when there is none. */
export function attachLegacyLayer(
  content: ContentStore,
  repository: string,
  tag: string,
  layer: LegacyLayer,
): { manifestDigest: string; layerDigest: string } {
  const layerDigest = putBlob(content, repository, layer.blob);
  const previous = content.manifest(repository, tag)?.manifest.bytes;
  // The image under a signature tag was written here or by cosign, whose manifests have this shape.
  const layers = previous === undefined ? [] : (JSON.parse(previous.toString('utf8')) as LegacyManifest).layers;
  const all = [
    ...layers,
    { mediaType: layer.mediaType, size: layer.blob.length, digest: layerDigest, annotations: layer.annotations },
  ];
  const config = Buffer.from(JSON.stringify(placeholderConfig(all.map(({ digest }) => digest))));
  const manifest: LegacyManifest = {
    schemaVersion: 2,
    mediaType: MANIFEST_MEDIA_TYPE,
    config: { mediaType: CONFIG_MEDIA_TYPE, size: config.length, digest: putBlob(content, repository, config) },
    layers: all,
  };
  const stored = content.putManifest(repository, tag, Buffer.from(JSON.stringify(manifest)), MANIFEST_MEDIA_TYPE);
  if ('problem' in stored) throw new Error(`the registry refused the signature: ${stored.problem}`);
  return { manifestDigest: stored.digest, layerDigest };
}

/**
 * The experimental form of cosign 2 (`--registry-referrers-mode=oci-1-1`): a manifest of its own that refers to the image,
 * known by its configuration's type.
 */
export function attachLegacyReferrer(
  content: ContentStore,
  repository: string,
  subject: { mediaType: string; digest: string; size: number },
  kind: 'sig' | 'att',
  layer: LegacyLayer,
): { manifestDigest: string; layerDigest: string } {
  const layerDigest = putBlob(content, repository, layer.blob);
  const config = Buffer.from(JSON.stringify(placeholderConfig([layerDigest])));
  const manifest = {
    schemaVersion: 2,
    mediaType: MANIFEST_MEDIA_TYPE,
    config: {
      mediaType: `application/vnd.dev.cosign.artifact.${kind}.v1+json`,
      size: config.length,
      digest: putBlob(content, repository, config),
    },
    layers: [
      { mediaType: layer.mediaType, size: layer.blob.length, digest: layerDigest, annotations: layer.annotations },
    ],
    subject,
  };
  const bytes = Buffer.from(JSON.stringify(manifest));
  const stored = content.putManifest(repository, digestOf(bytes), bytes, MANIFEST_MEDIA_TYPE);
  if ('problem' in stored) throw new Error(`the registry refused the signature: ${stored.problem}`);
  return { manifestDigest: stored.digest, layerDigest };
}

/** The configuration of an image that is not meant to run. */
function placeholderConfig(diffIds: readonly string[]): unknown {
  return {
    architecture: '',
    created: ZERO_TIME,
    history: diffIds.map(() => ({ created: ZERO_TIME })),
    os: '',
    rootfs: { type: 'layers', diff_ids: diffIds },
    config: {},
  };
}

export function putBlob(content: ContentStore, repository: string, bytes: Buffer): string {
  const stored = content.putBlob(repository, bytes, digestOf(bytes));
  if ('problem' in stored) throw new Error(`the registry refused a blob: ${stored.problem}`);
  return stored.digest;
}
