import { declareFunction, member, overload } from '../../declare/function-declaration.ts';
import type { CelLibrary } from '../../declare/library.ts';
import { isMap, mapGet, mapKeys } from '../../values/cel-map.ts';
import { listType, STRING } from '../../values/cel-type.ts';
import type { CelValue } from '../../values/cel-value.ts';
import { HTTP, HTTP_TYPES } from './http-messages.ts';
import type { CelMessage } from './message.ts';

const TEXTS = listType(STRING);

/** `http.Allowed`, `http.Denied` and what a request is asked for (kyverno-authz, library `authz/http`). */
export function httpAuthorizationLibrary(): CelLibrary {
  const { attributes, response, ok, denied } = HTTP;
  return {
    name: 'kyverno.authz.http',
    types: HTTP_TYPES,
    functions: [
      declareFunction(
        'http.Allowed',
        overload('http_allowed', [], ok.type, () => ok.empty),
      ),
      declareFunction(
        'http.Denied',
        overload('http_denied_string', [STRING], denied.type, (reason: string) => denied.empty.with('reason', reason)),
      ),
      declareFunction('Header', member('http_get_header_string', [attributes.type, STRING], TEXTS, headerValues)),
      declareFunction(
        'QueryParam',
        member('http_get_queryparam_string', [attributes.type, STRING], TEXTS, (request: CelMessage, key: string) =>
          valuesOf(request.get('query'), key),
        ),
      ),
      declareFunction(
        'Response',
        member('http_response_ok', [ok.type], response.type, (answer: CelMessage) => response.empty.with('ok', answer)),
        member('http_response_denied', [denied.type], response.type, (answer: CelMessage) =>
          response.empty.with('denied', answer),
        ),
      ),
    ],
  };
}

/**
 * The values of a header, however its name is written on either side: a server writes all in one way, a file may not,
 * and a policy must not miss a header for its case.
 */
function headerValues(request: CelMessage, name: string): CelValue {
  const headers = request.get('header') ?? null;
  if (!isMap(headers)) return [];
  const wanted = canonicalHeader(name);
  return mapKeys(headers).flatMap((key) =>
    typeof key === 'string' && canonicalHeader(key) === wanted ? valuesOf(headers, key) : [],
  );
}

function valuesOf(map: CelValue | undefined, key: string): readonly CelValue[] {
  const values = isMap(map) ? mapGet(map, key) : undefined;
  return Array.isArray(values) ? values : [];
}

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** `content-type` as `Content-Type`; what is no name of a header stays as it is (Go's textproto). */
export function canonicalHeader(name: string): string {
  if (!TOKEN.test(name)) return name;
  return name.toLowerCase().replaceAll(/(^|-)[a-z]/g, (start) => start.toUpperCase());
}
