import { createServer as createHttpServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { setTimeout as delay } from 'node:timers/promises';
import { sendFaulted } from './apply-fault.ts';
import { type ContentStore, createContentStore } from './content-store.ts';
import { errorAnswer, sendAnswer } from './exchange.ts';
import { answerRequest, type RegistryRoom } from './handlers.ts';
import { listen, stopServer } from './listen.ts';
import { createAuthenticator, type RegistryAuth } from './registry-auth.ts';
import { createFaultTable, type RegistryFault } from './registry-fault.ts';
import { createRequestLog, type RegistryRequest } from './request-log.ts';
import { parseRoute } from './route.ts';

export interface RegistryOptions {
  /** Loopback by default; nothing else should be needed. */
  host?: string;
  /** 0 (the default) takes a free port. */
  port?: number;
  /** PEM key and certificate (chain). Plain HTTP when absent. */
  tls?: { key: string; cert: string };
  auth?: RegistryAuth;
  /** Most referrers in one answer (100 by default); more are paged by Link headers. */
  referrersPageSize?: number;
  /** Most tags in one answer (1000 by default). */
  tagsPageSize?: number;
  /** Bytes: 64 MiB by default. */
  maxBlobBytes?: number;
  /** Bytes: 4 MiB by default, as the distribution specification asks for at least. */
  maxManifestBytes?: number;
  /** Bytes of all content together: 512 MiB by default. */
  maxTotalBytes?: number;
}

/** A running OCI registry. Everything on it but `url`, `host` and `port` acts on it directly, without HTTP. */
export interface Registry {
  /** `http://127.0.0.1:PORT` or `https://…`. */
  readonly url: string;
  /** `127.0.0.1:PORT`, as it stands in image references. */
  readonly host: string;
  readonly port: number;
  readonly content: ContentStore;
  /** The requests served since the start or the last `clearRequests`, oldest first (the last 5000). */
  requests(): readonly RegistryRequest[];
  clearRequests(): void;
  /** Replaces the faults of a repository (`*`: of all). No fault given: honest again. */
  setFault(repository: string, ...faults: RegistryFault[]): void;
  clearFaults(): void;
  stop(): Promise<void>;
}

const MEBIBYTE = 1024 * 1024;

/** Starts an in-memory OCI distribution 1.1 registry on loopback. Rejects when the port is taken. */
export async function startRegistry(options: RegistryOptions = {}): Promise<Registry> {
  const content = createContentStore({
    maxBlobBytes: options.maxBlobBytes ?? 64 * MEBIBYTE,
    maxManifestBytes: options.maxManifestBytes ?? 4 * MEBIBYTE,
    maxTotalBytes: options.maxTotalBytes ?? 512 * MEBIBYTE,
  });
  const faults = createFaultTable();
  const log = createRequestLog();
  const room: RegistryRoom = {
    content,
    uploads: new Map(),
    authenticator: createAuthenticator(options.auth),
    origin: '',
    referrersPageSize: options.referrersPageSize ?? 100,
    tagsPageSize: options.tagsPageSize ?? 1000,
    hasNoReferrersApi: (repository) => faults.hasNoReferrersApi(repository),
  };

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', room.origin);
    const route = parseRoute(decodePath(url.pathname));
    const method = request.method ?? 'GET';
    const entry = log.begin(request, url, route);
    response.on('finish', () => log.end(entry, response.statusCode));
    const fault = faults.take({ method, ...route });
    const answer = await answerRequest(room, request, url, route);
    if (fault?.latencyMs !== undefined) await delay(fault.latencyMs);
    if (fault?.effect === undefined) sendAnswer(request, response, answer);
    else sendFaulted(request, response, fault.effect, answer);
  }

  const listener = (request: IncomingMessage, response: ServerResponse) => {
    serve(request, response).catch(() => {
      if (!response.headersSent) sendAnswer(request, response, errorAnswer(500, 'UNKNOWN', 'registry failure'));
    });
  };
  const server: Server =
    options.tls === undefined ? createHttpServer(listener) : createTlsServer({ ...options.tls }, listener);
  const host = options.host ?? '127.0.0.1';
  const port = await listen(server, host, options.port ?? 0);
  room.origin = `${options.tls === undefined ? 'http' : 'https'}://${host}:${port}`;

  return {
    url: room.origin,
    host: `${host}:${port}`,
    port,
    content,
    requests: () => log.entries(),
    clearRequests: () => log.clear(),
    setFault: (repository, ...list) => faults.set(repository, list),
    clearFaults: () => faults.clear(),
    stop: () => stopServer(server),
  };
}

function decodePath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
