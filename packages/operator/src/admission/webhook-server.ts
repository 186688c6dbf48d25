import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';

/** One answer to one request. */
export interface WebhookReply {
  readonly status: number;
  readonly body: string;
  readonly contentType?: string;
}

export interface WebhookRequest {
  /** Path without the query. */
  readonly path: string;
  /** Seconds the caller waits, from `?timeout=10s`; undefined when it does not say. */
  readonly timeoutSeconds: number | undefined;
  readonly body: string;
  /** Aborted when the caller goes away. Made when asked for: most requests wait for nothing. */
  readonly signal: () => AbortSignal;
}

export interface ServingCertificate {
  /** PEM: leaf, then issuers. */
  readonly certificate: string;
  readonly privateKey: string;
}

export interface WebhookServerOptions {
  readonly host: string;
  readonly port: number;
  readonly certificate: ServingCertificate;
  /** POST bodies of `application/json`. Must not reject; a rejection is answered by 500. */
  readonly handle: (request: WebhookRequest) => Promise<WebhookReply>;
  /** GET paths, such as health; `undefined` is answered by 404. */
  readonly get: (path: string, query: string) => WebhookReply | undefined;
  /** Reviews worked on at once; more are answered by 503, so that the API server applies the failurePolicy. */
  readonly maxConcurrent?: number;
  /** Milliseconds that headers may take; 10 s unless told. */
  readonly headersTimeoutMs?: number;
  /** Milliseconds that a whole request may take to arrive; 30 s unless told. */
  readonly requestTimeoutMs?: number;
  readonly onError?: (error: unknown) => void;
}

export interface WebhookServer {
  readonly port: number;
  /** Serves new connections with another certificate; open ones go on. */
  setCertificate(certificate: ServingCertificate): void;
  /** Stops accepting, lets running reviews end (up to `graceMs`), then closes. */
  stop(graceMs?: number): Promise<void>;
}

/** Bytes of an AdmissionReview that are read at most: an object of the API server's own limit, twice, and some air. */
const MAX_BODY_BYTES = 3 * 1024 * 1024;
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;
const IDLE_TIMEOUT_MS = 300_000;
const MAX_CONNECTIONS = 2_000;
const DEFAULT_MAX_CONCURRENT = 1_000;
const JSON_TYPE = 'application/json; charset=utf-8';

/** Starts the HTTPS server that the API server calls (kyverno-core §4.2). Resolves when it listens. */
export async function startWebhookServer(options: WebhookServerOptions): Promise<WebhookServer> {
  const running = new Set<Promise<void>>();
  const sockets = new Set<Socket>();
  const maxConcurrent = options.maxConcurrent ?? DEFAULT_MAX_CONCURRENT;
  const headersTimeout = options.headersTimeoutMs ?? HEADERS_TIMEOUT_MS;
  const server = createServer(
    {
      ...secureContext(options.certificate),
      minVersion: 'TLSv1.2',
      handshakeTimeout: headersTimeout,
      connectionsCheckingInterval: headersTimeout / 4, // how late the timeouts are noticed
    },
    (request, response) => {
      if (request.method !== 'POST') {
        answer(response, getReply(options, request));
        return;
      }
      if (running.size >= maxConcurrent) {
        request.resume();
        answer(response, { status: 503, body: 'too many admission reviews at once\n', contentType: 'text/plain' });
        return;
      }
      const work = serve(options, request, response).finally(() => running.delete(work));
      running.add(work);
    },
  );
  server.headersTimeout = headersTimeout;
  server.requestTimeout = options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS;
  server.keepAliveTimeout = IDLE_TIMEOUT_MS;
  server.maxConnections = MAX_CONNECTIONS;
  server.on('tlsClientError', () => {}); // a scanner's broken handshake is nobody's error
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  const port = await listen(server, options.port, options.host);
  return {
    port,
    setCertificate: (certificate) => server.setSecureContext(secureContext(certificate)),
    async stop(graceMs = 5_000) {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      await Promise.race([Promise.allSettled([...running]), delay(graceMs)]);
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

function secureContext({ certificate, privateKey }: ServingCertificate) {
  return { cert: certificate, key: privateKey };
}

function listen(server: Server, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host || undefined, () => {
      server.removeListener('error', reject);
      resolve((server.address() as AddressInfo).port); // an AddressInfo, since it listens on TCP
    });
  });
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });
}

async function serve(options: WebhookServerOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const signal = () => {
    const gone = new AbortController();
    if (response.closed) gone.abort();
    else response.once('close', () => gone.abort());
    return gone.signal;
  };
  try {
    const type = request.headers['content-type'] ?? '';
    if (!type.startsWith('application/json')) {
      request.resume();
      answer(response, { status: 415, body: 'invalid Content-Type\n', contentType: 'text/plain' });
      return;
    }
    const body = await readBody(request);
    if (body === undefined) {
      answer(response, {
        status: 413,
        body: `the body is larger than ${MAX_BODY_BYTES} bytes\n`,
        contentType: 'text/plain',
      });
      return;
    }
    const { path, timeoutSeconds } = parseTarget(request.url ?? '/');
    answer(response, await options.handle({ path, timeoutSeconds, body, signal }));
  } catch (error) {
    if (!response.closed) options.onError?.(error);
    answer(response, { status: 500, body: 'internal error\n', contentType: 'text/plain' });
  }
}

/** The body as text; undefined when it is larger than the limit (the rest is then discarded with the connection). */
function readBody(request: IncomingMessage): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    if (Number(request.headers['content-length'] ?? 0) > MAX_BODY_BYTES) {
      resolve(undefined);
      return;
    }
    const chunks: Buffer[] = [];
    let size = 0;
    let isWhole = false;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > MAX_BODY_BYTES) {
        request.pause();
        resolve(undefined);
      } else {
        chunks.push(chunk);
      }
    });
    request.on('end', () => {
      isWhole = true;
      const [only] = chunks;
      resolve((chunks.length === 1 && only ? only : Buffer.concat(chunks, size)).toString('utf8'));
    });
    request.on('error', reject);
    request.on('close', () => {
      if (!isWhole) reject(new Error('the caller went away'));
    });
  });
}

function parseTarget(url: string): { path: string; timeoutSeconds: number | undefined } {
  const cut = url.indexOf('?');
  if (cut === -1) return { path: url, timeoutSeconds: undefined };
  const timeout = /(?:^|&)timeout=(\d{1,4})(ms|s|m)(?:&|$)/.exec(url.slice(cut + 1));
  const scale = timeout?.[2] === 'ms' ? 0.001 : timeout?.[2] === 'm' ? 60 : 1;
  return { path: url.slice(0, cut), timeoutSeconds: timeout ? Number(timeout[1]) * scale : undefined };
}

function getReply(options: WebhookServerOptions, request: IncomingMessage): WebhookReply {
  request.resume();
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return { status: 405, body: 'method not allowed\n', contentType: 'text/plain' };
  }
  const [path = '/', query = ''] = (request.url ?? '/').split('?', 2);
  const reply = options.get(path, query);
  return reply ?? { status: 404, body: '404 page not found\n', contentType: 'text/plain' };
}

function answer(response: ServerResponse, { status, body, contentType }: WebhookReply): void {
  if (response.headersSent || response.destroyed) return;
  const headers: Record<string, string | number> = {
    'Content-Type': contentType ?? JSON_TYPE,
    'Content-Length': Buffer.byteLength(body),
  };
  if (status === 413) headers['Connection'] = 'close';
  response.writeHead(status, headers);
  response.end(body);
}
