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
forbidden.addAddress('fd00:ec2::254', 'ipv6');
forbidden.addSubnet('ff00::', 8, 'ipv6');
// The same IPv4 addresses seen through NAT64, 6to4 and IPv4-compatible IPv6.
forbidden.addSubnet('64:ff9b::a9fe:0', 112, 'ipv6');
forbidden.addSubnet('64:ff9b::7f00:0', 104, 'ipv6');
forbidden.addSubnet('2002:a9fe::', 32, 'ipv6');
forbidden.addSubnet('2002:7f00::', 24, 'ipv6');
forbidden.addSubnet('::a9fe:0', 112, 'ipv6');

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

/** Why `address` must not be connected to; undefined when it may. IPv4 inside IPv6 counts as IPv4. */
export function refusalOfAddress(address: string, allowLoopback: boolean): string | undefined {
  const family = isIP(address);
  if (family === 0) return 'it is not an address';
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
