import type { IncomingMessage, ServerResponse } from 'node:http';
import { PkiError } from '@vouchsafe/kube/pki';
import { fulcioRoutes } from './fulcio-routes.ts';
import { oidcRoutes } from './oidc-routes.ts';
import { rekorRoutes } from './rekor-routes.ts';
import type { SigstoreServices } from './sigstore-services.ts';
import { timestampRoutes } from './timestamp-routes.ts';
import type { SigstoreUrls } from './trusted-root.ts';
import type { TufRepository } from './tuf-repository.ts';

export interface ServiceRequest {
  method: string;
  path: string;
  url: URL;
  headers: IncomingMessage['headers'];
  body: Buffer;
  /** The body as a JSON object; empty when it is none. */
  json(): Record<string, unknown>;
}

export interface ServiceAnswer {
  status: number;
  contentType: string;
  headers?: Record<string, string>;
  body: Uint8Array | string;
}

/** Answers a request that is for it; undefined otherwise. */
export type ServiceRoute = (request: ServiceRequest) => ServiceAnswer | undefined;

export interface ServedRequest {
  at: number;
  method: string;
  path: string;
  status: number;
}

const MAX_BODY_BYTES = 16 * 1024 * 1024;
const MAX_LOGGED = 1000;

export function createServiceRoutes(
  services: SigstoreServices,
  urls: SigstoreUrls,
  tuf: TufRepository,
): { listener: (request: IncomingMessage, response: ServerResponse) => void; requests(): readonly ServedRequest[] } {
  const routes = [
    ...fulcioRoutes(services),
    ...rekorRoutes(services),
    ...timestampRoutes(services),
    ...oidcRoutes(services, urls),
    tufRoute(tuf),
  ];
  const served: ServedRequest[] = [];

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readBody(request);
    const answer = body === undefined ? refusal(413, 'the request is too large') : answerWith(routes, request, body);
    served.push({ at: Date.now(), method: request.method ?? 'GET', path: request.url ?? '/', status: answer.status });
    if (served.length > MAX_LOGGED) served.shift();
    const bytes = Buffer.from(answer.body);
    response.writeHead(answer.status, {
      'content-type': answer.contentType,
      'content-length': String(bytes.length),
      ...answer.headers,
    });
    response.end(request.method === 'HEAD' ? undefined : bytes);
  }

  return {
    listener: (request, response) => {
      serve(request, response).catch(() => response.destroy());
    },
    requests: () => served,
  };
}

export function jsonAnswer(value: unknown, status = 200, headers: Record<string, string> = {}): ServiceAnswer {
  return { status, contentType: 'application/json', headers, body: JSON.stringify(value) };
}

export function refusal(status: number, message: string): ServiceAnswer {
  return jsonAnswer({ code: status, message }, status);
}

function answerWith(routes: readonly ServiceRoute[], request: IncomingMessage, body: Buffer): ServiceAnswer {
  const url = new URL(request.url ?? '/', 'http://sandbox.invalid');
  const asked: ServiceRequest = {
    method: request.method ?? 'GET',
    path: url.pathname,
    url,
    headers: request.headers,
    body,
    json: () => parseObject(body),
  };
  try {
    for (const route of routes) {
      const answer = route(asked);
      if (answer !== undefined) return answer;
    }
    return refusal(404, 'no such route');
  } catch (error) {
    if (error instanceof PkiError) return refusal(400, error.message);
    throw error;
  }
}

function tufRoute(tuf: TufRepository): ServiceRoute {
  return ({ method, path }) => {
    if (!path.startsWith('/tuf/') || method === 'POST') return undefined;
    const file = tuf.files.get(path.slice('/tuf/'.length));
    return file === undefined ? undefined : { status: 200, contentType: 'application/octet-stream', body: file };
  };
}

function parseObject(body: Buffer): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'));
    // A JSON object's members are unknown until looked at.
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > MAX_BODY_BYTES) resolve(undefined);
      else chunks.push(chunk);
    });
    request.on('end', () => resolve(Buffer.concat(chunks)));
    request.on('error', reject);
  });
}
