import type { JsonObject, JsonValue } from '../store/json-value.ts';

/** A group and plural: how the server names resources in messages. */
export interface GroupResource {
  readonly group: string;
  readonly plural: string;
}

/** One entry of `details.causes` that names a field. */
export interface FieldCause {
  readonly reason: string;
  /** Without the field: `Required value: ...`. */
  readonly message: string;
  readonly field: string;
}

interface StatusParts {
  readonly code: number;
  readonly message: string;
  readonly reason?: string;
  readonly details?: JsonObject;
}

/**
 * An answer that is not the asked-for object: a `Status` with the code, reason and text of the real server.
 * Thrown inside the API server and written once, by the HTTP room. This is the wire contract of the API, so
 * it is not a diagnostic.
 */
export class StatusError extends Error {
  readonly code: number;
  readonly status: JsonObject;
  /** Set by 429 and some 504 answers, in seconds. */
  readonly retryAfter: number | undefined;

  constructor({ code, message, reason, details }: StatusParts) {
    super(message);
    this.name = 'StatusError';
    this.code = code;
    const retryAfter = details?.['retryAfterSeconds'];
    this.retryAfter = typeof retryAfter === 'number' ? retryAfter : undefined;
    this.status = {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message,
      ...(reason === undefined || reason === '' ? {} : { reason }),
      ...(details === undefined ? {} : { details }),
      code,
    };
  }

  /** The `reason` of the status, or the empty string. */
  get reason(): string {
    const reason = this.status['reason'];
    return typeof reason === 'string' ? reason : '';
  }
}

/** `plural.group`, or `plural` for the core group. */
export function qualifiedResource({ group, plural }: GroupResource): string {
  return group === '' ? plural : `${plural}.${group}`;
}

function detailsOf(name: string, group: string, kind: string, causes?: readonly JsonValue[]): JsonObject {
  return {
    ...(name === '' ? {} : { name }),
    ...(group === '' ? {} : { group }),
    kind,
    ...(causes === undefined || causes.length === 0 ? {} : { causes: [...causes] }),
  };
}

/** 404 for an object. */
export function notFound(resource: GroupResource, name: string): StatusError {
  return new StatusError({
    code: 404,
    message: `${qualifiedResource(resource)} ${JSON.stringify(name)} not found`,
    reason: 'NotFound',
    details: detailsOf(name, resource.group, resource.plural),
  });
}

/** 409 for a create of an existing object. */
export function alreadyExists(resource: GroupResource, name: string): StatusError {
  return new StatusError({
    code: 409,
    message: `${qualifiedResource(resource)} ${JSON.stringify(name)} already exists`,
    reason: 'AlreadyExists',
    details: detailsOf(name, resource.group, resource.plural),
  });
}

/** 409 with the given reason text. */
export function conflict(resource: GroupResource, name: string, why: string): StatusError {
  return new StatusError({
    code: 409,
    message: `Operation cannot be fulfilled on ${qualifiedResource(resource)} ${JSON.stringify(name)}: ${why}`,
    reason: 'Conflict',
    details: detailsOf(name, resource.group, resource.plural),
  });
}

/** The text of an optimistic-lock failure. */
export const MODIFIED_TEXT =
  'the object has been modified; please apply your changes to the latest version and try again';

/** 400 with a plain text. */
export function badRequest(message: string): StatusError {
  return new StatusError({ code: 400, message, reason: 'BadRequest' });
}

/** 403 for a user, with the text the real server gives. */
export function forbidden(resource: GroupResource, name: string, why: string, causes?: JsonValue[]): StatusError {
  const qualified = qualifiedResource(resource);
  const subject = name === '' ? qualified : `${qualified} ${JSON.stringify(name)}`;
  return new StatusError({
    code: 403,
    message: qualified === '' ? `forbidden: ${why}` : `${subject} is forbidden: ${why}`,
    reason: 'Forbidden',
    details: detailsOf(name, resource.group, resource.plural, causes),
  });
}

/** 401. */
export function unauthorized(): StatusError {
  return new StatusError({ code: 401, message: 'Unauthorized', reason: 'Unauthorized' });
}

/** 405 for a verb a resource does not have. */
export function methodNotAllowed(resource: GroupResource, verb: string): StatusError {
  return new StatusError({
    code: 405,
    message: `${verb} is not supported on resources of kind ${JSON.stringify(qualifiedResource(resource))}`,
    reason: 'MethodNotAllowed',
    details: detailsOf('', resource.group, resource.plural),
  });
}

