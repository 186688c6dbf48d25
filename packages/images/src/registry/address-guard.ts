import { type LookupAddress, type LookupOptions, lookup } from 'node:dns';
import { BlockList, isIP } from 'node:net';
import { RegistryFailure } from './registry-failure.ts';

/**
 * Addresses a registry is never at, but secrets are: link-local (cloud metadata of AWS, Azure, GCP and others),
 * the metadata addresses outside of it, "this host", multicast and broadcast. Private networks are normal and allowed.
 */
const forbidden = new BlockList();
forbidden.addSubnet('0.0.0.0', 8);
forbidden.addSubnet('169.254.0.0', 16);
forbidden.addAddress('100.100.100.200');
forbidden.addAddress('168.63.129.16');
forbidden.addSubnet('192.0.0.0', 24);
forbidden.addSubnet('224.0.0.0', 3);
forbidden.addAddress('::', 'ipv6');
forbidden.addSubnet('fe80::', 10, 'ipv6');
forbidden.addSubnet('fec0::', 10, 'ipv6');
forbidden.addSubnet('ff00::', 8, 'ipv6');
// Metadata services of AWS, Google, Oracle and Scaleway.
forbidden.addSubnet('fd00:ec2::', 32, 'ipv6');
forbidden.addAddress('fd20:ce::254', 'ipv6');
forbidden.addAddress('fd00:c1::a9fe:a9fe', 'ipv6');
forbidden.addAddress('fd00:42::42', 'ipv6');

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8);
loopback.addAddress('::1', 'ipv6');

/** Metadata servers: of AWS, Azure and Google, and of the containers of AWS. */
const metadata = new BlockList();
metadata.addAddress('169.254.169.254');
metadata.addAddress('169.254.170.2');
metadata.addAddress('169.254.170.23');
metadata.addAddress('fd00:ec2::254', 'ipv6');
metadata.addAddress('fd00:ec2::23', 'ipv6');

const forbiddenNames = new Set(['metadata', 'metadata.google.internal', 'metadata.goog', 'instance-data']);

const mappedPrefix = '00000000000000000000ffff';

/**
 * Where IPv6 leads to an IPv4 address that stands in it, and the byte at which it does: mapped, compatible and translated
 * addresses (RFC 4291, 2765), NAT64 (RFC 6052, 8215) and 6to4 (RFC 3056).
 */
const embeddings: readonly (readonly [prefix: string, at: number])[] = [
  ['000000000000000000000000', 12],
  [mappedPrefix, 12],
  ['0000000000000000ffff0000', 12],
  ['0064ff9b0000000000000000', 12],
  ['0064ff9b0001', 12],
  ['2002', 2],
];

/** The IPv4 address an IPv6 address leads to, and whether it is the same to the system; undefined where it leads to none. */
function embeddedAddress(address: string): { readonly address: string; readonly isMapped: boolean } | undefined {
  const bytes = addressBytes(address);
  const hex = Buffer.from(bytes).toString('hex');
  // `::` and `::1` are addresses of their own.
  if (/^0{31}[01]$/.test(hex)) return undefined;
  const [prefix, at] = embeddings.find(([start]) => hex.startsWith(start)) ?? [];
  if (at === undefined) return undefined;
  return { address: bytes.slice(at, at + 4).join('.'), isMapped: prefix === mappedPrefix };
}

/** The sixteen bytes of an IPv6 address. */
function addressBytes(address: string): readonly number[] {
  const text = URL.parse(`http://[${address.split('%')[0]}]`)?.hostname.slice(1, -1) ?? '::';
  const [head = '', tail] = text.split('::');
  const groupsOf = (part: string): string[] => (part === '' ? [] : part.split(':'));
  const [left, right] = [groupsOf(head), groupsOf(tail ?? '')];
  const groups = [...left, ...Array<string>(Math.max(8 - left.length - right.length, 0)).fill('0'), ...right];
  return groups.flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 0xff]);
}

/** Why `address` must not be connected to; undefined when it may. IPv4 inside IPv6 counts as IPv4. */
export function refusalOfAddress(address: string, allowLoopback: boolean): string | undefined {
  const family = isIP(address);
  if (family === 0) return 'it is not an address';
  const embedded = family === 6 ? embeddedAddress(address) : undefined;
  if (embedded !== undefined) return refusalOfAddress(embedded.address, allowLoopback && embedded.isMapped);
  const type = family === 6 ? 'ipv6' : 'ipv4';
  if (forbidden.check(address, type)) return 'link-local and metadata addresses are never contacted';
  if (!allowLoopback && loopback.check(address, type)) return 'loopback addresses must be mapped to be contacted';
  return undefined;
}

/** Why the host of a URL must not be contacted, as far as its text tells: names of metadata services, and literals. */
export function refusalOfHost(hostname: string, allowLoopback: boolean): string | undefined {
  const bare = hostname
    .replaceAll(/^\[|\]$/g, '')
    .replace(/\.+$/, '')
    .toLowerCase();
  if (forbiddenNames.has(bare)) return 'metadata services are never contacted';
  return isIP(bare) === 0 ? undefined : refusalOfAddress(bare, allowLoopback);
}

/** Why the host is no metadata server, where one and nothing else is meant. */
export function refusalOfMetadataHost(hostname: string): string | undefined {
  const bare = hostname.replaceAll(/^\[|\]$/g, '');
  return isIP(bare) === 0 ? undefined : refusalOfMetadataAddress(bare);
}

function refusalOfMetadataAddress(address: string): string | undefined {
  const isMetadata = metadata.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
  return isMetadata ? undefined : 'it is not a metadata server';
}

type LookupCallback = (error: Error | null, address: string | LookupAddress[], family?: number) => void;
export type Lookup = (hostname: string, options: LookupOptions, callback: LookupCallback) => void;

/**
 * A `lookup` for sockets that resolves as the system does and refuses the connection when any of the answers is a
 * refused address. It runs at connect time, so a name cannot change its meaning between the check and the use.
 */
export function createGuardedLookup(
  allowed: 'strict' | 'loopback' | 'metadata',
  resolve: typeof lookup = lookup,
): Lookup {
  const refusalOf = (address: string): string | undefined =>
    allowed === 'metadata' ? refusalOfMetadataAddress(address) : refusalOfAddress(address, allowed === 'loopback');
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, []);
      for (const { address } of addresses) {
        const refusal = refusalOf(address);
        if (refusal !== undefined) return callback(forbiddenHost(hostname, refusal), []);
      }
      if (options.all === true) return callback(null, addresses);
      const [first] = addresses;
      if (first === undefined) return callback(new Error(`no address for ${hostname}`), []);
      callback(null, first.address, first.family);
    });
  };
}

export function forbiddenHost(host: string, refusal: string): RegistryFailure {
  return new RegistryFailure('permanent', `\`${host}\` is refused: ${refusal}`);
}
