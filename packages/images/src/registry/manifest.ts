import { isJsonArray, isJsonObject, type Json, type JsonObject, member } from '@vouchsafe/engine/kernel';
import { isDigest } from '../names/image-name.ts';

export const manifestMediaTypes = [
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
] as const;

/** A content descriptor (OCI image specification). */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly artifactType: string | undefined;
  readonly annotations: ReadonlyMap<string, string>;
}

/** A manifest or an index, as its own bytes say. */
export interface Manifest {
  /** sha256 of the bytes. */
  readonly digest: string;
  readonly size: number;
  readonly document: JsonObject;
}

/** The well-formed descriptors in a list of a manifest, in order; what is not a descriptor is left out. */
export function readDescriptors(manifest: Manifest, key: 'layers' | 'manifests'): Descriptor[] {
  const list = member(manifest.document, key);
  return isJsonArray(list) ? list.flatMap((item) => readDescriptor(item) ?? []) : [];
}

export function readDescriptor(value: Json | undefined): Descriptor | undefined {
  if (!isJsonObject(value)) return undefined;
  const digest = member(value, 'digest');
  const size = member(value, 'size');
  if (!isDigest(digest) || typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) return undefined;
  const mediaType = member(value, 'mediaType');
  const artifactType = member(value, 'artifactType');
  return {
    digest,
    size,
    mediaType: typeof mediaType === 'string' ? mediaType : '',
    artifactType: typeof artifactType === 'string' ? artifactType : undefined,
    annotations: readAnnotations(member(value, 'annotations')),
  };
}

/** The string members of an annotations object. */
function readAnnotations(value: Json | undefined): ReadonlyMap<string, string> {
  const annotations = new Map<string, string>();
  if (!isJsonObject(value)) return annotations;
  for (const [key, text] of Object.entries(value)) if (typeof text === 'string') annotations.set(key, text);
  return annotations;
}
