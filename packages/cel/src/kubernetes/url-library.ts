import { declareFunction, member, overload } from '../declare/function-declaration.ts';
import type { CelLibrary } from '../declare/library.ts';
import { walkCost } from '../library/costs.ts';
import { CelError } from '../values/cel-error.ts';
import { CelMap } from '../values/cel-map.ts';
import { BOOL, listType, mapType, opaqueType, STRING } from '../values/cel-type.ts';
import type { CelResult } from '../values/cel-value.ts';
import { CelOpaque } from '../values/opaque.ts';
import { hostnameOf, parseRequestUri, portOf, queryOf, type RequestUri } from './request-uri.ts';

const URL_TYPE = opaqueType('kubernetes.URL');

class UrlValue extends CelOpaque<RequestUri> {
  constructor(uri: RequestUri) {
    super(URL_TYPE, uri, (a, b) => a.text === b.text);
  }

  toJsonValue(): string {
    return this.payload.text;
  }
}

const toUrl = (text: string): CelResult => {
  const uri = parseRequestUri(text);
  return typeof uri === 'string'
    ? new CelError(`URL parse error during conversion from string: ${uri}`)
    : new UrlValue(uri);
};

/** `url`, `isURL` and the parts of a URL; absent parts are empty. */
export function urlLibrary(): CelLibrary {
  const part = (name: string, read: (uri: RequestUri) => string) =>
    declareFunction(
      name,
      member(`url_${name}`, [URL_TYPE], STRING, ({ payload }: UrlValue) => read(payload)),
    );
  return {
    name: 'kubernetes.urls',
    functions: [
      declareFunction('url', overload('string_to_url', [STRING], URL_TYPE, toUrl, walkCost)),
      declareFunction(
        'isURL',
        overload('is_url_string', [STRING], BOOL, (text: string) => typeof parseRequestUri(text) !== 'string'),
      ),
      part('getScheme', ({ scheme }) => scheme),
      part('getHost', ({ host }) => host),
      part('getHostname', hostnameOf),
      part('getPort', portOf),
      part('getEscapedPath', ({ path }) => path),
      declareFunction(
        'getQuery',
        member(
          'url_get_query',
          [URL_TYPE],
          mapType(STRING, listType(STRING)),
          ({ payload }: UrlValue) => new CelMap(queryOf(payload)),
        ),
      ),
    ],
  };
}
