import type { StatusDetails } from '../model/kubernetes-object.ts';
import { isRecord, numberOf, optional, textOf } from '../model/untyped.ts';

/**
 * A request that did not succeed. `code` is the HTTP status, `reason` the API server's word for it (`NotFound`,
 * `Conflict`, `Expired`, ...). When no usable answer came, `code` is 0 and `reason` one of `Unreachable`,
 * `RequestTimeout`, `MalformedResponse`, `ResponseTooLarge`, `InvalidRequest`, `CredentialsUnavailable`.
 */
export class KubeError extends Error {
  override readonly name = 'KubeError';
  readonly code: number;
  readonly reason: string;
  /** Seconds the server asks to wait. */
  readonly retryAfter: number | undefined;
  readonly details: StatusDetails | undefined;

  constructor(
    code: number,
    reason: string,
    message: string,
    more: { readonly retryAfter?: number | undefined; readonly details?: StatusDetails | undefined } = {},
  ) {
    super(message);
    this.code = code;
    this.reason = reason;
    this.retryAfter = more.retryAfter;
    this.details = more.details;
  }
}

/** Whether `error` is a {@link KubeError} with this reason, or any when none is given. */
export function isKubeError(error: unknown, reason?: string): error is KubeError {
  return error instanceof KubeError && (reason === undefined || error.reason === reason);
}

/** What a request answers, or undefined when it fails with `NotFound`: for objects that may not be there. */
export async function ignoreNotFound<Value>(request: Promise<Value>): Promise<Value | undefined> {
  try {
    return await request;
  } catch (error) {
    if (isKubeError(error, 'NotFound')) return undefined;
    throw error;
  }
}

const reasonsByCode: ReadonlyMap<number, string> = new Map([
  [400, 'BadRequest'],
  [401, 'Unauthorized'],
  [403, 'Forbidden'],
  [404, 'NotFound'],
  [405, 'MethodNotAllowed'],
  [406, 'NotAcceptable'],
  [409, 'Conflict'],
  [410, 'Gone'],
  [415, 'UnsupportedMediaType'],
  [422, 'Invalid'],
  [429, 'TooManyRequests'],
  [500, 'InternalError'],
  [503, 'ServiceUnavailable'],
  [504, 'Timeout'],
]);

const maximumMessageLength = 4096;

/** The error for a failed answer: from its Status body when it has one, otherwise from the code and the text. */
export function errorFromResponse(code: number, body: string, retryAfterHeader: string | undefined): KubeError {
  const status = parseStatus(body);
  const headerSeconds =
    retryAfterHeader !== undefined && /^\d{1,6}$/.test(retryAfterHeader) ? Number(retryAfterHeader) : undefined;
  const details = status === undefined ? undefined : readDetails(status['details']);
  return new KubeError(
    code,
    (status && textOf(status['reason'])) || reasonsByCode.get(code) || 'Unknown',
    ((status && textOf(status['message'])) || body.trim() || `the server answered with status ${code}`).slice(
      0,
      maximumMessageLength,
    ),
    { retryAfter: headerSeconds ?? details?.retryAfterSeconds, details },
  );
}

/** The error in a Status object, as an ERROR event of a watch carries it. */
export function errorFromStatus(status: unknown): KubeError {
  const code = isRecord(status) ? numberOf(status['code']) : undefined;
  return errorFromResponse(code ?? 500, JSON.stringify(status) ?? '', undefined);
}

function parseStatus(body: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const parsed: unknown = JSON.parse(body);
    return isRecord(parsed) && parsed['kind'] === 'Status' ? parsed : undefined;
  } catch {
    return undefined;
  }
}

function readDetails(value: unknown): StatusDetails | undefined {
  if (!isRecord(value)) return undefined;
  const causes = Array.isArray(value['causes']) ? value['causes'].filter(isRecord) : undefined;
  return {
    ...optional('name', textOf(value['name'])),
    ...optional('group', textOf(value['group'])),
    ...optional('kind', textOf(value['kind'])),
    ...optional('uid', textOf(value['uid'])),
    ...optional('retryAfterSeconds', numberOf(value['retryAfterSeconds'])),
    ...optional(
      'causes',
      causes?.map((cause) => ({
        ...optional('reason', textOf(cause['reason'])),
        ...optional('message', textOf(cause['message'])),
        ...optional('field', textOf(cause['field'])),
      })),
    ),
  };
}
