import { EvaluationError } from '../../../kernel/evaluation-error.ts';
import { isJsonObject, type Json } from '../../../kernel/json.ts';
import { compileTemplate } from '../compile-template.ts';
import type { TextUse } from '../finish-text.ts';
import { applyPath } from './apply-path.ts';
import { failureOfCall, textOf, toCallRequest } from './call-request.ts';
import { type EntryCompilation, type EntryLoader, namespaceOfPolicy } from './entry-loader.ts';

/** `apiCall`: the Kubernetes API by path, or a service by URL, then a JMESPath over the answer (kyverno-core §2.4). */
export function compileApiCallEntry({ name, block, policy, tools }: EntryCompilation): EntryLoader {
  const { jmesPath = '', default: fallback, ...callDocument } = block;
  const call = compileTemplate(callDocument, { ...tools, useOf: useOfCall });
  const path = compileTemplate(jmesPath, { ...tools, useOf: () => 'answer-expression' });
  const own = namespaceOfPolicy(policy);
  const substitution = `failed to substitute variables in context entry ${name}`;
  return {
    replaces: false,
    load: (scope, facts) => {
      const document = call.evaluate(scope);
      if (document instanceof EvaluationError) {
        return failedFetch(`${substitution} ${textOf(callDocument, 'urlPath')}: ${document.message}`);
      }
      const request = toRequest(document, name);
      const outside =
        isJsonObject(document) && own !== '' ? leavesNamespace(textOf(document, 'urlPath'), own) : undefined;
      if (outside !== undefined) return failedFetch(outside);
      // A call that cannot be made fails like one that failed: the default stands in.
      const fact = request instanceof EvaluationError ? undefined : facts.get(request);
      if (!fact?.ok) {
        if (fallback !== undefined && fallback !== null) return fallback;
        if (request instanceof EvaluationError) return request;
        return failedFetch(failureOfCall(request, fact?.message ?? ''));
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

function useOfCall(path: string): TextUse {
  return path === '/urlPath' || path === '/service/url' ? 'url' : 'text';
}

function failedFetch(reason: string): EvaluationError {
  return new EvaluationError(`failed to fetch data for APICall: ${reason}`);
}

function failedStore(reason: string): EvaluationError {
  return new EvaluationError(`failed to store data for APICall: ${reason}`);
}

function toRequest(document: Json, name: string): ReturnType<typeof toCallRequest> {
  if (!isJsonObject(document)) return failedFetch(`missing APICall ${name}`);
  const request = toCallRequest(document, name);
  return request instanceof EvaluationError ? failedFetch(request.message) : request;
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
