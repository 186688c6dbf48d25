import { isJsonObject, type Json, type JsonObject, member } from '@vouchsafe/engine/kernel';
import { isDockerHub } from '../names/registry-hosts.ts';

/** What proves to a registry who asks. Never put into messages. */
export type Credential =
  | { readonly kind: 'password'; readonly username: string; readonly password: string }
  | { readonly kind: 'identity-token'; readonly token: string };

const maximumEntries = 1000;

/**
 * The credential for `host` and `repository` in a docker config document (`config.json`, `.dockerconfigjson`).
 * Hosts must be equal (a `*` label of the entry stands for one label, as the kubelet has it); of several entries the one
 * with the longest path that is a prefix of the repository wins. Undefined when none matches or the text is no config.
 */
export function findCredential(config: string, host: string, repository: string): Credential | undefined {
  let best: { path: string; entry: JsonObject } | undefined;
  for (const [key, entry] of entriesOf(config)) {
    const scope = scopeOf(key);
    if (!isJsonObject(entry) || !isSameHost(scope.host, host) || !isPathPrefix(scope.path, repository)) continue;
    if (best === undefined || scope.path.length > best.path.length) best = { path: scope.path, entry };
  }
  return best === undefined ? undefined : credentialOf(best.entry);
}

function entriesOf(config: string): [string, Json][] {
  let document: Json;
  try {
    // JSON.parse gives exactly the Json type.
    document = JSON.parse(config) as Json;
  } catch {
    return [];
  }
  const auths = isJsonObject(document) ? (member(document, 'auths') ?? document) : undefined;
  return isJsonObject(auths) ? Object.entries(auths).slice(0, maximumEntries) : [];
}

/** `https://index.docker.io/v1/` → `index.docker.io`, ``; `ghcr.io/team` → `ghcr.io`, `team`. */
function scopeOf(key: string): { host: string; path: string } {
  const bare = key.replace(/^https?:\/\//, '');
  const slash = bare.indexOf('/');
  if (slash < 0) return { host: bare.toLowerCase(), path: '' };
  const path = bare.slice(slash + 1).replace(/\/$/, '');
  return { host: bare.slice(0, slash).toLowerCase(), path: path === 'v1' || path === 'v2' ? '' : path };
}

function isSameHost(pattern: string, host: string): boolean {
  if (pattern === host || (isDockerHub(pattern) && isDockerHub(host))) return true;
  if (!pattern.includes('*')) return false;
  const wanted = pattern.split('.');
  const given = host.split('.');
  return wanted.length === given.length && wanted.every((label, index) => label === '*' || label === given[index]);
}

function isPathPrefix(path: string, repository: string): boolean {
  return path === '' || repository === path || repository.startsWith(`${path}/`);
}

function credentialOf(entry: JsonObject): Credential | undefined {
  const text = (key: string): string | undefined => {
    const value = member(entry, key);
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  const token = text('identitytoken');
  if (token !== undefined) return { kind: 'identity-token', token };
  const [username, password] = splitPair(text('auth')) ?? [text('username'), text('password')];
  if (username === undefined || password === undefined) return undefined;
  return { kind: 'password', username, password };
}

function splitPair(auth: string | undefined): [string, string] | undefined {
  if (auth === undefined) return undefined;
  const pair = Buffer.from(auth, 'base64').toString('utf8');
  const colon = pair.indexOf(':');
  return colon <= 0 ? undefined : [pair.slice(0, colon), pair.slice(colon + 1).replace(/\0+$/, '')];
}
