import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { type ConnectionLimit, createConnectionLimit } from './connection-limit.ts';

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
  /** Bytes of all bodies that are read or worked on; what would be more is answered by 503. */
  readonly maxBodyBytes?: number;
  /** Connections held; one more closes one that rests. */
  readonly maxConnections?: number;
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
/** Ten thousand reviews of a usual size, or forty of the largest. Parsed, they take several times as much. */
const MAX_ALL_BODY_BYTES = 128 * 1024 * 1024;
const DEFAULT_MAX_CONCURRENT = 1_000;
const JSON_TYPE = 'application/json; charset=utf-8';

/** Starts the HTTPS server that the API server calls (kyverno-core §4.2). Resolves when it listens. */
export async function startWebhookServer(options: WebhookServerOptions): Promise<WebhookServer> {
  const serving = createTally();
  const connections = createConnectionLimit(options.maxConnections ?? MAX_CONNECTIONS);
  const load: Load = {
    reviews: 0,
    bytes: 0,
    maxReviews: options.maxConcurrent ?? DEFAULT_MAX_CONCURRENT,
    maxBytes: options.maxBodyBytes ?? MAX_ALL_BODY_BYTES,
    connections,
  };
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
      serving.begin();
      void serve(options, load, request, response).finally(serving.end);
    },
  );
  server.headersTimeout = headersTimeout;
  server.requestTimeout = options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS;
  server.keepAliveTimeout = IDLE_TIMEOUT_MS;
  server.on('tlsClientError', () => {}); // a scanner's broken handshake is nobody's error
  server.on('connection', connections.add);
  const port = await listen(server, options.port, options.host);
  return {
    port,
    setCertificate: (certificate) => server.setSecureContext(secureContext(certificate)),
    async stop(graceMs = 5_000) {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      await Promise.race([serving.none(), delay(graceMs)]);
      connections.destroyAll();
      await closed;
    },
  };
}

/** Counts what runs. A set of it, changed by every request, would fill the old part of V8's heap with its tables. */
function createTally() {
  let running = 0;
  let onNone: (() => void) | undefined;
  return {
    begin: () => {
      running += 1;
    },
    end: () => {
      running -= 1;
      if (running === 0) onNone?.();
    },
    /** Resolves when nothing runs. */
    none: () =>
      new Promise<void>((resolve) => {
        onNone = resolve;
        if (running === 0) resolve();
      }),
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

/** What all requests together weigh. */
interface Load {
  /** Being decided: their bodies are read. */
  reviews: number;
  /** Of bodies that are read or decided about. */
  bytes: number;
  readonly maxReviews: number;
  readonly maxBytes: number;
  readonly connections: ConnectionLimit;
}

const TOO_MANY: WebhookReply = { status: 503, body: 'too many admission reviews at once\n', contentType: 'text/plain' };
const TOO_LARGE: WebhookReply = {
  status: 413,
  body: `the body is larger than ${MAX_BODY_BYTES} bytes\n`,
  contentType: 'text/plain',
};

/** A body that comes slowly takes no review's place: only its bytes and its connection count until it is whole. */
async function serve(
  options: WebhookServerOptions,
  load: Load,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const type = request.headers['content-type'] ?? '';
  const early: WebhookReply | undefined = type.startsWith('application/json')
    ? load.reviews >= load.maxReviews
      ? TOO_MANY
      : undefined
    : { status: 415, body: 'invalid Content-Type\n', contentType: 'text/plain' };
  if (early) {
    request.resume();
    answer(response, early);
    return;
  }
  const taken = { bytes: 0 };
  try {
    const body = await readBody(request, load, taken);
    answer(response, typeof body === 'string' ? await decide(options, load, request, response, body) : body);
  } catch (error) {
    if (!response.closed) options.onError?.(error);
    answer(response, { status: 500, body: 'internal error\n', contentType: 'text/plain' });
  } finally {
    load.bytes -= taken.bytes;
  }
}

async function decide(
  options: WebhookServerOptions,
  load: Load,
  request: IncomingMessage,
  response: ServerResponse,
  body: string,
): Promise<WebhookReply> {
  if (load.reviews >= load.maxReviews) return TOO_MANY;
  const signal = () => {
    const gone = new AbortController();
    if (response.closed) gone.abort();
    else response.once('close', () => gone.abort());
    return gone.signal;
  };
  const { path, timeoutSeconds } = parseTarget(request.url ?? '/');
  const rest = load.connections.begin(request.socket);
  load.reviews += 1;
  try {
    return await options.handle({ path, timeoutSeconds, body, signal });
  } finally {
    load.reviews -= 1;
    rest();
  }
}

/**
 * The body as text, or the answer when it is larger than one may be (the rest is discarded with the connection) or than
 * there is room for. `taken` tells how many bytes of the load are its own.
 */
function readBody(request: IncomingMessage, load: Load, taken: { bytes: number }): Promise<string | WebhookReply> {
  return new Promise((resolve, reject) => {
    if (Number(request.headers['content-length'] ?? 0) > MAX_BODY_BYTES) {
      resolve(TOO_LARGE);
      return;
    }
    const chunks: Buffer[] = [];
    let isWhole = false;
    request.on('data', (chunk: Buffer) => {
      taken.bytes += chunk.length;
      load.bytes += chunk.length;
      if (taken.bytes > MAX_BODY_BYTES || load.bytes > load.maxBytes) {
        request.pause();
        chunks.length = 0;
        resolve(taken.bytes > MAX_BODY_BYTES ? TOO_LARGE : TOO_MANY);
      } else {
        chunks.push(chunk);
      }
    });
    request.on('end', () => {
      isWhole = true;
      const [only] = chunks;
      resolve((chunks.length === 1 && only ? only : Buffer.concat(chunks, taken.bytes)).toString('utf8'));
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
  if (!response.req.complete) headers['Connection'] = 'close'; // what is left of the body is nobody's
  response.writeHead(status, headers);
  response.end(body);
}
