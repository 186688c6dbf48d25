import type { RegistryAccess } from '@vouchsafe/engine/facts';
import { memberAt } from '@vouchsafe/engine/kernel';
import { parseImageName } from '../names/image-name.ts';
import { defaultLimits } from '../registry/limits.ts';
import { readDescriptors } from '../registry/manifest.ts';
import { RegistryFailure } from '../registry/registry-failure.ts';
import type { ArtifactLayer, ArtifactResult } from './artifact.ts';
import { openRegistry, type RegistryOptions } from './open-registry.ts';

/** The layers of an artifact that have the wanted media type. */
export interface PulledLayers {
  /** Of the manifest. */
  readonly digest: string;
  readonly layers: readonly ArtifactLayer[];
}

const maximumLayers = 1000;

/**
 * Fetches the layers of one media type of the artifact `reference`. All bytes are checked against their digests; layers
 * of other types are left where they are. Bounded by the limits: each layer by `blobBytes`, all by `evidenceBytes`. Never
 * rejects.
 */
export async function pullArtifact(
  reference: string,
  mediaType: string,
  access: RegistryAccess,
  options: RegistryOptions,
): Promise<ArtifactResult<PulledLayers>> {
  const limits = { ...defaultLimits, ...options.limits };
  const parsed = parseImageName(reference);
  if (!parsed.ok) return parsed;
  const client = openRegistry(options);
  const signal = AbortSignal.timeout(limits.totalMs);
  try {
    const reader = client.open(parsed.name, access);
    const { tag, digest } = parsed.name;
    const manifest = await reader.manifest(digest ?? tag ?? 'latest', signal);
    if (manifest === undefined) return { ok: false, message: `\`${reference}\` does not exist` };
    if (memberAt(manifest.document, 'manifests') !== undefined) {
      return { ok: false, message: `\`${reference}\` is an index of images and no artifact` };
    }
    const wanted = readDescriptors(manifest, 'layers').filter((layer) => layer.mediaType === mediaType);
    if (wanted.length > maximumLayers) return { ok: false, message: `\`${reference}\` has more than 1000 layers` };
    const total = wanted.reduce((sum, { size }) => sum + size, 0);
    if (total > limits.evidenceBytes) {
      return { ok: false, message: `the layers of \`${reference}\` are larger than ${limits.evidenceBytes} bytes` };
    }
    const layers: ArtifactLayer[] = [];
    for (const { digest: blob, annotations } of wanted) {
      layers.push({ mediaType, annotations, bytes: await reader.blob(blob, limits.blobBytes, signal) });
    }
    return { ok: true, value: { digest: manifest.digest, layers } };
  } catch (error) {
    if (error instanceof RegistryFailure) return { ok: false, message: error.message };
    throw error;
  } finally {
    await client.close();
  }
}
