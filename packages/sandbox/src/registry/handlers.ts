import type { IncomingMessage } from 'node:http';
import { handleUpload, type UploadSessions } from './blob-upload.ts';
import type { ContentProblem, ContentStore } from './content-store.ts';
import { errorAnswer, jsonAnswer, type RegistryAnswer, readBody } from './exchange.ts';
import { listReferrers } from './referrers.ts';
import type { Authenticator } from './registry-auth.ts';
import type { RegistryRoute } from './route.ts';

/** What the handlers of one registry share. */
export interface RegistryRoom {
  content: ContentStore;
  uploads: UploadSessions;
  authenticator: Authenticator;
  /** `http://host:port` as clients reach it. */
  origin: string;
  referrersPageSize: number;
  tagsPageSize: number;
  hasNoReferrersApi(repository: string): boolean;
}

const MAX_FORM_BYTES = 64 * 1024;

/** The honest answer to a request: faults, if any, are applied afterwards. */
export async function answerRequest(
  room: RegistryRoom,
  request: IncomingMessage,
  url: URL,
  route: RegistryRoute,
): Promise<RegistryAnswer> {
  const refusal = room.authenticator.check(request, route, room.origin);
  if (refusal !== undefined) return refusal;
  if (route.kind === 'ping') return jsonAnswer({});
  if (route.kind === 'token') return answerToken(room, request, url);
  const { repository } = route;
  if (repository === undefined) return errorAnswer(404, 'NOT_FOUND', 'no such route');
  switch (route.kind) {
    case 'upload':
      return handleUpload(room, request, url, repository, route.reference);
    case 'blob':
      return answerBlob(room, request, repository, route.reference ?? '');
    case 'manifest':
      return answerManifest(room, request, repository, route.reference ?? '');
    case 'tags':
      return answerTags(room, url, repository);
    case 'referrers':
      return listReferrers(room, url, repository, route.reference ?? '');
    default:
      return errorAnswer(404, 'NOT_FOUND', 'no such route');
  }
}

async function answerToken(room: RegistryRoom, request: IncomingMessage, url: URL): Promise<RegistryAnswer> {
  if (request.method !== 'POST') return room.authenticator.issueToken(request, url, new URLSearchParams());
  const body = await readBody(request, MAX_FORM_BYTES);
  if (!Buffer.isBuffer(body)) return problemAnswer('SIZE_INVALID');
  return room.authenticator.issueToken(request, url, new URLSearchParams(body.toString('utf8')));
}

function answerBlob(room: RegistryRoom, request: IncomingMessage, repository: string, digest: string): RegistryAnswer {
  if (request.method === 'DELETE') {
    return room.content.deleteBlob(repository, digest) ? { status: 202 } : errorAnswer(404, 'BLOB_UNKNOWN', digest);
  }
  if (!isRead(request)) return errorAnswer(405, 'UNSUPPORTED', 'method not allowed');
  const blob = room.content.blob(repository, digest);
  if (blob === undefined) return errorAnswer(404, 'BLOB_UNKNOWN', digest);
  const headers = { 'content-type': 'application/octet-stream', 'docker-content-digest': digest };
  return { status: 200, headers, body: blob };
}

async function answerManifest(
  room: RegistryRoom,
  request: IncomingMessage,
  repository: string,
  reference: string,
): Promise<RegistryAnswer> {
  if (request.method === 'PUT') return putManifest(room, request, repository, reference);
  const found = room.content.manifest(repository, reference);
  if (found === undefined) {
    const isKnown = room.content.repository(repository) !== undefined;
    return errorAnswer(404, isKnown ? 'MANIFEST_UNKNOWN' : 'NAME_UNKNOWN', reference);
  }
  if (request.method === 'DELETE') {
    room.content.deleteManifest(repository, reference);
    return { status: 202 };
  }
  if (!isRead(request)) return errorAnswer(405, 'UNSUPPORTED', 'method not allowed');
  const headers = {
    'content-type': found.manifest.mediaType,
    'docker-content-digest': found.digest,
    etag: `"${found.digest}"`,
  };
  return { status: 200, headers, body: found.manifest.bytes };
}

async function putManifest(
  room: RegistryRoom,
  request: IncomingMessage,
  repository: string,
  reference: string,
): Promise<RegistryAnswer> {
  const body = await readBody(request, room.content.limits.maxManifestBytes);
  if (!Buffer.isBuffer(body)) return problemAnswer('SIZE_INVALID');
  const mediaType = request.headers['content-type'] ?? 'application/octet-stream';
  const stored = room.content.putManifest(repository, reference, body, mediaType);
  if ('problem' in stored) return problemAnswer(stored.problem);
  const { subject } = stored.manifest;
  return {
    status: 201,
    headers: {
      location: `/v2/${repository}/manifests/${stored.digest}`,
      'docker-content-digest': stored.digest,
      ...(subject === undefined || room.hasNoReferrersApi(repository) ? {} : { 'oci-subject': subject }),
    },
  };
}

function answerTags(room: RegistryRoom, url: URL, repository: string): RegistryAnswer {
  const stored = room.content.repository(repository);
  if (stored === undefined) return errorAnswer(404, 'NAME_UNKNOWN', repository);
  const last = url.searchParams.get('last') ?? '';
  const asked = Number(url.searchParams.get('n') ?? room.tagsPageSize);
  const size = Number.isInteger(asked) && asked > 0 ? Math.min(asked, room.tagsPageSize) : room.tagsPageSize;
  const rest = [...stored.tags.keys()].sort().filter((tag) => tag > last);
  const tags = rest.slice(0, size);
  const next = `/v2/${repository}/tags/list?n=${size}&last=${encodeURIComponent(tags.at(-1) ?? '')}`;
  return jsonAnswer({ name: repository, tags }, 200, rest.length > size ? { link: `<${next}>; rel="next"` } : {});
}

export function problemAnswer(problem: ContentProblem): RegistryAnswer {
  const status = problem === 'SIZE_INVALID' || problem === 'TOOMANYREQUESTS' ? 413 : 400;
  return errorAnswer(status, problem, 'content refused');
}

function isRead(request: IncomingMessage): boolean {
  return request.method === 'GET' || request.method === 'HEAD';
}
