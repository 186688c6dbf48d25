import type { ImageVerificationType } from '@vouchsafe/engine/facts';
import { isJsonArray, isJsonObject, type Json, member, memberAt } from '@vouchsafe/engine/kernel';
import { evidenceTag } from '../names/signature-location.ts';
import { readDescriptor } from '../registry/manifest.ts';
import type { RepositoryReader } from '../registry/repository-reader.ts';
import type { EvidencePart } from '../verifiers/verifier.ts';

/** One image of an index. */
export interface IndexImage {
  /** `linux/amd64`; `unknown` when the index does not say. */
  readonly platform: string;
  readonly digest: string;
  /** Something is stored about this very image: signatures of an index are not signatures of its images, nor the reverse. */
  readonly hasEvidence: boolean;
}

/** Images of an index that are looked at; what BuildKit adds about them is passed over. */
const maximumImages = 16;

/**
 * The images of an index, and whether there is evidence about each; undefined when the digest is an image's own. Rejects
 * with `RegistryFailure`.
 */
export async function listIndexImages(
  digest: string,
  image: RepositoryReader,
  evidence: RepositoryReader,
  signal: AbortSignal,
): Promise<readonly IndexImage[] | undefined> {
  const images = await readIndex(digest, image, signal);
  if (images === undefined) return undefined;
  return Promise.all(
    images
      .slice(0, maximumImages)
      .map(async (one) => ({ ...one, hasEvidence: await hasEvidence(one.digest, evidence, signal) })),
  );
}

/** Enough to tell what was signed in place of the index. */
const maximumLooks = 4;

/**
 * The first images of an index about which there is evidence of a type; undefined when there is none, or the digest is an
 * image's own. Rejects with `RegistryFailure`.
 */
export async function findSignedImages(
  digest: string,
  { image, evidence, type, part }: IndexQuestion,
  signal: AbortSignal,
): Promise<readonly Omit<IndexImage, 'hasEvidence'>[] | undefined> {
  const images = (await readIndex(digest, image, signal))?.slice(0, maximumLooks) ?? [];
  const suffix = part === 'signatures' ? '.sig' : '.att';
  const isSigned = async (one: string): Promise<boolean> =>
    type === 'Cosign'
      ? (await evidence.manifest(evidenceTag(one, suffix), signal)) !== undefined
      : (await evidence.referrers(one, signal)).length > 0;
  const answers = await Promise.all(images.map((one) => isSigned(one.digest)));
  const signed = images.filter((_one, index) => answers[index] === true);
  return signed.length === 0 ? undefined : signed;
}

interface IndexQuestion {
  readonly image: RepositoryReader;
  readonly evidence: RepositoryReader;
  readonly type: ImageVerificationType;
  readonly part: EvidencePart;
}

async function readIndex(digest: string, image: RepositoryReader, signal: AbortSignal) {
  const document = (await image.manifest(digest, signal))?.document;
  const list = document === undefined ? undefined : member(document, 'manifests');
  if (!isJsonArray(list)) return undefined;
  return list.flatMap((entry) => {
    const descriptor = readDescriptor(entry);
    return descriptor === undefined || isAboutAnother(entry)
      ? []
      : [{ platform: platformOf(entry), digest: descriptor.digest }];
  });
}

async function hasEvidence(digest: string, reader: RepositoryReader, signal: AbortSignal): Promise<boolean> {
  const [referrers, signed, attested] = await Promise.all([
    reader.referrers(digest, signal),
    reader.manifest(evidenceTag(digest, '.sig'), signal),
    reader.manifest(evidenceTag(digest, '.att'), signal),
  ]);
  return referrers.length > 0 || signed !== undefined || attested !== undefined;
}

function isAboutAnother(entry: Json): boolean {
  return memberAt(entry, 'annotations', 'vnd.docker.reference.type') !== undefined;
}

function platformOf(entry: Json): string {
  const platform = isJsonObject(entry) ? member(entry, 'platform') : undefined;
  const parts = ['os', 'architecture', 'variant'].flatMap((name) => {
    const part = memberAt(platform, name);
    return typeof part === 'string' && /^[\w.-]{1,40}$/.test(part) ? [part] : [];
  });
  return parts.length === 0 ? 'unknown' : parts.join('/');
}
