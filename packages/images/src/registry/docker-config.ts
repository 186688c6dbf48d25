import { isJsonObject, type Json, type JsonObject, member } from '@vouchsafe/engine/kernel';
import { isDockerHub } from '../names/registry-hosts.ts';

/** What proves to a registry who asks. Never put into messages. */
export type Credential =
  | { readonly kind: 'password'; readonly username: string; readonly password: string }
  | { readonly kind: 'identity-token'; readonly token: string };

const maximumEntries = 1000;

/**
 * The credential for `host` and `repository` in a docker config document (`config.json`, `.dockerconfigjson`, `.dockercfg`).
 * Hosts must be equal; a `*` label of the entry stands for one label, as the kubelet has it, and gives way to an equal host. Of
 * several entries the one with the longest path that is a prefix of the repository wins, passing over those without a
 * credential. Undefined when none matches or the text is no config.
 */
export function findCredential(config: string, host: string, repository: string): Credential | undefined {
  const fitting = entriesOf(readConfig(config)).flatMap(([key, entry]) => {
    const scope = scopeOf(key);
    if (!isJsonObject(entry) || !isSameHost(scope.host, host) || !isPathPrefix(scope.path, repository)) return [];
    const credential = credentialOf(entry);
    return credential === undefined ? [] : [{ scope, credential }];
  });
  fitting.sort(
    ({ scope: left }, { scope: right }) =>
      Number(left.host.includes('*')) - Number(right.host.includes('*')) || right.path.length - left.path.length,
  );
  return fitting[0]?.credential;
}

/**
 * The program that keeps the credentials for `host`, `gcloud` for `docker-credential-gcloud`, and how it knows the host:
 * `credHelpers` by host, else `credsStore` for all. Undefined when the document names none, or none that is a name.
 */
export function findCredentialProgram(
  config: string,
  host: string,
): { readonly program: string; readonly server: string } | undefined {
  const document = readConfig(config);
  const helpers = member(document, 'credHelpers');
  const named = isJsonObject(helpers)
    ? Object.entries(helpers).find(([key]) => isSameHost(scopeOf(key).host, host))?.[1]
    : undefined;
  const program = named ?? member(document, 'credsStore');
  if (typeof program !== 'string' || !/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(program)) return undefined;
  return { program, server: isDockerHub(host) ? 'https://index.docker.io/v1/' : host };
}

function readConfig(config: string): JsonObject {
  try {
    // JSON.parse gives exactly the Json type.
    const document = JSON.parse(config) as Json;
    return isJsonObject(document) ? document : {};
  } catch {
    return {};
  }
}

/** A `.dockercfg` holds what is under `auths` in newer documents. */
function entriesOf(document: JsonObject): [string, Json][] {
  const auths = member(document, 'auths') ?? document;
  return isJsonObject(auths) ? Object.entries(auths).slice(0, maximumEntries) : [];
}

/** `https://index.docker.io/v1/` → `index.docker.io`, ``; `ghcr.io/team`, `https://ghcr.io/v2/team/` → `ghcr.io`, `team`. */
function scopeOf(key: string): { host: string; path: string } {
  const bare = key.replace(/^https?:\/\//, '');
  const slash = bare.indexOf('/');
  if (slash < 0) return { host: bare.toLowerCase(), path: '' };
  const path = bare
    .slice(slash)
    .replace(/^\/v[12](?=\/|$)/, '')
    .replace(/^\//, '')
    .replace(/\/$/, '');
  return { host: bare.slice(0, slash).toLowerCase(), path };
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
