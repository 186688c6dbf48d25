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
