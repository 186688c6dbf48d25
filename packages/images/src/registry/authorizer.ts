import { createHash } from 'node:crypto';
import { isJsonObject, type Json, member } from '@vouchsafe/engine/kernel';
import { LRUCache } from 'lru-cache';
import { askPatiently } from './ask-patiently.ts';
import { type Challenge, parseChallenges } from './challenge.ts';
import type { Answer, ConnectionRules, Connections, Exchange } from './connections.ts';
import type { Credential } from './docker-config.ts';
import type { RegistryLimits } from './limits.ts';
import { RegistryFailure } from './registry-failure.ts';
import { untilAborted } from './until-aborted.ts';

/** Who asks which registry for what. */
export interface AuthorizationTarget extends ConnectionRules {
  readonly origin: string;
  readonly host: string;
  readonly repository: string;
  readonly credential: Credential | undefined;
  /** What a token must allow. */
  readonly actions: 'pull' | 'pull,push';
}

/** Answers the challenges of registries, remembering what each of them asked for. */
export interface Authorizer {
  /** The `Authorization` header to send unasked: what worked the last time. */
  remembered(target: AuthorizationTarget): string | undefined;
  /** The header that answers a 401. Rejects `denied` when there is no answer to give. */
  answer(target: AuthorizationTarget, unauthorized: Answer, signal: AbortSignal): Promise<string>;
}

const maximumTokenBytes = 256 * 1024;
const defaultLifetimeSeconds = 60;
/** A token is not used in its last seconds. */
const marginSeconds = 10;

export function createAuthorizer(
  connections: Connections,
  userAgent: string,
  limits: Pick<RegistryLimits, 'retryAfterMs' | 'exchangeMs'>,
): Authorizer {
  const headers = new LRUCache<string, string>({ max: 1000 });
  const tokens = new LRUCache<string, string>({ max: 1000 });
  const pending = new Map<string, Promise<string>>();

  function bearer(target: AuthorizationTarget, challenge: Challenge & { scheme: 'bearer' }, signal: AbortSignal) {
    const scope = `repository:${target.repository}:${target.actions}`;
    const key = keyOf(target.credential, target.origin, challenge.realm, challenge.service ?? '', scope);
    const known = tokens.get(key);
    if (known !== undefined) return Promise.resolve({ header: `Bearer ${known}`, key });
    const running = pending.get(key) ?? request().finally(() => pending.delete(key));
    pending.set(key, running);
    const waited = untilAborted(running, `the token service of registry \`${target.host}\``, signal);
    return waited.then((token) => ({ header: `Bearer ${token}`, key }));

    /** Asked once for all who wait: none of them ends it for the others. */
    async function request(): Promise<string> {
      const patience = {
        host: target.host,
        maximumMs: limits.retryAfterMs,
        signal: AbortSignal.timeout(limits.exchangeMs + limits.retryAfterMs),
      };
      const asked = tokenRequest(userAgent, target, challenge, scope);
      const answer = await askPatiently(() => connections.exchange(asked, patience.signal), patience);
      const { token, seconds } = readToken(target, answer);
      store(token, seconds);
      return token;
    }

    function store(token: string, seconds: number): void {
      const ttl = Math.min(Math.max(seconds, defaultLifetimeSeconds), 3600) - marginSeconds;
      tokens.set(key, token, { ttl: ttl * 1000 });
      headers.set(targetKey(target), `Bearer ${token}`, { ttl: ttl * 1000 });
    }
  }

  return {
    remembered: (target) => headers.get(targetKey(target)),
    async answer(target, unauthorized, signal) {
      const stale = headers.get(targetKey(target));
      headers.delete(targetKey(target));
      const challenge = parseChallenges(unauthorized.headers('www-authenticate'));
      if (challenge === undefined) throw denied(target, 'it asks for no known kind of authentication');
      if (challenge.scheme === 'basic') return answerBasic(target, headers);
      const first = await bearer(target, challenge, signal);
      if (first.header !== stale) return first.header;
      tokens.delete(first.key);
      return (await bearer(target, challenge, signal)).header;
    },
  };
}

