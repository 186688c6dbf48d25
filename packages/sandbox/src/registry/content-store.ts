import { createHash } from 'node:crypto';

/** A manifest as it was pushed: the exact bytes are what the digest stands for. */
export interface StoredManifest {
  mediaType: string;
  bytes: Buffer;
  /** Digest of the manifest this one refers to (OCI 1.1 `subject`), for the referrers API. */
  subject?: string;
  artifactType?: string;
  annotations?: Record<string, string>;
}

export interface StoredRepository {
  tags: Map<string, string>;
  manifests: Map<string, StoredManifest>;
  blobs: Set<string>;
}

export interface ContentLimits {
  maxBlobBytes: number;
  maxManifestBytes: number;
  maxTotalBytes: number;
}

/** Why content was refused, in the words of the OCI distribution specification's error codes. */
export type ContentProblem = 'SIZE_INVALID' | 'MANIFEST_INVALID' | 'DIGEST_INVALID' | 'TOOMANYREQUESTS';

/** Everything the registry holds, in memory. Blobs are kept once however many repositories name them. */
export interface ContentStore {
  readonly limits: ContentLimits;
  repository(name: string): StoredRepository | undefined;
  repositories(): string[];
  blob(repository: string, digest: string): Buffer | undefined;
  /** True when any repository has the blob, so that it can be mounted into another one. */
  mountBlob(repository: string, digest: string): boolean;
  putBlob(repository: string, bytes: Buffer, expectedDigest?: string): { digest: string } | { problem: ContentProblem };
  manifest(repository: string, reference: string): { digest: string; manifest: StoredManifest } | undefined;
  putManifest(
    repository: string,
    reference: string,
    bytes: Buffer,
    mediaType: string,
  ): { digest: string; manifest: StoredManifest } | { problem: ContentProblem };
  deleteBlob(repository: string, digest: string): boolean;
  deleteManifest(repository: string, reference: string): boolean;
}

export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

export function createContentStore(limits: ContentLimits): ContentStore {
  const repositories = new Map<string, StoredRepository>();
  const blobs = new Map<string, Buffer>();
  let totalBytes = 0;

  function openRepository(name: string): StoredRepository {
    const known = repositories.get(name);
    if (known !== undefined) return known;
    const created: StoredRepository = { tags: new Map(), manifests: new Map(), blobs: new Set() };
    repositories.set(name, created);
    return created;
  }

  function resolve(stored: StoredRepository | undefined, reference: string): string | undefined {
    return reference.startsWith('sha256:') ? reference : stored?.tags.get(reference);
  }

  return {
    limits,
    repository: (name) => repositories.get(name),
    repositories: () => [...repositories.keys()].sort(),

    blob(repository, digest) {
      return repositories.get(repository)?.blobs.has(digest) ? blobs.get(digest) : undefined;
    },

    mountBlob(repository, digest) {
      if (!blobs.has(digest)) return false;
      openRepository(repository).blobs.add(digest);
      return true;
    },

    putBlob(repository, bytes, expectedDigest) {
      if (bytes.length > limits.maxBlobBytes) return { problem: 'SIZE_INVALID' };
      const digest = digestOf(bytes);
      if (expectedDigest !== undefined && expectedDigest !== digest) return { problem: 'DIGEST_INVALID' };
      if (!blobs.has(digest)) {
        if (totalBytes + bytes.length > limits.maxTotalBytes) return { problem: 'TOOMANYREQUESTS' };
        totalBytes += bytes.length;
        blobs.set(digest, bytes);
      }
      openRepository(repository).blobs.add(digest);
      return { digest };
    },

    manifest(repository, reference) {
      const stored = repositories.get(repository);
      const digest = resolve(stored, reference);
      const manifest = digest === undefined ? undefined : stored?.manifests.get(digest);
      return digest === undefined || manifest === undefined ? undefined : { digest, manifest };
    },

    putManifest(repository, reference, bytes, mediaType) {
      if (bytes.length > limits.maxManifestBytes) return { problem: 'SIZE_INVALID' };
      const digest = digestOf(bytes);
      const isDigest = reference.startsWith('sha256:');
      if (isDigest && reference !== digest) return { problem: 'DIGEST_INVALID' };
      const manifest = readManifest(bytes, mediaType);
      if (manifest === undefined) return { problem: 'MANIFEST_INVALID' };
      const stored = openRepository(repository);
      if (!stored.manifests.has(digest)) {
        if (totalBytes + bytes.length > limits.maxTotalBytes) return { problem: 'TOOMANYREQUESTS' };
        totalBytes += bytes.length;
      }
      stored.manifests.set(digest, manifest);
      if (!isDigest) stored.tags.set(reference, digest);
      return { digest, manifest };
    },

    deleteBlob(repository, digest) {
      const removed = repositories.get(repository)?.blobs.delete(digest) ?? false;
      const isUsed = [...repositories.values()].some((stored) => stored.blobs.has(digest));
      if (removed && !isUsed) {
        totalBytes -= blobs.get(digest)?.length ?? 0;
        blobs.delete(digest);
      }
      return removed;
    },

    deleteManifest(repository, reference) {
      const stored = repositories.get(repository);
      if (stored === undefined) return false;
      if (!reference.startsWith('sha256:')) return stored.tags.delete(reference);
      const manifest = stored.manifests.get(reference);
      if (manifest === undefined) return false;
      totalBytes -= manifest.bytes.length;
      stored.manifests.delete(reference);
      for (const [tag, digest] of stored.tags) if (digest === reference) stored.tags.delete(tag);
      return true;
    },
  };
}

/** Reads the few members the referrers API needs; anything that is not a JSON object is no manifest. */
function readManifest(bytes: Buffer, mediaType: string): StoredManifest | undefined {
  const value = parseObject(bytes);
  if (value === undefined) return undefined;
  const subject = asObject(value['subject'])?.['digest'];
  const configType = asObject(value['config'])?.['mediaType'];
  const artifactType =
    typeof value['artifactType'] === 'string' && value['artifactType'] !== '' ? value['artifactType'] : configType;
  const annotations = asObject(value['annotations']);
  return {
    mediaType,
    bytes,
    ...(typeof subject === 'string' ? { subject } : {}),
    ...(typeof artifactType === 'string' ? { artifactType } : {}),
    ...(annotations === undefined ? {} : { annotations: onlyStrings(annotations) }),
  };
}

function parseObject(bytes: Buffer): Record<string, unknown> | undefined {
  try {
    return asObject(JSON.parse(bytes.toString('utf8')));
  } catch {
    return undefined;
  }
}

function asObject(value: unknown): Record<string, unknown> | undefined {
  // The cast is the narrowing TypeScript has no words for: a non-array object with unknown members.
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined;
}

function onlyStrings(value: Record<string, unknown>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}
