import type { ApiCallRequest, ServiceCallRequest } from '../../../facts/fact-request.ts';
import { EvaluationError } from '../../../kernel/evaluation-error.ts';
import { defineMember, isJsonArray, isJsonObject, type Json, type JsonObject, member } from '../../../kernel/json.ts';
import { compileTemplate } from '../compile-template.ts';
import { applyPath } from './apply-path.ts';
import { type EntryCompilation, type EntryLoader, namespaceOfPolicy } from './entry-loader.ts';

/** `apiCall`: the Kubernetes API by path, or a service by URL, then a JMESPath over the answer (kyverno-core §2.4). */
export function compileApiCallEntry({ name, block, policy, tools }: EntryCompilation): EntryLoader {
  const { jmesPath = '', default: fallback, ...callDocument } = block;
  const call = compileTemplate(callDocument, tools);
  const path = compileTemplate(jmesPath, tools);
  const own = namespaceOfPolicy(policy);
  const substitution = `failed to substitute variables in context entry ${name}`;
  return {
    replaces: false,
    load: (scope, facts) => {
      const document = call.evaluate(scope);
      if (document instanceof EvaluationError) {
        return failedFetch(`${substitution} ${textOf(callDocument, 'urlPath')}: ${document.message}`);
      }
      const request = isJsonObject(document) ? requestOf(document, name) : failedFetch(`missing APICall ${name}`);
      const outside =
        isJsonObject(document) && own !== '' ? leavesNamespace(textOf(document, 'urlPath'), own) : undefined;
      if (outside !== undefined) return failedFetch(outside);
      // A call that cannot be made fails like one that failed: the default stands in.
      const fact = request instanceof EvaluationError ? undefined : facts.get(request);
      if (!fact?.ok) {
        if (fallback !== undefined && fallback !== null) return fallback;
        if (request instanceof EvaluationError) return request;
        return failedFetch(failureText(request, fact?.message ?? ''));
      }
      const wanted = path.evaluate(scope);
      if (wanted instanceof EvaluationError) {
        return failedStore(`${substitution} JMESPath ${String(jmesPath)}: ${wanted.message}`);
      }
      if (typeof wanted !== 'string' || wanted === '') return fact.value;
      const result = applyPath(wanted, fact.value, tools.host, scope.now);
      if (!(result instanceof EvaluationError)) return result;
      return failedStore(`failed to apply JMESPath ${wanted} for context entry ${name}: ${result.message}`);
    },
  };
}

function failedFetch(reason: string): EvaluationError {
  return new EvaluationError(`failed to fetch data for APICall: ${reason}`);
}

function failedStore(reason: string): EvaluationError {
  return new EvaluationError(`failed to store data for APICall: ${reason}`);
}

function textOf(document: JsonObject, key: string): string {
  const value = member(document, key);
  return typeof value === 'string' ? value : '';
}

function requestOf(document: JsonObject, name: string): ApiCallRequest | ServiceCallRequest | EvaluationError {
  const urlPath = textOf(document, 'urlPath');
  const method = textOf(document, 'method') || 'GET';
  if (method !== 'GET' && method !== 'POST') {
    return failedFetch(
      `failed to build HTTP request for APICall ${name}: invalid request type ${method} for APICall ${name}`,
    );
  }
  const data = method === 'POST' ? { data: dataOf(member(document, 'data')) } : {};
  if (urlPath !== '') return { kind: 'api-call', method, urlPath, ...data };
  const service = member(document, 'service');
  if (!isJsonObject(service)) return failedFetch(`missing service for APICall ${name}`);
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

function failureText(request: ApiCallRequest | ServiceCallRequest, reason: string): string {
  if (request.kind === 'service-call') return reason;
  return `failed to ${request.method} resource with raw url: ${request.urlPath}: ${reason}`;
}

const NAMESPACED = /^\/(?:api\/[^/]+|apis\/[^/]+\/[^/]+)\/namespaces\/([^/]+)(?:\/|$)/;

/**
 * What is wrong with a path that a policy of namespace `own` asks for. Stricter than upstream, which also accepts a
 * namespace segment further along the path or in its query.
 */
function leavesNamespace(urlPath: string, own: string): string | undefined {
  const path = cleanPath(urlPath);
  // Only the path proper counts, cleaned without its query: dots there must not reach into the path.
  const proper = urlPath.split(/[?#]/, 1)[0] ?? '';
  const namespace = proper.includes('%') ? undefined : NAMESPACED.exec(cleanPath(proper))?.[1];
  if (namespace === undefined) {
    return `path ${path} does not contain a namespace segment, which is required for namespaced policies`;
  }
  if (namespace === own) return undefined;
  return `path ${path} refers to namespace ${namespace}, which is different from the policy namespace ${own}`;
}

function cleanPath(path: string): string {
  const segments: string[] = [];
  for (const segment of path.split('/')) {
    if (segment === '..') segments.pop();
    else if (segment !== '' && segment !== '.') segments.push(segment);
  }
  const joined = segments.join('/');
  return path.startsWith('/') ? `/${joined}` : joined || '.';
}
