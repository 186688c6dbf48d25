import { randomUUID, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { errorAnswer, jsonAnswer, type RegistryAnswer } from './exchange.ts';
import type { RegistryRoute } from './route.ts';

/** Who may use the registry, and how they prove it. */
export interface RegistryAuth {
  /** `basic`: user and password with each request. `bearer`: a token from `/token`, as Docker Hub and GHCR do. */
  kind: 'basic' | 'bearer';
  /** Passwords by user name. */
  users: Readonly<Record<string, string>>;
  /** Identity tokens by user name, for the OAuth2 `refresh_token` grant (dockerconfigjson `identitytoken`). */
  identityTokens?: Readonly<Record<string, string>>;
  /** Reading needs no credentials. */
  anonymousPull?: boolean;
}

interface IssuedToken {
  user: string | undefined;
  scopes: readonly string[];
  expiresAt: number;
}

export interface Authenticator {
  /** The refusal, or undefined when the request may go on. */
  check(request: IncomingMessage, route: RegistryRoute, origin: string): RegistryAnswer | undefined;
  /** The token endpoint (Docker registry token authentication), GET and OAuth2 POST. */
  issueToken(request: IncomingMessage, url: URL, form: URLSearchParams): RegistryAnswer;
}

const TOKEN_SECONDS = 300;
const MAX_TOKENS = 10_000;

export function createAuthenticator(auth: RegistryAuth | undefined): Authenticator {
  const tokens = new Map<string, IssuedToken>();
  return {
    check(request, route, origin) {
      if (auth === undefined || route.kind === 'token') return undefined;
      if (auth.kind === 'basic') return checkBasic(auth, request, route);
      return checkBearer(tokens, request, route, origin);
    },
    issueToken(request, url, form) {
      if (auth === undefined || auth.kind !== 'bearer') return errorAnswer(404, 'NOT_FOUND', 'no token service here');
      const login = loginOf(auth, request, form);
      if (login === 'refused') return errorAnswer(401, 'UNAUTHORIZED', 'bad credentials');
      if (login === undefined && auth.anonymousPull !== true)
        return errorAnswer(401, 'UNAUTHORIZED', 'credentials needed');
      const asked = [...url.searchParams.getAll('scope'), ...form.getAll('scope')].flatMap((scope) => scope.split(' '));
      const scopes = asked.flatMap((scope) => grantScope(scope, login));
      const token = randomUUID();
      if (tokens.size >= MAX_TOKENS) tokens.clear();
      tokens.set(token, { user: login, scopes, expiresAt: Date.now() + TOKEN_SECONDS * 1000 });
      return jsonAnswer({ token, access_token: token, expires_in: TOKEN_SECONDS, issued_at: new Date().toISOString() });
    },
  };
}

function checkBasic(auth: RegistryAuth, request: IncomingMessage, route: RegistryRoute): RegistryAnswer | undefined {
  const login = basicLogin(auth, request);
  if (login !== undefined && login !== 'refused') return undefined;
  if (login === undefined && auth.anonymousPull === true && accessFor(request, route) === 'pull') return undefined;
  return errorAnswer(401, 'UNAUTHORIZED', 'authentication required', { 'www-authenticate': 'Basic realm="registry"' });
}

function checkBearer(
  tokens: Map<string, IssuedToken>,
  request: IncomingMessage,
  route: RegistryRoute,
  origin: string,
): RegistryAnswer | undefined {
  const access = accessFor(request, route);
  const scope = route.repository === undefined ? undefined : `repository:${route.repository}:${access}`;
  const token = tokens.get(credentials(request, 'bearer') ?? '');
  const isLive = token !== undefined && token.expiresAt > Date.now();
  if (isLive && (scope === undefined || token.scopes.includes(scope))) return undefined;
  const wanted =
    route.repository === undefined
      ? ''
      : `,scope="repository:${route.repository}:${access === 'pull' ? 'pull' : 'pull,push'}"`;
  const why = isLive ? ',error="insufficient_scope"' : '';
  return errorAnswer(401, 'UNAUTHORIZED', 'authentication required', {
    'www-authenticate': `Bearer realm="${origin}/token",service="${new URL(origin).host}"${wanted}${why}`,
  });
}

function accessFor(request: IncomingMessage, route: RegistryRoute): 'pull' | 'push' | 'delete' {
  if (request.method === 'DELETE') return 'delete';
  return route.kind === 'upload' || request.method === 'PUT' ? 'push' : 'pull';
}

/** One granted scope per action of `repository:a/b:pull,push`; an anonymous caller gets `pull` only. */
function grantScope(scope: string, login: string | undefined): string[] {
  const [type, name, actions] = splitScope(scope);
  if (type !== 'repository' || name === '') return [];
  return actions
    .split(',')
    .filter((action) => action !== '' && (login !== undefined || action === 'pull'))
    .map((action) => `repository:${name}:${action}`);
}

function splitScope(scope: string): [type: string, name: string, actions: string] {
  const first = scope.indexOf(':');
  const last = scope.lastIndexOf(':');
  if (first < 0 || last <= first) return [scope, '', ''];
  return [scope.slice(0, first), scope.slice(first + 1, last), scope.slice(last + 1)];
}

function loginOf(auth: RegistryAuth, request: IncomingMessage, form: URLSearchParams): string | undefined | 'refused' {
  const refreshToken = form.get('refresh_token');
  if (form.get('grant_type') === 'refresh_token' && refreshToken !== null) {
    const owner = Object.entries(auth.identityTokens ?? {}).find(([, token]) => sameSecret(token, refreshToken));
    return owner?.[0] ?? 'refused';
  }
  const user = form.get('username');
  if (form.get('grant_type') === 'password' && user !== null)
    return checkPassword(auth, user, form.get('password') ?? '');
  return basicLogin(auth, request);
}

function basicLogin(auth: RegistryAuth, request: IncomingMessage): string | undefined | 'refused' {
  const encoded = credentials(request, 'basic');
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon < 0 ? 'refused' : checkPassword(auth, text.slice(0, colon), text.slice(colon + 1));
}

function checkPassword(auth: RegistryAuth, user: string, password: string): string | 'refused' {
  if (!Object.hasOwn(auth.users, user)) return 'refused';
  return sameSecret(auth.users[user] ?? '', password) ? user : 'refused';
}

/** The credentials after the scheme name, when the request's scheme is this one. */
export function credentials(request: IncomingMessage, scheme: 'basic' | 'bearer'): string | undefined {
  const header = request.headers.authorization ?? '';
  const space = header.indexOf(' ');
  return header.slice(0, space).toLowerCase() === scheme ? header.slice(space + 1).trim() : undefined;
}

function sameSecret(expected: string, given: string): boolean {
  const a = Buffer.from(expected);
  const b = Buffer.from(given);
  return a.length === b.length && timingSafeEqual(a, b);
}
