import { decodeUtf8, encodeUtf8 } from '../values/utf8.ts';

/** The parts of an absolute URI or absolute path. */
export interface RequestUri {
  readonly scheme: string;
  /** Host and port, as written. */
  readonly host: string;
  readonly path: string;
  readonly query: string;
  readonly text: string;
}

const SCHEME = /^[a-zA-Z][a-zA-Z0-9+.-]*$/;
const HOST_CHARACTERS = /^(?:[A-Za-z0-9\-._~!$&'()*+,;=:"<>[\]]|[\u0080-\uffff]|%[0-9a-fA-F]{2})*$/;
const PORT = /^(?::\d*)?$/;
const BAD_ESCAPE = /%(?![0-9a-fA-F]{2}).{0,2}/s;

/** Parses as Go's `url.ParseRequestURI` and `url.Parse` together; the text says what is wrong. */
export function parseRequestUri(text: string): RequestUri | string {
  const problem = (reason: string): string => `parse ${JSON.stringify(text)}: ${reason}`;
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    if (code < 0x20 || code === 0x7f) return problem('net/url: invalid control character in URL');
  }
  if (text === '') return problem('empty url');
  const colon = text.search(/[:/?#]/);
  const hasScheme = colon > 0 && text.charAt(colon) === ':' && SCHEME.test(text.slice(0, colon));
  if (colon === 0 && text.startsWith(':')) return problem('missing protocol scheme');
  const scheme = hasScheme ? text.slice(0, colon).toLowerCase() : '';
  const rest = hasScheme ? text.slice(colon + 1) : text;
  if (!rest.startsWith('/')) {
    // `mailto:a` is absolute too, but opaque; without a scheme it is a relative path.
    if (scheme === '') return problem('invalid URI for request');
    return withQuery(text, scheme, '', '', rest);
  }
  return parseHierarchy(text, scheme, rest, problem);
}

function parseHierarchy(
  text: string,
  scheme: string,
  rest: string,
  problem: (reason: string) => string,
): RequestUri | string {
  const hasAuthority = rest.startsWith('//') && (scheme !== '' || !rest.startsWith('///'));
  const start = hasAuthority ? 2 : 0;
  const end = hasAuthority ? rest.slice(2).search(/[/?#]/) : -1;
  const authority = hasAuthority ? rest.slice(start, end < 0 ? undefined : start + end) : '';
  const path = hasAuthority ? (end < 0 ? '' : rest.slice(start + end)) : rest;
  const host = authority.slice(authority.lastIndexOf('@') + 1);
  if (!HOST_CHARACTERS.test(host)) return problem(hostProblem(host));
  const bracket = host.lastIndexOf(']');
  if (host.startsWith('[') && bracket < 0) return problem("missing ']' in host");
  const port = host.startsWith('[') ? host.slice(bracket + 1) : host.slice(lastColon(host));
  if (!PORT.test(port)) return problem(`invalid port ${JSON.stringify(port)} after host`);
  const bad = BAD_ESCAPE.exec(path.split(/[?#]/)[0] ?? '')?.[0];
  if (bad !== undefined) return problem(`invalid URL escape ${JSON.stringify(bad)}`);
  return withQuery(text, scheme, host, path, '');
}

function lastColon(host: string): number {
  const colon = host.lastIndexOf(':');
  return colon < 0 ? host.length : colon;
}

function hostProblem(host: string): string {
  const bad = [...host].find((character) => !HOST_CHARACTERS.test(character)) ?? '%';
  return `invalid character ${JSON.stringify(bad)} in host name`;
}

function withQuery(text: string, scheme: string, host: string, path: string, opaque: string): RequestUri {
  const body = (path === '' ? opaque : path).split('#')[0] ?? '';
  const mark = body.indexOf('?');
  const query = mark < 0 ? '' : body.slice(mark + 1);
  const shown = mark < 0 ? body : body.slice(0, mark);
  return { scheme, host, path: opaque === '' ? escapePath(shown) : '', query, text };
}

const PATH_SAFE = /^[A-Za-z0-9\-._~!$&'()*+,;=:@/[\]%]$/;

/** The path with what may not stand in one escaped. */
function escapePath(path: string): string {
  let escaped = '';
  for (const character of path) {
    escaped += PATH_SAFE.test(character)
      ? character
      : [...encodeUtf8(character)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('');
  }
  return escaped;
}

export function hostnameOf({ host }: RequestUri): string {
  if (host.startsWith('[')) return host.slice(1, host.lastIndexOf(']'));
  return host.slice(0, lastColon(host));
}

export function portOf({ host }: RequestUri): string {
  const rest = host.startsWith('[') ? host.slice(host.lastIndexOf(']') + 1) : host.slice(lastColon(host));
  return rest.slice(1);
}

/** The query's values by name, unescaped; parts that are malformed are left out. */
export function queryOf({ query }: RequestUri): ReadonlyMap<string, string[]> {
  const values = new Map<string, string[]>();
  for (const part of query.split('&')) {
    if (part === '' || part.includes(';')) continue;
    const equals = part.indexOf('=');
    const name = unescapeQuery(equals < 0 ? part : part.slice(0, equals));
    const value = equals < 0 ? '' : unescapeQuery(part.slice(equals + 1));
    if (name === undefined || value === undefined) continue;
    values.set(name, [...(values.get(name) ?? []), value]);
  }
  return values;
}

function unescapeQuery(text: string): string | undefined {
  const plain = text.replaceAll('+', ' ');
  if (!plain.includes('%')) return plain;
  if (BAD_ESCAPE.test(plain)) return undefined;
  const bytes: number[] = [];
  for (const part of plain.match(/%..|[^%]+/gs) ?? []) {
    if (part.startsWith('%')) bytes.push(Number.parseInt(part.slice(1), 16));
    else bytes.push(...encodeUtf8(part));
  }
  return decodeUtf8(Uint8Array.from(bytes));
}
