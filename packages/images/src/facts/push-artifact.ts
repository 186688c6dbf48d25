import { createHash } from 'node:crypto';
import type { RegistryAccess } from '@vouchsafe/engine/facts';
import { parseImageName } from '../names/image-name.ts';
import { defaultLimits } from '../registry/limits.ts';
import { manifestMediaTypes } from '../registry/manifest.ts';
import { RegistryFailure } from '../registry/registry-failure.ts';
import type { Artifact, ArtifactResult } from './artifact.ts';
import { openRemoteRegistry, type RegistryOptions } from './open-registry.ts';

/**
 * Uploads an artifact under the tag of `reference` (`latest` when it has none): blobs first, the manifest last, so that
 * nobody ever finds half of it. The value is the digest of the manifest. Never rejects.
 */
export async function pushArtifact(
  reference: string,
  artifact: Artifact,
  access: RegistryAccess,
  options: Omit<RegistryOptions, 'layout'>,
): Promise<ArtifactResult<string>> {
  const limits = { ...defaultLimits, ...options.limits };
  const parsed = parseImageName(reference);
  if (!parsed.ok) return parsed;
  const { name } = parsed;
  if (name.digest !== undefined) {
    return { ok: false, message: `\`${reference}\` has a digest: what is pushed is named by a tag` };
  }
  const client = openRemoteRegistry(options);
  const signal = AbortSignal.timeout(limits.totalMs);
  try {
    const writer = client.openWriter(name, access);
    for (const bytes of [artifact.config, ...artifact.layers.map((layer) => layer.bytes)]) {
      await writer.blob(bytes, signal);
    }
    const manifest = Buffer.from(JSON.stringify(toManifest(artifact)));
    const value = await writer.manifest(name.tag ?? 'latest', manifestMediaTypes[0], manifest, signal);
    return { ok: true, value };
  } catch (error) {
    if (error instanceof RegistryFailure) return { ok: false, message: error.message };
    throw error;
  } finally {
    await client.close();
  }
}

function toManifest({ configMediaType, config, layers }: Artifact): object {
  return {
    schemaVersion: 2,
    mediaType: manifestMediaTypes[0],
    config: toDescriptor(configMediaType, config),
    layers: layers.map(({ mediaType, bytes, annotations }) => ({
      ...toDescriptor(mediaType, bytes),
      ...(annotations.size === 0 ? {} : { annotations: Object.fromEntries(annotations) }),
    })),
  };
}

function toDescriptor(mediaType: string, bytes: Uint8Array): object {
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  return { mediaType, size: bytes.length, digest };
}
