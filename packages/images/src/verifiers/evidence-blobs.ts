import type { Descriptor, Manifest } from '../registry/manifest.ts';
import { RegistryFailure } from '../registry/registry-failure.ts';
import type { RepositoryReader } from '../registry/repository-reader.ts';
import type { EvidenceQuestion } from './verifier.ts';

const parallel = 8;

/**
 * The blobs of some layers by digest, each fetched once however many layers name it. Refuses more layers or bytes than the
 * limits allow before anything is fetched.
 */
export async function fetchBlobs(
  layers: readonly Descriptor[],
  { reader, limits, signal, reserve }: Pick<EvidenceQuestion, 'reader' | 'limits' | 'signal' | 'reserve'>,
): Promise<ReadonlyMap<string, Uint8Array>> {
  if (layers.length > limits.layers) {
    throw new RegistryFailure('permanent', `the evidence has ${layers.length} layers, more than ${limits.layers}`);
  }
  const sizes = new Map(layers.map(({ digest, size }) => [digest, size]));
  const total = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  if (total > limits.evidenceBytes || [...sizes.values()].some((size) => size > limits.blobBytes)) {
    throw new RegistryFailure('permanent', `the evidence is larger than ${limits.blobBytes} bytes`);
  }
  await reserve?.(total);
  const blobs = await fetchAll(
    [...sizes],
    async ([digest, size]) => [digest, await reader.blob(digest, size, signal)] as const,
  );
  return new Map(blobs);
}

/** The manifests of referrers, in their order, each digest once; those that are not there are left out. */
export async function fetchManifests(
  referrers: readonly Descriptor[],
  reader: RepositoryReader,
  signal: AbortSignal,
): Promise<Manifest[]> {
  const unique = new Map(referrers.map((referrer) => [referrer.digest, referrer]));
  const manifests = await fetchAll([...unique.values()], (referrer) => reader.referrer(referrer, signal));
  return manifests.flatMap((manifest) => manifest ?? []);
}

/** A few at a time; the first failure is the answer. */
async function fetchAll<Item, Value>(
  items: readonly Item[],
  fetch: (item: Item) => Promise<Value>,
): Promise<readonly Value[]> {
  const values: Value[] = [];
  const queue = items.entries();
  const work = async (): Promise<void> => {
    for (const [index, item] of queue) values[index] = await fetch(item);
  };
  await Promise.all(Array.from({ length: Math.min(parallel, items.length) }, work));
  return values;
}
