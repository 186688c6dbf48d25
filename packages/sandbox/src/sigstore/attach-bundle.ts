import { type ContentStore, digestOf } from '../registry/content-store.ts';
import { MANIFEST_MEDIA_TYPE } from '../registry/push-image.ts';
import { INDEX_MEDIA_TYPE } from '../registry/referrers.ts';
import { putBlob } from './attach-legacy.ts';

/**
 * How the bundle can be found: by the referrers API alone, or also by the fallback tag `sha256-<hex>` of registries without
 * one. `tag-as-cosign`: cosign 3's index entries, which carry the empty config's type and no annotations.
 * `tag-as-oras`: entries with the artifact's type and annotations, as the specification says.
 */
export type ReferrerListing = 'api' | 'tag-as-cosign' | 'tag-as-oras';

export interface BundleReferrer {
  bundle: Buffer;
  bundleMediaType: string;
  predicateType: string;
  subject: { mediaType: string; digest: string; size: number };
  created: Date;
  listing: ReferrerListing;
  /** Defects: another artifact type (empty: none), another layer media type. */
  artifactType?: string;
  layerMediaType?: string;
}

const EMPTY_MEDIA_TYPE = 'application/vnd.oci.empty.v1+json';
const EMPTY = Buffer.from('{}');

/** Stores a bundle as cosign 3 does: a manifest with the bundle as its layer that refers to the image. */
export function attachBundle(
  content: ContentStore,
  repository: string,
  referrer: BundleReferrer,
): { manifestDigest: string; layerDigest: string } {
  const artifactType = referrer.artifactType ?? referrer.bundleMediaType;
  const layerDigest = putBlob(content, repository, referrer.bundle);
  const annotations = {
    'dev.sigstore.bundle.content': 'dsse-envelope',
    'dev.sigstore.bundle.predicateType': referrer.predicateType,
    'org.opencontainers.image.created': referrer.created.toISOString().replace(/\.\d+Z$/, 'Z'),
  };
  const manifest = {
    schemaVersion: 2,
    mediaType: MANIFEST_MEDIA_TYPE,
    config: {
      mediaType: EMPTY_MEDIA_TYPE,
      size: EMPTY.length,
      digest: putBlob(content, repository, EMPTY),
      ...(artifactType === '' ? {} : { artifactType }),
    },
    layers: [
      {
        mediaType: referrer.layerMediaType ?? referrer.bundleMediaType,
        size: referrer.bundle.length,
        digest: layerDigest,
      },
    ],
    annotations,
    subject: referrer.subject,
    ...(artifactType === '' ? {} : { artifactType }),
  };
  const bytes = Buffer.from(JSON.stringify(manifest));
  const manifestDigest = putManifest(content, repository, digestOf(bytes), bytes, MANIFEST_MEDIA_TYPE);
  if (referrer.listing !== 'api') {
    const found =
      referrer.listing === 'tag-as-cosign'
        ? { artifactType: EMPTY_MEDIA_TYPE }
        : { ...(artifactType === '' ? {} : { artifactType }), annotations };
    const entry = { mediaType: MANIFEST_MEDIA_TYPE, size: bytes.length, digest: manifestDigest, ...found };
    appendToFallbackIndex(content, repository, referrer.subject.digest, entry);
  }
  return { manifestDigest, layerDigest };
}

/** OCI distribution specification, "Referrers Tag Schema". */
function appendToFallbackIndex(content: ContentStore, repository: string, subject: string, entry: unknown): void {
  const tag = subject.replace(':', '-');
  const previous = content.manifest(repository, tag)?.manifest.bytes;
  // The index under this tag was written here or by a client following the specification.
  const manifests =
    previous === undefined ? [] : (JSON.parse(previous.toString('utf8')) as { manifests: unknown[] }).manifests;
  const index = { schemaVersion: 2, mediaType: INDEX_MEDIA_TYPE, manifests: [...manifests, entry] };
  putManifest(content, repository, tag, Buffer.from(JSON.stringify(index)), INDEX_MEDIA_TYPE);
}

function putManifest(
  content: ContentStore,
  repository: string,
  reference: string,
  bytes: Buffer,
  mediaType: string,
): string {
  const stored = content.putManifest(repository, reference, bytes, mediaType);
  if ('problem' in stored) throw new Error(`the registry refused the bundle: ${stored.problem}`);
  return stored.digest;
}
