import { KubeError } from './kube-error.ts';

export interface RetryQuestion {
  readonly error: unknown;
  /** Sending the same request twice has the effect of sending it once: reads and server-side apply. */
  readonly isIdempotent: boolean;
  /** How often the request has been sent. */
  readonly attempt: number;
  /** Before the second attempt; doubles with each further one. */
  readonly backoffMilliseconds: number;
}

const maximumAttempts = 5;
const maximumWaitMilliseconds = 30_000;

/** Errors of node and undici that come before the connection stands: nothing was sent. */
const notConnected: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'EAI_AGAIN',
  'ENOTFOUND',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);

const connectionLost: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'UND_ERR_SOCKET']);

/**
 * How long to wait before the request is sent again, in milliseconds, or undefined when it must not be. Safe are: 429 and
 * 503 with Retry-After (the server turned the request away), a connection that never stood, and for idempotent requests
 * also a connection lost before the answer, 429, 502, 503 and 504.
 */
export function retryDelay({ error, isIdempotent, attempt, backoffMilliseconds }: RetryQuestion): number | undefined {
  if (attempt >= maximumAttempts) return undefined;
  const backoff = backoffMilliseconds * 2 ** (attempt - 1) * (0.5 + Math.random());
  if (error instanceof KubeError) {
    const asked = error.retryAfter;
    const isTurnedAway = error.code === 429 || error.code === 503;
    if (isTurnedAway && asked !== undefined) {
      return asked * 1000 > maximumWaitMilliseconds ? undefined : Math.max(asked * 1000, backoff);
    }
    return isIdempotent && (isTurnedAway || error.code === 502 || error.code === 504) ? backoff : undefined;
  }
  const code = errorCode(error);
  if (notConnected.has(code)) return backoff;
  return isIdempotent && connectionLost.has(code) ? backoff : undefined;
}

/** The `code` of a system error, looking through one level of cause. */
export function errorCode(error: unknown): string {
  if (!(error instanceof Error)) return '';
  if ('code' in error && typeof error.code === 'string') return error.code;
  return error.cause instanceof Error && error.cause !== error ? errorCode(error.cause) : '';
}