/** 500 with the server's prefix. */
export function internalError(message: string): StatusError {
  return new StatusError({
    code: 500,
    message: `Internal error occurred: ${message}`,
    reason: 'InternalError',
    details: { causes: [{ message }] },
  });
}

/** 415. */
export function unsupportedMediaType(accepted: readonly string[]): StatusError {
  return new StatusError({
    code: 415,
    message: `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`,
    reason: 'UnsupportedMediaType',
  });
}

/** 406. */
export function notAcceptable(accepted: readonly string[]): StatusError {
  return new StatusError({
    code: 406,
    message: `only the following media types are accepted: ${accepted.join(', ')}`,
    reason: 'NotAcceptable',
  });
}

/** 413. */
export function requestTooLarge(limit: number): StatusError {
  return new StatusError({
    code: 413,
    message: `Request entity too large: limit is ${limit}`,
    reason: 'RequestEntityTooLarge',
  });
}

/** 410 for a resource version that is no longer known. */
export function expired(message: string): StatusError {
  return new StatusError({ code: 410, message, reason: 'Expired' });
}

/** 504 for a resource version that is not known yet. */
export function resourceVersionTooLarge(wanted: string, current: number): StatusError {
  return new StatusError({
    code: 504,
    message: `Timeout: Too large resource version: ${wanted}, current: ${current}`,
    reason: 'Timeout',
    details: {
      causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
      retryAfterSeconds: 1,
    },
  });
}

/** 429 with a cause (evictions). */
export function tooManyRequests(message: string, retryAfterSeconds: number, causes: JsonValue[] = []): StatusError {
  return new StatusError({
    code: 429,
    message,
    reason: 'TooManyRequests',
    details: { ...(causes.length > 0 ? { causes } : {}), retryAfterSeconds },
  });
}

/** 422 Invalid: `Kind.group "name" is invalid: ...` with one cause per field error. */
export function invalid(kind: string, group: string, name: string, causes: readonly FieldCause[]): StatusError {
  const subject = group === '' ? kind : `${kind}.${group}`;
  return new StatusError({
    code: 422,
    message: `${subject} ${JSON.stringify(name)} is invalid: ${joinCauses(causes)}`,
    reason: 'Invalid',
    details: detailsOf(
      name,
      group,
      kind,
      causes.map(({ reason, message, field }) => ({ reason, message, field })),
    ),
  });
}

/** 422 whose subject is the resource (`widgets.example.com`) instead of the kind. */
export function invalidResource(resource: GroupResource, name: string, causes: readonly FieldCause[]): StatusError {
  return invalid(resource.plural, resource.group, name, causes);
}

/** Go's aggregate: equal texts once, brackets around several. */
function joinCauses(causes: readonly FieldCause[]): string {
  const texts = [...new Set(causes.map(({ field, message }) => `${field}: ${message}`))];
  return texts.length === 1 ? (texts[0] ?? '') : `[${texts.join(', ')}]`;
}

/** `Invalid value: ...` */
export function invalidField(field: string, value: JsonValue, why: string): FieldCause {
  return { reason: 'FieldValueInvalid', field, message: `Invalid value: ${printValue(value)}: ${why}` };
}

/** `Required value: ...` */
export function requiredField(field: string, why = ''): FieldCause {
  return { reason: 'FieldValueRequired', field, message: why === '' ? 'Required value' : `Required value: ${why}` };
}

/** `Forbidden: ...` */
export function forbiddenField(field: string, why: string): FieldCause {
  return { reason: 'FieldValueForbidden', field, message: `Forbidden: ${why}` };
}

/** `Unsupported value: ...: supported values: ...` */
export function unsupportedField(field: string, value: JsonValue, supported: readonly string[]): FieldCause {
  const list = supported.map((item) => JSON.stringify(item)).join(', ');
  return {
    reason: 'FieldValueNotSupported',
    field,
    message: `Unsupported value: ${printValue(value)}: supported values: ${list}`,
  };
}

/** `Duplicate value: ...` */
export function duplicateField(field: string, value: JsonValue): FieldCause {
  return { reason: 'FieldValueDuplicate', field, message: `Duplicate value: ${printValue(value)}` };
}

function printValue(value: JsonValue): string {
  return JSON.stringify(value);
}

/** The Status of a success without object, as delete answers it. */
export function successStatus(resource: GroupResource, name: string, uid: string): JsonObject {
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    details: { ...detailsOf(name, resource.group, resource.plural), ...(uid === '' ? {} : { uid }) },
  };
}
