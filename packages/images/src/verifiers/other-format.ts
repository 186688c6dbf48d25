import type { ImageVerificationType } from '@vouchsafe/engine/facts';
import { evidenceTag } from '../names/signature-location.ts';
import type { RepositoryReader } from '../registry/repository-reader.ts';

const bundleType = /^application\/vnd\.dev\.sigstore\.bundle/;
const notaryType = 'application/vnd.cncf.notary.signature';

/**
 * The formats other than `asked` in which something is stored about a digest, by the name a policy's `type` has. Only
 * asked after a failure, to explain it: a registry that does not answer leaves the list empty.
 */
export async function findOtherFormats(
  asked: ImageVerificationType,
  digest: string,
  reader: RepositoryReader,
  signal: AbortSignal,
): Promise<ImageVerificationType[]> {
  const [legacy, types] = await Promise.all([
    asked === 'Cosign' ? undefined : reader.manifest(evidenceTag(digest, '.sig'), signal).catch(() => undefined),
    referrerTypes(digest, reader, signal).catch((): string[] => []),
  ]);
  const found: ImageVerificationType[] = [];
  if (legacy !== undefined) found.push('Cosign');
  if (types.some((type) => bundleType.test(type))) found.push('SigstoreBundle');
  if (types.includes(notaryType)) found.push('Notary');
  return found.filter((type) => type !== asked);
}

/** Artifact types of the referrers. Fallback indexes often name them wrongly, so a few manifests are opened. */
async function referrerTypes(digest: string, reader: RepositoryReader, signal: AbortSignal): Promise<string[]> {
  const referrers = await reader.referrers(digest, signal);
  const types = referrers.flatMap(({ artifactType }) => artifactType ?? []);
  const unclear = referrers.filter(({ artifactType }) => artifactType === undefined || artifactType.includes('empty'));
  for (const referrer of unclear.slice(0, 3)) {
    const document = (await reader.referrer(referrer, signal))?.document;
    if (document !== undefined && typeof document['artifactType'] === 'string') types.push(document['artifactType']);
  }
  return types;
}
