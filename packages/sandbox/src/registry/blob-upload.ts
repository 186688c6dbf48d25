import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { ContentStore } from './content-store.ts';
import { errorAnswer, type RegistryAnswer, readBody } from './exchange.ts';

/** Uploads begun and not yet finished, by id. */
export type UploadSessions = Map<string, { repository: string; bytes: Buffer }>;

interface UploadRoom {
  content: ContentStore;
  uploads: UploadSessions;
}

const MAX_SESSIONS = 256;

/** OCI distribution specification, "Pushing a blob": monolithic, POST then PUT, chunked, and mount. */
export async function handleUpload(
  room: UploadRoom,
  request: IncomingMessage,
  url: URL,
  repository: string,
  id: string | undefined,
): Promise<RegistryAnswer> {
  if (request.method === 'POST' && id === undefined) return beginUpload(room, request, url, repository);
  const session = id === undefined ? undefined : room.uploads.get(id);
  if (id === undefined || session === undefined || session.repository !== repository) {
    return errorAnswer(404, 'BLOB_UPLOAD_UNKNOWN', 'no such upload');
  }
  switch (request.method) {
    case 'PATCH':
      return appendChunk(room, request, id, session);
    case 'PUT':
      return finishUpload(room, request, url, id, session);
    case 'GET':
      return { status: 204, headers: progressHeaders(repository, id, session.bytes.length) };
    case 'DELETE':
      room.uploads.delete(id);
      return { status: 204 };
    default:
      return errorAnswer(405, 'UNSUPPORTED', 'method not allowed');
  }
}

async function beginUpload(
  room: UploadRoom,
  request: IncomingMessage,
  url: URL,
  repository: string,
): Promise<RegistryAnswer> {
  const mount = url.searchParams.get('mount');
  if (mount !== null && room.content.mountBlob(repository, mount)) return created(repository, mount);
  const digest = url.searchParams.get('digest');
  if (digest !== null) {
    const body = await readBody(request, room.content.limits.maxBlobBytes);
    return store(room, repository, body, digest);
  }
  if (room.uploads.size >= MAX_SESSIONS) return errorAnswer(429, 'TOOMANYREQUESTS', 'too many open uploads');
  const id = randomUUID();
  room.uploads.set(id, { repository, bytes: Buffer.alloc(0) });
  return { status: 202, headers: progressHeaders(repository, id, 0) };
}

async function appendChunk(
  room: UploadRoom,
  request: IncomingMessage,
  id: string,
  session: { repository: string; bytes: Buffer },
): Promise<RegistryAnswer> {
  const start = rangeStart(request.headers['content-range']);
  if (start !== undefined && start !== session.bytes.length) {
    return errorAnswer(
      416,
      'BLOB_UPLOAD_INVALID',
      'chunk out of order',
      progressHeaders(session.repository, id, session.bytes.length),
    );
  }
  const chunk = await readBody(request, room.content.limits.maxBlobBytes - session.bytes.length);
  if (!Buffer.isBuffer(chunk)) return tooLarge(room, id);
  session.bytes = Buffer.concat([session.bytes, chunk]);
  return { status: 202, headers: progressHeaders(session.repository, id, session.bytes.length) };
}

async function finishUpload(
  room: UploadRoom,
  request: IncomingMessage,
  url: URL,
  id: string,
  session: { repository: string; bytes: Buffer },
): Promise<RegistryAnswer> {
  const last = await readBody(request, room.content.limits.maxBlobBytes - session.bytes.length);
  if (!Buffer.isBuffer(last)) return tooLarge(room, id);
  const answer = store(
    room,
    session.repository,
    Buffer.concat([session.bytes, last]),
    url.searchParams.get('digest') ?? '',
  );
  room.uploads.delete(id);
  return answer;
}

function store(
  room: UploadRoom,
  repository: string,
  body: Buffer | 'too-large' | 'aborted',
  digest: string,
): RegistryAnswer {
  if (!Buffer.isBuffer(body)) return errorAnswer(413, 'SIZE_INVALID', 'blob too large');
  const stored = room.content.putBlob(repository, body, digest);
  if (!('problem' in stored)) return created(repository, stored.digest);
  return errorAnswer(stored.problem === 'DIGEST_INVALID' ? 400 : 413, stored.problem, 'content refused');
}

function created(repository: string, digest: string): RegistryAnswer {
  return { status: 201, headers: { location: `/v2/${repository}/blobs/${digest}`, 'docker-content-digest': digest } };
}

function tooLarge(room: UploadRoom, id: string): RegistryAnswer {
  room.uploads.delete(id);
  return errorAnswer(413, 'SIZE_INVALID', 'blob too large');
}

function progressHeaders(repository: string, id: string, received: number): Record<string, string> {
  return {
    location: `/v2/${repository}/blobs/uploads/${id}`,
    'docker-upload-uuid': id,
    range: `0-${Math.max(0, received - 1)}`,
  };
}

function rangeStart(header: string | undefined): number | undefined {
  const match = /^(\d{1,15})-\d{1,15}$/.exec(header ?? '');
  return match === null ? undefined : Number(match[1]);
}
