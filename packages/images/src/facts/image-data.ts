import type { RegistryAccess } from '@vouchsafe/engine/facts';
import { isJsonArray, type Json, type JsonObject, member, memberAt } from '@vouchsafe/engine/kernel';
import type { ImageName } from '../names/image-name.ts';
import { isDockerHub } from '../names/registry-hosts.ts';
import type { RegistryLimits } from '../registry/limits.ts';
import { type Manifest, readDescriptor } from '../registry/manifest.ts';
import type { RegistryClient } from '../registry/registry-client.ts';
import { RegistryFailure } from '../registry/registry-failure.ts';
import { parseJsonObject } from '../trust/encoded-text.ts';

/** The value of a context entry, and how many bytes of the registry it was made of. */
export interface ImageData {
  readonly value: JsonObject;
  readonly bytes: number;
}

/**
 * The value of Kyverno's imageRegistry context entry (kyverno-core §2.4). Of an index the manifest for linux/amd64 is
 * described, as go-containerregistry does by default. Docker Hub has its registry's own names there.
 */
export async function readImageData(
  reference: string,
  image: ImageName,
  digest: string,
  client: RegistryClient,
  access: RegistryAccess,
  limits: RegistryLimits,
): Promise<ImageData> {
  const signal = AbortSignal.timeout(limits.totalMs);
  const reader = client.open(image, access);
  const find = async (wanted: string): Promise<Manifest> => {
    const found = await reader.manifest(wanted, signal);
    if (found === undefined) throw new RegistryFailure('not-found', `image \`${reference}\` does not exist`);
    return found;
  };
  const top = await find(digest);
  const isIndex = isJsonArray(member(top.document, 'manifests'));
  const manifest = isIndex ? await find(platformDigest(top, reference)) : top;
  const config = readDescriptor(member(manifest.document, 'config'));
  if (config === undefined) throw new RegistryFailure('permanent', `image \`${reference}\` has no configuration`);
  const bytes = await reader.blob(config.digest, Math.min(config.size, limits.blobBytes), signal);
  const configData = parseJsonObject(bytes);
  if (configData === undefined) {
    throw new RegistryFailure('permanent', `the configuration of image \`${reference}\` is not a JSON object`);
  }
  const { registry, repository } = registryNames(image);
  const value = {
    image: reference,
    resolvedImage: `${registry}/${repository}@${digest}`,
    registry,
    repository,
    identifier: [image.tag, image.digest].filter((part) => part !== undefined).join('@'),
    manifestList: isIndex ? top.document : null,
    manifest: manifest.document,
    configData,
  };
  return { value, bytes: top.size + manifest.size + bytes.length };
}

function registryNames({ registry, repository }: ImageName): { registry: string; repository: string } {
  if (!isDockerHub(registry)) return { registry, repository };
  return { registry: 'index.docker.io', repository: repository.includes('/') ? repository : `library/${repository}` };
}

function platformDigest(index: Manifest, reference: string): string {
  const list = member(index.document, 'manifests');
  const entry = isJsonArray(list) ? list.find(isLinuxAmd64) : undefined;
  const digest = readDescriptor(entry)?.digest;
  if (digest === undefined)
    throw new RegistryFailure('permanent', `image \`${reference}\` has no linux/amd64 manifest`);
  return digest;
}

function isLinuxAmd64(entry: Json): boolean {
  return memberAt(entry, 'platform', 'os') === 'linux' && memberAt(entry, 'platform', 'architecture') === 'amd64';
}
