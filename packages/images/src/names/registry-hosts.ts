import { X509Certificate } from 'node:crypto';

/** What is known of one registry host beforehand. All secrets stay elsewhere. */
export interface RegistryHostOptions {
  /**
   * Where requests for this host go instead: `https://mirror.example/prefix`. A path becomes the first part of every
   * repository. A `http:` URL allows plain HTTP, and a loopback address is allowed for this host and port only.
   */
  readonly url?: string;
  /** PEM certificates trusted for this host, besides the system's. */
  readonly ca?: string;
  /** Certificates are not checked, and plain HTTP is used where TLS is not spoken. */
  readonly insecure?: boolean;
}

export type RegistryHosts = Readonly<Record<string, RegistryHostOptions>>;

/** The place requests for a registry go to. */
export interface RegistryEndpoint {
  /** `https://host:port`, without a path. */
  readonly origin: string;
  /** Host and port as the URL has them. Credentials are looked up by this. */
  readonly host: string;
  /** Prepended to repositories; empty or ending in a slash. */
  readonly prefix: string;
  readonly ca: string | undefined;
  readonly insecure: boolean;
  /** An operator named this very address, so it may be a loopback one. */
  readonly isMapped: boolean;
}

/** By host, as images name it. */
export interface NamedHosts {
  /** Where a host is found instead. */
  readonly mirrors: readonly (readonly [host: string, url: string])[];
  /** PEM certificates. */
  readonly authorities: readonly (readonly [host: string, pem: string])[];
  readonly insecure: readonly string[];
}

/** Throws RangeError naming the host whose URL or certificates are unusable. */
export function createRegistryHosts({ mirrors, authorities, insecure }: NamedHosts): RegistryHosts {
  const hosts = new Map<string, RegistryHostOptions>();
  const add = (host: string, options: RegistryHostOptions): void => {
    if (!hostPattern.test(host)) throw new RangeError(`\`${host}\` is no host of a registry`);
    hosts.set(host, { ...hosts.get(host), ...options });
  };
  for (const [host, url] of mirrors) add(host, { url });
  for (const [host, ca] of authorities) add(host, { ca: checkAuthorities(ca, host) });
  for (const host of insecure) add(host, { insecure: true });
  const found = Object.fromEntries(hosts);
  checkHosts(found);
  return found;
}

/** What cannot be read would be an error of every connection, and a certificate that is left out one of some. */
function checkAuthorities(pem: string, host: string): string {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  const begins = pem.split('-----BEGIN ').length - 1;
  try {
    for (const block of blocks) new X509Certificate(block);
    if (blocks.length > 0 && blocks.length === begins) return pem;
  } catch {
    // Said below.
  }
  throw new RangeError(`the authorities of \`${host}\` are no PEM certificates`);
}

const hostPattern = /^[a-z0-9.-]+(:\d{1,5})?$|^\[[0-9a-f:.]+\](:\d{1,5})?$/;
const dockerHub = new Set(['docker.io', 'index.docker.io', 'registry-1.docker.io']);

/** The endpoint of `registry`. Throws RangeError when the mapping's URL is not an http(s) URL: a configuration bug. */
export function endpointOf(registry: string, hosts: RegistryHosts, allowInsecure: boolean): RegistryEndpoint {
  const options = Object.hasOwn(hosts, registry) ? hosts[registry] : undefined;
  const url = parseUrl(options?.url ?? `https://${dockerHub.has(registry) ? 'registry-1.docker.io' : registry}`);
  const prefix = url.pathname.replaceAll(/^\/+|\/+$/g, '');
  return {
    origin: url.origin,
    host: url.host,
    prefix: prefix === '' ? '' : `${prefix}/`,
    ca: options?.ca,
    insecure: options?.insecure ?? allowInsecure,
    isMapped: options !== undefined,
  };
}

/** Checks a mapping before it is used. Throws RangeError naming the host whose URL is unusable. */
export function checkHosts(hosts: RegistryHosts): void {
  for (const registry of Object.keys(hosts)) endpointOf(registry, hosts, false);
}

/** The repository as it stands in URLs: Docker Hub's official images live under `library/`. */
export function wireRepository(registry: string, repository: string, endpoint: RegistryEndpoint): string {
  const isOfficial = dockerHub.has(registry) && !repository.includes('/');
  return `${endpoint.prefix}${isOfficial ? 'library/' : ''}${repository}`;
}

export function isDockerHub(host: string): boolean {
  return dockerHub.has(host);
}

function parseUrl(text: string): URL {
  const url = URL.parse(text);
  const isUsable = url !== null && (url.protocol === 'https:' || url.protocol === 'http:') && url.username === '';
  if (!isUsable) throw new RangeError(`\`${text}\` is not an http or https URL of a registry`);
  return url;
}
