import { BlockList, isIP } from 'node:net';
import type { Environment } from './environment.ts';

/** The proxy that requests for a URL go through; undefined: none, they go there themselves. */
export type ProxyRules = (url: URL) => URL | undefined;

/**
 * Reads HTTPS_PROXY, HTTP_PROXY and NO_PROXY (or lower case, which wins) as Go's net/http does: an entry of NO_PROXY is a
 * host with its subdomains, `.domain` for subdomains alone, an address, a CIDR, each with a port or none, or `*`. Loopback
 * never goes through a proxy. A proxy is an http or https URL, or host:port; one that is neither is an error of the
 * configuration (RangeError, without the text: it may hold a password).
 * https://pkg.go.dev/golang.org/x/net/http/httpproxy
 */
export function readProxyRules(environment: Environment): ProxyRules {
  const value = (name: string) => environment[name.toLowerCase()] || environment[name] || '';
  const proxies = { 'https:': parseProxy('HTTPS_PROXY', value), 'http:': parseProxy('HTTP_PROXY', value) };
  const exempts = value('NO_PROXY')
    .split(',')
    .map((entry) => entry.trim().toLowerCase())
    .filter((entry) => entry !== '')
    .map(parseExemption);
  return (url) => {
    const proxy = url.protocol === 'https:' ? proxies['https:'] : proxies['http:'];
    if (proxy === undefined) return undefined;
    const host = bareHost(url.hostname);
    const port = url.port || (url.protocol === 'https:' ? '443' : '80');
    return isLoopback(host) || exempts.some((exempts) => exempts(host, port)) ? undefined : proxy;
  };
}

/** No request goes through a proxy. */
export const noProxy: ProxyRules = () => undefined;

function parseProxy(name: string, value: (name: string) => string): URL | undefined {
  const text = value(name);
  if (text === '') return undefined;
  const url = URL.parse(/^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`);
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new RangeError(`${name} is not the URL of an http or https proxy`);
  }
  return url;
}

type Exemption = (host: string, port: string) => boolean;

function parseExemption(entry: string): Exemption {
  if (entry === '*') return () => true;
  const subnet = parseSubnet(entry);
  if (subnet !== undefined) return subnet;
  const [, bracketed, plain = '', port] = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d+))?$/.exec(entry) ?? [undefined, entry];
  const name = bracketed ?? plain;
  const isPort: Exemption = (_host, given) => port === undefined || port === given;
  if (isIP(name) !== 0) return (host, given) => host === name && isPort(host, given);
  const domain = name.replace(/^\*?\./, '');
  const isWithDomain = domain === name;
  return (host, given) =>
    isPort(host, given) && ((isWithDomain && host === domain) || host.endsWith(`.${domain}`)) && domain !== '';
}

function parseSubnet(entry: string): Exemption | undefined {
  const [address = '', bits = ''] = entry.split('/');
  const family = isIP(address);
  const width = Number(bits);
  if (family === 0 || !/^\d{1,3}$/.test(bits) || width > (family === 4 ? 32 : 128)) return undefined;
  const list = new BlockList();
  list.addSubnet(address, width, family === 4 ? 'ipv4' : 'ipv6');
  return (host) => isIP(host) !== 0 && list.check(host, isIP(host) === 4 ? 'ipv4' : 'ipv6');
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

function bareHost(hostname: string): string {
  return hostname
    .replaceAll(/^\[|\]$/g, '')
    .replace(/\.$/, '')
    .toLowerCase();
}
