import { createHash } from 'node:crypto';
import type { Answer } from './connections.ts';
import { RegistryFailure } from './registry-failure.ts';

/** Writes to one repository under one access. All methods reject with {@link RegistryFailure} only. */
export interface RepositoryWriter {
  /** Uploads a blob in one piece, unless the repository has it; its digest. */
  blob(bytes: Uint8Array, signal: AbortSignal): Promise<string>;
  /** Puts a manifest under a tag, or under its digest; its digest. */
  manifest(reference: string, mediaType: string, bytes: Uint8Array, signal: AbortSignal): Promise<string>;
}

/** What the writer of one repository works with; `send` authenticates and retries. */
export interface WriterContext {
  readonly host: string;
  readonly repository: string;
  send(request: WriteRequest, signal: AbortSignal): Promise<Answer>;
}

interface WriteRequest {
  readonly method: 'HEAD' | 'POST' | 'PUT';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
}

/** Uploads as the OCI distribution specification has it: a session (POST), then the whole blob (PUT). */
export function createRepositoryWriter({ host, repository, send }: WriterContext): RepositoryWriter {
  const place = `\`${repository}\` at \`${host}\``;

  async function openUpload(signal: AbortSignal): Promise<URL> {
    const answer = await send(
      { method: 'POST', path: `/v2/${repository}/blobs/uploads/`, headers: { 'content-length': '0' } },
      signal,
    );
    checkWritten(answer, [202], `an upload to ${place}`, host);
    const location = URL.parse(answer.header('location') ?? '', answer.url.href);
    if (location === null || location.origin !== answer.url.origin) {
      throw new RegistryFailure('permanent', `registry \`${host}\` wants uploads to ${place} sent elsewhere`);
    }
    return location;
  }

  return {
    async blob(bytes, signal) {
      const digest = digestOf(bytes);
      const known = await send(
        { method: 'HEAD', path: `/v2/${repository}/blobs/${digest}`, headers: { accept: '*/*' } },
        signal,
      );
      if (known.status === 200) return digest;
      const upload = await openUpload(signal);
      upload.searchParams.set('digest', digest);
      const answer = await send(
        {
          method: 'PUT',
          path: `${upload.pathname}${upload.search}`,
          headers: { 'content-type': 'application/octet-stream' },
          body: bytes,
        },
        signal,
      );
      checkWritten(answer, [201, 204], `a blob for ${place}`, host);
      return digest;
    },
    async manifest(reference, mediaType, bytes, signal) {
      const answer = await send(
        {
          method: 'PUT',
          path: `/v2/${repository}/manifests/${reference}`,
          headers: { 'content-type': mediaType },
          body: bytes,
        },
        signal,
      );
      checkWritten(answer, [200, 201], `the manifest \`${reference}\` for ${place}`, host);
      return digestOf(bytes);
    },
  };
}

function checkWritten({ status }: Answer, wanted: readonly number[], what: string, host: string): void {
  if (wanted.includes(status)) return;
  if (status === 401 || status === 403) {
    throw new RegistryFailure('denied', `registry \`${host}\` refuses ${what} (${status})`);
  }
  const isTransient = status === 429 || status === 408 || status >= 500;
  throw new RegistryFailure(
    isTransient ? 'transient' : 'permanent',
    `registry \`${host}\` answered ${status} for ${what}`,
  );
}

function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
