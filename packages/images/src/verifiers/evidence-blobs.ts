import type { RegistryLimits } from '../registry/limits.ts';
import type { Descriptor } from '../registry/manifest.ts';
import { RegistryFailure } from '../registry/registry-failure.ts';
import type { RepositoryReader } from '../registry/repository-reader.ts';

const parallel = 8;

/**
 * The blobs of some layers by digest, each fetched once however many layers name it. Refuses more layers or bytes than the
 * limits allow before anything is fetched.
 */
export async function fetchBlobs(
  layers: readonly Descriptor[],
  reader: RepositoryReader,
  limits: RegistryLimits,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Uint8Array>> {
  if (layers.length > limits.layers) {
    throw new RegistryFailure('permanent', `the evidence has ${layers.length} layers, more than ${limits.layers}`);
  }
  const sizes = new Map(layers.map(({ digest, size }) => [digest, size]));
  const total = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  if (total > limits.evidenceBytes || [...sizes.values()].some((size) => size > limits.blobBytes)) {
    throw new RegistryFailure('permanent', `the evidence is larger than ${limits.blobBytes} bytes`);
  }
  const blobs = new Map<string, Uint8Array>();
  const queue = [...sizes];
  const work = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const [digest, size] = next;
      blobs.set(digest, await reader.blob(digest, size, signal));
    }
  };
  await Promise.all(Array.from({ length: Math.min(parallel, queue.length) }, work));
  return blobs;
}
