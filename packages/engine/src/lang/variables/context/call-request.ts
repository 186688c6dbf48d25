import type { ApiCallRequest, ServiceCallRequest } from '../../../facts/fact-request.ts';
import { EvaluationError } from '../../../kernel/evaluation-error.ts';
import { defineMember, isJsonArray, isJsonObject, type Json, type JsonObject, member } from '../../../kernel/json.ts';

/**
 * The request that an `apiCall` without variables makes: of the Kubernetes API when it has a `urlPath`, else of its service
 * (kyverno-core §2.4). `name`: of the context entry, for messages.
 */
export function toCallRequest(
  document: JsonObject,
  name: string,
): ApiCallRequest | ServiceCallRequest | EvaluationError {
  const urlPath = textOf(document, 'urlPath');
  const method = textOf(document, 'method') || 'GET';
  if (method !== 'GET' && method !== 'POST') {
    return new EvaluationError(
      `failed to build HTTP request for APICall ${name}: invalid request type ${method} for APICall ${name}`,
    );
  }
  const data = method === 'POST' ? { data: dataOf(member(document, 'data')) } : {};
  if (urlPath !== '') return { kind: 'api-call', method, urlPath, ...data };
  const service = member(document, 'service');
  if (!isJsonObject(service)) return new EvaluationError(`missing service for APICall ${name}`);
  const caBundle = textOf(service, 'caBundle');
  return {
    kind: 'service-call',
    method,
    url: textOf(service, 'url'),
    headers: headersOf(member(service, 'headers')),
    ...(caBundle === '' ? {} : { caBundle }),
    ...data,
  };
}

/** A list of `{key, value}` as one object. */
function dataOf(data: Json | undefined): JsonObject {
  const object: Record<string, Json> = {};
  for (const item of isJsonArray(data) ? data : []) {
    if (isJsonObject(item)) defineMember(object, textOf(item, 'key'), member(item, 'value') ?? null);
  }
  return object;
}

function headersOf(headers: Json | undefined): ServiceCallRequest['headers'] {
  if (!isJsonArray(headers)) return [];
  return headers.filter(isJsonObject).map((header) => ({ key: textOf(header, 'key'), value: textOf(header, 'value') }));
}

/** How a failed call is told. */
export function failureOfCall(request: ApiCallRequest | ServiceCallRequest, reason: string): string {
  if (request.kind === 'service-call') return reason;
  return `failed to ${request.method} resource with raw url: ${request.urlPath}: ${reason}`;
}

export function textOf(document: JsonObject, key: string): string {
  const value = member(document, key);
  return typeof value === 'string' ? value : '';
}
