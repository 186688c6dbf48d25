import type { FactFailureClass } from '@vouchsafe/engine/facts';

/**
 * A registry did not give what was asked for. Thrown inside this package and turned into a failed fact at its edge, so
 * that a failure nobody looked at can never count as an answer. The message is one line and holds no secret.
 */
export class RegistryFailure extends Error {
  override readonly name = 'RegistryFailure';
  readonly class: FactFailureClass;
  /** The code of the underlying network error, when there was one. */
  readonly code: string | undefined;

  constructor(failureClass: FactFailureClass, message: string, code?: string) {
    super(message);
    this.class = failureClass;
    this.code = code;
  }
}

/** Codes of Node, OpenSSL and undici that mean the connection, and not its content, was at fault. */
const timeoutCodes = new Set([
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'ETIMEDOUT',
  'ABORT_ERR',
]);
const certificateCode = /^(?:CERT_|ERR_TLS_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|INVALID_CA|HOSTNAME_MISMATCH)/;

/** What went wrong on the way to `host`. Errors that are already failures pass through. */
export function failureOf(error: unknown, host: string, signal: AbortSignal): RegistryFailure {
  if (error instanceof RegistryFailure) return error;
  const cause = nestedFailure(error);
  if (cause !== undefined) return cause;
  const code = codeOf(error);
  if (signal.aborted || timeoutCodes.has(code)) {
    return new RegistryFailure('timed-out', `registry \`${host}\` did not answer in time`);
  }
  if (certificateCode.test(code)) {
    return new RegistryFailure('permanent', `registry \`${host}\`: its TLS certificate is not trusted (${code})`);
  }
  const why = networkProblems.get(code);
  const told = why === undefined ? '' : `: ${why}`;
  return new RegistryFailure('transient', `registry \`${host}\` cannot be reached${told} (${code})`, code);
}

/** The codes people meet, in words. */
const networkProblems: ReadonlyMap<string, string> = new Map([
  ['ENOTFOUND', 'no such host'],
  ['EAI_AGAIN', 'its name cannot be resolved at the moment'],
  ['ECONNREFUSED', 'nothing answers there'],
  ['ECONNRESET', 'the connection was closed'],
  ['EHOSTUNREACH', 'there is no way to it'],
  ['ENETUNREACH', 'there is no network'],
]);

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'UNKNOWN';
  const code = 'code' in error ? error.code : undefined;
  if (typeof code === 'string') return code;
  if (error instanceof AggregateError && error.errors.length > 0) return codeOf(error.errors[0]);
  return error.cause === undefined ? error.name : codeOf(error.cause);
}

function nestedFailure(error: unknown): RegistryFailure | undefined {
  if (!(error instanceof Error)) return undefined;
  if (error.cause instanceof RegistryFailure) return error.cause;
  if (!(error instanceof AggregateError)) return undefined;
  return error.errors.find((inner): inner is RegistryFailure => inner instanceof RegistryFailure);
}
