import { BlockList, isIP } from 'node:net';
import type { HttpSettings } from '../settings/http-settings.ts';

/** Which URLs expressions may call (`--httpBlocklist`, `--httpAllowlist`; kyverno-cel §3.4). */
export interface HttpRules {
  /** Why a URL may not be called, before anything is asked; `undefined` when it may. */
  readonly refusal: (url: URL) => string | undefined;
  /** Why an address that a host stands for may not be connected to. */
  readonly refusedAddress: (address: string, host: string) => string | undefined;
  /** Policies of a namespace may call as well. */
  readonly namespacedPolicies: boolean;
}

/** Kyverno's, and the addresses that mean this very host as well. */
export const DEFAULT_BLOCKLIST: readonly string[] = [
  '169.254.169.254',
  '169.254.169.253',
  'metadata.google.internal',
  '127.0.0.0/8',
  '::1/128',
  '0.0.0.0/8',
  '::/128',
];

/** Throws an `Error` that names an entry which is no range or no URL: a rule that cannot be read must not be left out. */
export function createHttpRules({ blocklist: given, allowlist, namespacedPolicies }: HttpSettings): HttpRules {
  const blocklist = given ?? DEFAULT_BLOCKLIST;
  const hosts = new Set(blocklist.filter((entry) => !entry.includes('/')).map(plainHost));
  const ranges = blocklist.flatMap(toRange);
  const prefixes = allowlist.map(toPrefix);
  const rangeOf = (address: string): string | undefined => {
    const family = isIP(address);
    if (family === 0) return undefined;
    return ranges.find(({ list }) => list.check(address, family === 6 ? 'ipv6' : 'ipv4'))?.text;
  };
  return {
    namespacedPolicies,
    refusal: (url) => {
      if (url.protocol !== 'http:' && url.protocol !== 'https:') return `unsupported protocol scheme "${url.protocol}"`;
      const host = plainHost(url.hostname);
      if (hosts.has(host)) return `URL "${url.href}" is blocked: hostname "${host}" is on the blocklist`;
      if (prefixes.length > 0 && !prefixes.some((prefix) => isBelow(url, prefix))) {
        return `URL "${url.href}" is not permitted: no matching allowlist entry`;
      }
      const range = rangeOf(host);
      return range && `connection to ${url.host} blocked: IP ${host} falls in blocked range ${range}`;
    },
    refusedAddress: (address, host) => {
      const range = rangeOf(address);
      return range && `connection to ${host} blocked: resolved IP ${address} falls in blocked range ${range}`;
    },
  };
}

/** Without brackets and the dot of a full name, in lower case. */
function plainHost(host: string): string {
  return host
    .toLowerCase()
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.$/, '');
}

interface Range {
  readonly text: string;
  readonly list: BlockList;
}

/** An address alone is a range as well: a name that resolves to it leads to the same place. */
function toRange(entry: string): Range[] {
  const [address = '', bits] = entry.split('/');
  const family = isIP(address);
  if (family === 0 && bits === undefined) return [];
  const most = family === 6 ? 128 : 32;
  const prefix = bits === undefined ? most : Number(bits);
  if (family === 0 || !Number.isInteger(prefix) || prefix < 0 || prefix > most) {
    throw new Error(`\`${entry}\` is no range of addresses`);
  }
  const list = new BlockList();
  list.addSubnet(address, prefix, family === 6 ? 'ipv6' : 'ipv4');
  return [{ text: bits === undefined ? `${address}/${most}` : entry, list }];
}

function toPrefix(entry: string): URL {
  const url = URL.parse(entry);
  if (!url) throw new Error(`\`${entry}\` is no URL`);
  return url;
}

/** Scheme, host and port are equal, and the path is the same or goes on after a slash. */
function isBelow(url: URL, prefix: URL): boolean {
  if (url.protocol !== prefix.protocol || url.host !== prefix.host) return false;
  const path = prefix.pathname.replace(/\/$/, '');
  return url.pathname === path || url.pathname.startsWith(`${path}/`);
}
