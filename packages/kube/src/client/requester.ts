import type { Readable } from 'node:stream';
import { type Deadline, startDeadline } from './deadline.ts';
import { errorFromResponse, KubeError } from './kube-error.ts';
import type { RateLimiter } from './rate-limiter.ts';
import { errorCode, retryDelay } from './retry-policy.ts';
import type { Transport, TransportRequest, TransportResponse } from './transport.ts';
import { wait } from './wait.ts';

export interface KubeRequest {
  readonly method: TransportRequest['method'];
  readonly path: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string | Uint8Array;
  readonly signal?: AbortSignal | undefined;
  /** For the whole request, retries included. */
  readonly timeoutMilliseconds?: number | undefined;
  /** Reads are; for others the caller knows. */
  readonly isIdempotent?: boolean;
}

export interface KubeResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** What a request came to, for metrics; `status` is 0 when there was no answer. */
export interface RequestObservation {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly durationMilliseconds: number;
}

export interface RequesterOptions {
  readonly transport: Transport;
  readonly rateLimiter: RateLimiter;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly timeoutMilliseconds: number;
  readonly maximumResponseBytes: number;
  readonly retryBackoffMilliseconds: number;
  readonly onRequest: ((observation: RequestObservation) => void) | undefined;
}

/** Sends requests: rate limit, deadline, retries, failures as {@link KubeError}. An abort by the caller rejects with its reason. */
export interface Requester {
  readonly request: (request: KubeRequest) => Promise<KubeResponse>;
  /** The body as it arrives, without a size limit; the deadline ends with the headers, the signal goes on. */
  readonly stream: (request: KubeRequest) => Promise<AsyncIterable<Uint8Array>>;
}

export function createRequester(options: RequesterOptions): Requester {
  return {
    request: async (request) => {
      const deadline = startDeadline(request.timeoutMilliseconds ?? options.timeoutMilliseconds, request.signal);
      try {
        return await sendWithRetries(options, request, deadline.signal, (response) =>
          readResponse(response, options.maximumResponseBytes),
        );
      } catch (error) {
        throw readableError(error, request, deadline.isExpired());
      } finally {
        deadline.release();
      }
    },
    stream: async (request) => {
      const deadline = startDeadline(request.timeoutMilliseconds ?? options.timeoutMilliseconds, request.signal);
      try {
        const body = await sendWithRetries(options, request, deadline.signal, async (response) => response.body);
        deadline.disarm();
        return readStream(body, request, deadline);
      } catch (error) {
        deadline.release();
        throw readableError(error, request, deadline.isExpired());
      }
    },
  };
}

async function sendWithRetries<Result>(
  options: RequesterOptions,
  request: KubeRequest,
  signal: AbortSignal,
  read: (response: TransportResponse) => Promise<Result>,
): Promise<Result> {
  const isIdempotent = request.isIdempotent ?? (request.method === 'GET' || request.method === 'HEAD');
  let refreshCredentials = false;
  for (let attempt = 1; ; attempt += 1) {
    await options.rateLimiter.acquire(signal);
    try {
      return await read(await sendOnce(options, request, signal, refreshCredentials));
    } catch (error) {
      signal.throwIfAborted();
      // A token may just have rotated: once, ask for a new one. A request refused with 401 was not acted upon.
      if (error instanceof KubeError && error.code === 401 && !refreshCredentials) {
        refreshCredentials = true;
        continue;
      }
      const delay = retryDelay({ error, isIdempotent, attempt, backoffMilliseconds: options.retryBackoffMilliseconds });
      if (delay === undefined) throw error;
      await wait(delay, signal);
    }
  }
}

const maximumErrorBytes = 1024 * 1024;

async function sendOnce(
  { transport, headers, onRequest }: RequesterOptions,
  { method, path, headers: own, body }: KubeRequest,
  signal: AbortSignal,
  refreshCredentials: boolean,
): Promise<TransportResponse> {
  const startedAt = performance.now();
  let status = 0;
  try {
    const exchange = { method, path, headers: { ...headers, ...own }, signal, refreshCredentials };
    const response = await transport.exchange(body === undefined ? exchange : { ...exchange, body });
    status = response.status;
    if (status < 300) return response;
    const failure = await readResponse(response, maximumErrorBytes);
    const text = Buffer.from(failure.body).toString('utf8');
    throw errorFromResponse(status, text, response.headers['retry-after']);
  } finally {
    onRequest?.({ method, path, status, durationMilliseconds: performance.now() - startedAt });
  }
}

async function readResponse(response: TransportResponse, maximumBytes: number): Promise<KubeResponse> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of bytesOf(response.body)) {
    length += chunk.length;
    if (length > maximumBytes) {
      throw new KubeError(0, 'ResponseTooLarge', `the response is larger than ${maximumBytes} bytes`);
    }
    chunks.push(chunk);
  }
  return { status: response.status, headers: response.headers, body: Buffer.concat(chunks, length) };
}

async function* readStream(body: Readable, request: KubeRequest, deadline: Deadline): AsyncGenerator<Uint8Array> {
  try {
    yield* bytesOf(body);
  } catch (error) {
    throw readableError(error, request, false);
  } finally {
    deadline.release();
    body.destroy();
  }
}

async function* bytesOf(body: Readable): AsyncGenerator<Uint8Array> {
  for await (const chunk of body) {
    // No encoding is set on these streams, so that chunks are bytes.
    if (chunk instanceof Uint8Array) yield chunk;
  }
}

function readableError(error: unknown, { method, path, signal }: KubeRequest, isExpired: boolean): unknown {
  if (signal?.aborted) return signal.reason;
  const what = `${method} ${path.split('?', 1)[0]}`;
  if (isExpired) return new KubeError(0, 'RequestTimeout', `${what} took too long`);
  if (error instanceof KubeError || !(error instanceof Error)) return error;
  const code = errorCode(error);
  return code === '' ? error : new KubeError(0, 'Unreachable', `${what} failed: ${error.message || code}`);
}
