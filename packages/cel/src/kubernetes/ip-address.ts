/** An IPv4 or IPv6 address: 4 or 16 bytes. */
export interface IpAddress {
  readonly bytes: readonly number[];
}

export interface Prefix {
  readonly address: IpAddress;
  readonly bits: number;
}

const DECIMAL = /^\d{1,3}$/;
const HEX = /^[0-9a-fA-F]{1,4}$/;

/** Parses an address as Go's `netip.ParseAddr`; `undefined` when malformed. Zones are not accepted here. */
export function parseIp(text: string): IpAddress | undefined {
  const bytes = text.includes(':') ? parseIpv6(text) : parseIpv4(text);
  return bytes && { bytes };
}

function parseIpv4(text: string): number[] | undefined {
  const parts = text.split('.');
  if (parts.length !== 4) return undefined;
  const valid = parts.every(
    (part) => DECIMAL.test(part) && Number(part) < 256 && (part.length === 1 || !part.startsWith('0')),
  );
  return valid ? parts.map(Number) : undefined;
}

function parseIpv6(text: string): number[] | undefined {
  if (text.length > 45) return undefined;
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const [head, tail] = halves.map((half) => (half === '' ? [] : readGroups(half)));
  if (head === undefined || (halves.length === 2 && tail === undefined)) return undefined;
  if (tail === undefined) return head.length === 16 ? head : undefined;
  const missing = 16 - head.length - tail.length;
  return missing >= 2 ? [...head, ...Array.from({ length: missing }, () => 0), ...tail] : undefined;
}

/** Groups of hexadecimal digits, the last two possibly as an IPv4 address. */
function readGroups(text: string): number[] | undefined {
  const bytes: number[] = [];
  const groups = text.split(':');
  for (const [index, group] of groups.entries()) {
    if (group.includes('.')) {
      const embedded = index === groups.length - 1 ? parseIpv4(group) : undefined;
      if (embedded === undefined) return undefined;
      bytes.push(...embedded);
    } else {
      if (!HEX.test(group)) return undefined;
      const value = Number.parseInt(group, 16);
      bytes.push(value >> 8, value & 255);
    }
  }
  return bytes;
}

export function isMapped({ bytes }: IpAddress): boolean {
  return (
    bytes.length === 16 && bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 255 && bytes[11] === 255
  );
}

/** The canonical text: shortest IPv6 form, lower case. */
export function formatIp({ bytes }: IpAddress): string {
  if (bytes.length === 4) return bytes.join('.');
  const groups = Array.from({ length: 8 }, (_, index) => ((bytes[index * 2] ?? 0) << 8) | (bytes[index * 2 + 1] ?? 0));
  const { start, length } = longestZeros(groups);
  const hex = groups.map((group) => group.toString(16));
  if (length < 2) return hex.join(':');
  return `${hex.slice(0, start).join(':')}::${hex.slice(start + length).join(':')}`;
}

function longestZeros(groups: readonly number[]): { readonly start: number; readonly length: number } {
  let best = { start: 0, length: 0 };
  for (let start = 0; start < groups.length; start++) {
    let length = 0;
    while (groups[start + length] === 0) length++;
    if (length > best.length) best = { start, length };
  }
  return best;
}

const PREFIX_LENGTH = /^(?:0|[1-9]\d{0,2})$/;

export function parsePrefix(text: string): Prefix | undefined {
  const slash = text.lastIndexOf('/');
  const address = slash < 0 ? undefined : parseIp(text.slice(0, slash));
  const bits = text.slice(slash + 1);
  if (address === undefined || !PREFIX_LENGTH.test(bits) || Number(bits) > address.bytes.length * 8) return undefined;
  return { address, bits: Number(bits) };
}

/** The prefix with its host bits cleared. */
export function maskPrefix({ address, bits }: Prefix): Prefix {
  const bytes = address.bytes.map((byte, index) => {
    const kept = Math.min(8, Math.max(0, bits - index * 8));
    return byte & (0xff << (8 - kept)) & 0xff;
  });
  return { address: { bytes }, bits };
}

export function contains(prefix: Prefix, address: IpAddress): boolean {
  if (prefix.address.bytes.length !== address.bytes.length) return false;
  return isSameIp(maskPrefix(prefix).address, maskPrefix({ address, bits: prefix.bits }).address);
}

export function isSameIp(a: IpAddress, b: IpAddress): boolean {
  return a.bytes.length === b.bytes.length && a.bytes.every((byte, index) => byte === b.bytes[index]);
}

export function formatPrefix({ address, bits }: Prefix): string {
  return `${formatIp(address)}/${bits}`;
}

/** Properties of addresses as Go's `netip.Addr` has them. */
export const IP_PROPERTIES: Readonly<Record<string, (address: IpAddress) => boolean>> = {
  isUnspecified: ({ bytes }) => bytes.every((byte) => byte === 0),
  isLoopback: ({ bytes }) =>
    bytes.length === 4 ? bytes[0] === 127 : bytes.slice(0, 15).every((byte) => byte === 0) && bytes[15] === 1,
  isLinkLocalMulticast: ({ bytes }) =>
    bytes.length === 4
      ? bytes[0] === 224 && bytes[1] === 0 && bytes[2] === 0
      : bytes[0] === 255 && ((bytes[1] ?? 0) & 15) === 2,
  isLinkLocalUnicast: (address) => isLinkLocalUnicast(address),
  isGlobalUnicast: (address) => isGlobalUnicast(address),
};

function isLinkLocalUnicast({ bytes }: IpAddress): boolean {
  return bytes.length === 4
    ? bytes[0] === 169 && bytes[1] === 254
    : bytes[0] === 254 && ((bytes[1] ?? 0) & 192) === 128;
}

function isGlobalUnicast(address: IpAddress): boolean {
  const { bytes } = address;
  const unspecified = bytes.every((byte) => byte === 0);
  const loopback =
    bytes.length === 4 ? bytes[0] === 127 : bytes.slice(0, 15).every((byte) => byte === 0) && bytes[15] === 1;
  const broadcast = bytes.length === 4 && bytes.every((byte) => byte === 255);
  const multicast = bytes.length === 4 ? ((bytes[0] ?? 0) & 240) === 224 : bytes[0] === 255;
  return !unspecified && !loopback && !broadcast && !multicast && !isLinkLocalUnicast(address);
}
