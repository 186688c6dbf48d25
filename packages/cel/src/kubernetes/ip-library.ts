import { type CallCost, declareFunction, member, overload } from '../declare/function-declaration.ts';
import type { CelLibrary } from '../declare/library.ts';
import { rebuildCost, walkCost } from '../library/costs.ts';
import { CelError } from '../values/cel-error.ts';
import { BOOL, INT, opaqueType, STRING } from '../values/cel-type.ts';
import type { CelResult } from '../values/cel-value.ts';
import { costSize, traversalCost } from '../values/cost-size.ts';
import { CelOpaque } from '../values/opaque.ts';
import {
  contains,
  formatIp,
  formatPrefix,
  IP_PROPERTIES,
  type IpAddress,
  isMapped,
  isSameIp,
  maskPrefix,
  type Prefix,
  parseIp,
  parsePrefix,
} from './ip-address.ts';
import { ipProblem } from './ip-problem.ts';

const IP = opaqueType('net.IP');
const CIDR = opaqueType('net.CIDR');

class IpValue extends CelOpaque<IpAddress> {
  constructor(address: IpAddress) {
    super(IP, address, isSameIp, address.bytes.length);
  }

  toJsonValue(): string {
    return formatIp(this.payload);
  }
}

class CidrValue extends CelOpaque<Prefix> {
  constructor(prefix: Prefix) {
    super(CIDR, prefix, (a, b) => a.bits === b.bits && isSameIp(a.address, b.address), Math.ceil(prefix.bits / 8));
  }

  toJsonValue(): string {
    return formatPrefix(this.payload);
  }
}

function readIp(text: string): IpAddress | CelError {
  const shown = JSON.stringify(text);
  const zone = text.includes(':') ? text.indexOf('%') : -1;
  const address = parseIp(zone < 0 ? text : text.slice(0, zone));
  if (address === undefined) {
    return new CelError(
      `IP Address ${shown} parse error during conversion from string: ParseAddr(${shown}): ${ipProblem(text)}`,
    );
  }
  if (zone >= 0) return new CelError(`IP address ${shown} with zone value is not allowed`);
  return isMapped(address) ? new CelError(`IPv4-mapped IPv6 address ${shown} is not allowed`) : address;
}

function readCidr(text: string): Prefix | CelError {
  const prefix = parsePrefix(text);
  const conversion = 'network address parse error during conversion from string: ';
  const shown = JSON.stringify(text);
  if (prefix === undefined) {
    return new CelError(`${conversion}${conversion}netip.ParsePrefix(${shown}): ${prefixProblem(text)}`);
  }
  return isMapped(prefix.address)
    ? new CelError(`${conversion}IPv4-mapped IPv6 address ${shown} is not allowed`)
    : prefix;
}

function prefixProblem(text: string): string {
  const slash = text.lastIndexOf('/');
  if (slash < 0) return "no '/'";
  const address = text.slice(0, slash);
  if (parseIp(address) === undefined) return `ParseAddr(${JSON.stringify(address)}): ${ipProblem(address)}`;
  const bits = text.slice(slash + 1);
  return /^(?:0|[1-9]\d{0,2})$/.test(bits)
    ? 'prefix length out of range'
    : `bad bits after slash: ${JSON.stringify(bits)}`;
}

const toIp = (text: string): CelResult => {
  const address = readIp(text);
  return address instanceof CelError ? address : new IpValue(address);
};
const toCidr = (text: string): CelResult => {
  const prefix = readCidr(text);
  return prefix instanceof CelError ? prefix : new CidrValue(prefix);
};
const isCanonical = (text: string): CelResult => {
  const address = readIp(text);
  return address instanceof CelError ? address : formatIp(address) === text;
};
const containsIpText = ({ payload }: CidrValue, text: string): CelResult => {
  const address = readIp(text);
  return address instanceof CelError ? address : contains(payload, address);
};

function containsPrefix(outer: Prefix, inner: Prefix): boolean {
  return outer.bits <= inner.bits && contains(outer, inner.address);
}

const containsCidrText = ({ payload }: CidrValue, text: string): CelResult => {
  const prefix = readCidr(text);
  return prefix instanceof CelError ? prefix : containsPrefix(payload, prefix);
};

const containsCost: CallCost = (cidr, other) =>
  traversalCost(costSize(cidr) * 2) + (typeof other === 'string' ? traversalCost(costSize(other)) : 0);
const containsCidrCost: CallCost = (cidr, other, result) =>
  containsCost(cidr, other, result) + traversalCost(costSize(cidr)) + 1;

/** `ip`, `isIP`, `ip.isCanonical` and the methods of addresses. */
export function ipLibrary(): CelLibrary {
  return {
    name: 'kubernetes.ip',
    functions: [
      declareFunction('ip', overload('string_to_ip', [STRING], IP, toIp, walkCost)),
      declareFunction(
        'isIP',
        overload('is_ip', [STRING], BOOL, (text: string) => !(readIp(text) instanceof CelError), walkCost),
      ),
      declareFunction('ip.isCanonical', overload('ip_is_canonical', [STRING], BOOL, isCanonical, rebuildCost)),
      declareFunction(
        'string',
        overload('ip_to_string', [IP], STRING, ({ payload }: IpValue) => formatIp(payload)),
      ),
      declareFunction(
        'family',
        member('ip_family', [IP], INT, ({ payload }: IpValue) => (payload.bytes.length === 4 ? 4 : 6)),
      ),
      ...Object.entries(IP_PROPERTIES).map(([name, test]) =>
        declareFunction(
          name,
          member(`ip_${name}`, [IP], BOOL, ({ payload }: IpValue) => test(payload)),
        ),
      ),
    ],
  };
}

/** `cidr`, `isCIDR` and the methods of networks. */
export function cidrLibrary(): CelLibrary {
  return {
    name: 'kubernetes.cidr',
    functions: [
      declareFunction('cidr', overload('string_to_cidr', [STRING], CIDR, toCidr, walkCost)),
      declareFunction(
        'isCIDR',
        overload('is_cidr', [STRING], BOOL, (text: string) => !(readCidr(text) instanceof CelError), walkCost),
      ),
      declareFunction(
        'string',
        overload('cidr_to_string', [CIDR], STRING, ({ payload }: CidrValue) => formatPrefix(payload)),
      ),
      declareFunction(
        'containsIP',
        member('cidr_contains_ip_string', [CIDR, STRING], BOOL, containsIpText, containsCost),
        member(
          'cidr_contains_ip_ip',
          [CIDR, IP],
          BOOL,
          (a: CidrValue, b: IpValue) => contains(a.payload, b.payload),
          containsCost,
        ),
      ),
      declareFunction(
        'containsCIDR',
        member('cidr_contains_cidr_string', [CIDR, STRING], BOOL, containsCidrText, containsCidrCost),
        member(
          'cidr_contains_cidr',
          [CIDR, CIDR],
          BOOL,
          (a: CidrValue, b: CidrValue) => containsPrefix(a.payload, b.payload),
          containsCidrCost,
        ),
      ),
      declareFunction(
        'ip',
        member('cidr_ip', [CIDR], IP, ({ payload }: CidrValue) => new IpValue(payload.address)),
      ),
      declareFunction(
        'masked',
        member('cidr_masked', [CIDR], CIDR, ({ payload }: CidrValue) => new CidrValue(maskPrefix(payload))),
      ),
      declareFunction(
        'prefixLength',
        member('cidr_prefix_length', [CIDR], INT, ({ payload }: CidrValue) => payload.bits),
      ),
    ],
  };
}
