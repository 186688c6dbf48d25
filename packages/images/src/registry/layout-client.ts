import { createHash } from 'node:crypto';
import { open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isJsonObject, type Json, type JsonObject, memberAt } from '@vouchsafe/engine/kernel';
import { isDigest } from '../names/image-name.ts';
import { manifestBytesOf } from './bounded-referrers.ts';
import type { RegistryLimits } from './limits.ts';
import { type Descriptor, type Manifest, readDescriptors } from './manifest.ts';
import type { RegistryClient } from './registry-client.ts';
import { RegistryFailure } from './registry-failure.ts';
import type { RepositoryReader } from './repository-reader.ts';

const refName = 'org.opencontainers.image.ref.name';
/** Where `cosign save` tells apart what it wrote, which has no names. */
const cosignKind = 'kind';
const cosignKinds = {
  image: /^dev\.cosignproject\.cosign\/image(?:Index)?$/,
  '.sig': /^dev\.cosignproject\.cosign\/sigs$/,
  '.att': /^dev\.cosignproject\.cosign\/atts$/,
} as const;

/**
 * Reads an OCI image layout (a folder with `oci-layout`, `index.json`, `blobs/`) as if it were the registry of every image:
 * no network is used. Tags are the `ref.name` of the index's entries; evidence is what `cosign save`, `oras copy -r` and
 * registries' mirrors put there. Content is checked against its digest as anywhere else.
 */
export function createLayoutClient(folder: string, limits: RegistryLimits): RegistryClient {
  let requests = 0;

  async function read(path: string, maximumBytes: number): Promise<Uint8Array | undefined> {
    requests += 1;
    const file = join(folder, path);
    try {
      const found = await stat(file);
      // Pipes and devices have no end.
      if (!found.isFile()) throw new RegistryFailure('permanent', `\`${path}\` of the image layout is not a file`);
      if (found.size > maximumBytes) throw tooLarge(path, maximumBytes);
      return await readBounded(file, maximumBytes);
    } catch (error) {
      if (error instanceof RegistryFailure) throw error;
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
      if (code === 'ENOENT') return undefined;
      throw new RegistryFailure('permanent', `\`${path}\` of the image layout cannot be read (${code})`);
    }
  }

  async function blob(digest: string, maximumBytes: number): Promise<Uint8Array | undefined> {
    const bytes = await read(`blobs/sha256/${digest.slice('sha256:'.length)}`, maximumBytes);
    if (bytes === undefined) return undefined;
    const actual = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
    if (actual !== digest) {
      throw new RegistryFailure('permanent', `\`${digest}\` of the image layout has the wrong digest: got ${actual}`);
    }
    return bytes;
  }

  async function entries(): Promise<Descriptor[]> {
    const bytes = await read('index.json', limits.manifestBytes);
    if (bytes === undefined) throw new RegistryFailure('not-found', `\`${folder}\` is no image layout: no index.json`);
    return readDescriptors({ digest: '', size: bytes.length, document: parse(bytes, 'index.json') }, 'manifests');
  }

  async function manifestOf(digest: string, maximumBytes = limits.manifestBytes): Promise<Manifest | undefined> {
    const bytes = await blob(digest, maximumBytes);
    return bytes === undefined ? undefined : { digest, size: bytes.length, document: parse(bytes, digest) };
  }

  /** The entry of a tag. `cosign save` names nothing: then the one image is meant, and its signatures. */
  async function find(tag: string, repository: string): Promise<string | undefined> {
    const all = await entries();
    const named = all.find(({ annotations }) => isNamed(annotations.get(refName), tag, repository));
    if (named !== undefined) return named.digest;
    const suffix = tag.startsWith('sha256-') ? tag.slice(-4) : 'image';
    const kind = suffix === '.sig' || suffix === '.att' || suffix === 'image' ? cosignKinds[suffix] : undefined;
    const saved = all.filter(({ annotations }) => kind?.test(annotations.get(cosignKind) ?? '') === true);
    return saved.length === 1 ? saved[0]?.digest : undefined;
  }

  /** Entries of the layout that refer to the digest by their own word. */
  async function findReferrers(digest: string): Promise<Descriptor[]> {
    const found: Descriptor[] = [];
    for (const entry of await entries()) {
      const manifest = await manifestOf(entry.digest);
      if (memberAt(manifest?.document, 'subject', 'digest') === digest) found.push(entry);
      if (found.length > limits.referrers) {
        throw new RegistryFailure('permanent', `the image layout has more than ${limits.referrers} referrers`);
      }
    }
    return found;
  }

  async function taggedReferrers(digest: string, repository: string): Promise<Descriptor[]> {
    const index = await find(digest.replace(':', '-'), repository);
    const listed = index === undefined ? undefined : await manifestOf(index);
    return listed === undefined ? [] : readDescriptors(listed, 'manifests').slice(0, limits.referrers);
  }

  const reader = (repository: string): RepositoryReader => ({
    async resolve(tag) {
      const digest = await find(tag, repository);
      if (digest === undefined) throw new RegistryFailure('not-found', `the image layout has no image \`${tag}\``);
      return digest;
    },
    async manifest(reference) {
      const digest = isDigest(reference) ? reference : await find(reference, repository);
      return digest === undefined ? undefined : manifestOf(digest);
    },
    async blob(digest, maximumBytes) {
      const bytes = await blob(digest, maximumBytes);
      if (bytes === undefined) throw new RegistryFailure('permanent', `the image layout lacks the blob \`${digest}\``);
      return bytes;
    },
    async referrers(digest) {
      const found = await findReferrers(digest);
      return found.length > 0 ? found : taggedReferrers(digest, repository);
    },
    async unlistedReferrers(digest) {
      const found = new Set((await findReferrers(digest)).map((entry) => entry.digest));
      if (found.size === 0) return [];
      return (await taggedReferrers(digest, repository)).filter((one) => !found.has(one.digest));
    },
    referrer: (descriptor) => manifestOf(descriptor.digest, manifestBytesOf(descriptor, limits)),
  });

  return {
    open: ({ repository }) => reader(repository),
    get requests() {
      return requests;
    },
    close: async () => undefined,
  };
}

/** `v1`, or the whole reference as some tools have it. */
function isNamed(name: string | undefined, tag: string, repository: string): boolean {
  return name === tag || name?.endsWith(`/${repository}:${tag}`) === true || name === `${repository}:${tag}`;
}

/** At most that many bytes, whatever the size was said to be. */
async function readBounded(path: string, maximumBytes: number): Promise<Uint8Array> {
  const file = await open(path, 'r');
  try {
    const bytes = Buffer.alloc(Math.min((await file.stat()).size + 1, maximumBytes + 1));
    let length = 0;
    for (;;) {
      const { bytesRead } = await file.read(bytes, length, bytes.length - length, length);
      length += bytesRead;
      if (bytesRead === 0 || length === bytes.length) break;
    }
    if (length > maximumBytes) throw tooLarge(path, maximumBytes);
    return bytes.subarray(0, length);
  } finally {
    await file.close();
  }
}

function parse(bytes: Uint8Array, what: string): JsonObject {
  try {
    // JSON.parse gives exactly the Json type.
    const document = JSON.parse(Buffer.from(bytes).toString('utf8')) as Json;
    if (isJsonObject(document)) return document;
  } catch {
    // Said below.
  }
  throw new RegistryFailure('permanent', `\`${what}\` of the image layout is not a JSON object`);
}

function tooLarge(path: string, maximumBytes: number): RegistryFailure {
  return new RegistryFailure('permanent', `\`${path}\` of the image layout has more than ${maximumBytes} bytes`);
}