function answerBasic(target: AuthorizationTarget, headers: LRUCache<string, string>): string {
  const { credential } = target;
  if (credential === undefined) throw denied(target, 'it wants credentials and none are configured');
  if (credential.kind !== 'password') throw denied(target, 'it wants a password and only an identity token is known');
  const header = basicHeader(credential.username, credential.password);
  headers.set(targetKey(target), header);
  return header;
}

/** Docker token authentication: GET with the password, or POST with the identity token. No redirects. */
function tokenRequest(
  userAgent: string,
  target: AuthorizationTarget,
  challenge: Challenge & { scheme: 'bearer' },
  scope: string,
): Exchange {
  const url = realmUrl(target, challenge.realm);
  const { credential, ca, insecure, loopbackHost } = target;
  const parameters = new URLSearchParams({ scope });
  if (challenge.service !== undefined) parameters.set('service', challenge.service);
  const rules = { ca, insecure: insecure && url.host === target.host, loopbackHost, maximumBytes: maximumTokenBytes };
  const common = { 'user-agent': userAgent, accept: 'application/json' };
  if (credential?.kind !== 'identity-token') {
    const headers = { ...common, ...loginOf(credential) };
    return { ...rules, url: withQuery(url, parameters), method: 'GET', headers };
  }
  return {
    ...rules,
    url,
    method: 'POST',
    headers: { ...common, 'content-type': 'application/x-www-form-urlencoded' },
    body: refreshForm(parameters, credential.token),
    isRepeatable: true,
  };
}

function realmUrl(target: AuthorizationTarget, realm: string): URL {
  const url = URL.parse(realm);
  const isHttp = url?.protocol === 'https:' || url?.protocol === 'http:';
  if (url === null || !isHttp || url.username !== '') throw denied(target, 'its token realm is not a usable URL');
  if (url.protocol === 'http:' && target.origin.startsWith('https:')) {
    throw denied(target, 'its token realm gives up TLS');
  }
  return url;
}

function withQuery(url: URL, parameters: URLSearchParams): URL {
  const copy = new URL(url);
  for (const [name, value] of parameters) copy.searchParams.set(name, value);
  return copy;
}

function loginOf(credential: Credential | undefined): Record<string, string> {
  if (credential?.kind !== 'password') return {};
  return { authorization: basicHeader(credential.username, credential.password) };
}

function refreshForm(parameters: URLSearchParams, token: string): string {
  const form = new URLSearchParams(parameters);
  form.set('grant_type', 'refresh_token');
  form.set('client_id', 'vouchsafe');
  form.set('refresh_token', token);
  return form.toString();
}

function readToken(target: AuthorizationTarget, answer: Answer): { token: string; seconds: number } {
  if (answer.status === 401 || answer.status === 403) throw denied(target, 'its token service refused the credentials');
  if (answer.status === 429 || answer.status >= 500) {
    throw new RegistryFailure('transient', `the token service of \`${target.host}\` answered ${answer.status}`);
  }
  let document: Json = null;
  try {
    // JSON.parse gives exactly the Json type.
    if (answer.status === 200) document = JSON.parse(Buffer.from(answer.body).toString('utf8')) as Json;
  } catch {
    document = null;
  }
  const fields = isJsonObject(document) ? document : {};
  const token = [member(fields, 'token'), member(fields, 'access_token')].find(isTokenText);
  if (token === undefined) throw denied(target, 'its token service gave no token');
  const seconds = member(fields, 'expires_in');
  return { token, seconds: typeof seconds === 'number' ? seconds : defaultLifetimeSeconds };
}

/** What may stand in a header. */
function isTokenText(value: Json | undefined): value is string {
  return typeof value === 'string' && /^[\x21-\x7e]{1,65536}$/.test(value);
}

function basicHeader(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

function targetKey(target: AuthorizationTarget): string {
  return keyOf(target.credential, target.origin, target.repository, target.actions);
}

/** Credentials are part of the key as a hash, so that what one may read is never given to another. */
function keyOf(credential: Credential | undefined, ...parts: readonly string[]): string {
  return createHash('sha256')
    .update(JSON.stringify([credential ?? null, ...parts]))
    .digest('base64');
}

function denied(target: AuthorizationTarget, why: string): RegistryFailure {
  return new RegistryFailure('denied', `registry \`${target.host}\` denies access to \`${target.repository}\`: ${why}`);
}
