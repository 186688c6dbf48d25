import { EvaluationError } from '../../kernel/evaluation-error.ts';

/** The host of a URL without port and brackets, as Go's `URL.Hostname`; empty when the URL has none. */
export function urlHost(url: string): string | EvaluationError {
  const scheme = /^[A-Za-z][A-Za-z0-9+.-]*:/.exec(url)?.[0] ?? '';
  const rest = url.slice(scheme.length);
  if (!rest.startsWith('//')) return '';
  const authority = /^[^/?#]*/.exec(rest.slice(2))?.[0] ?? '';
  const host = authority.slice(authority.lastIndexOf('@') + 1);
  if (host.startsWith('[')) {
    const end = host.indexOf(']');
    return end < 0 ? new EvaluationError(`parse "${url}": missing ']' in host`) : host.slice(1, end);
  }
  const colon = host.indexOf(':');
  if (colon < 0) return host;
  if (!/^:[0-9]*$/.test(host.slice(colon))) {
    return new EvaluationError(`parse "${url}": invalid port "${host.slice(colon)}" after host`);
  }
  return host.slice(0, colon);
}

/** Whether an IP literal is neither loopback nor private; undefined when the text is no IP literal. */
export function isExternalAddress(text: string): boolean | undefined {
  const bytes = text.includes(':') ? parseIPv6(text) : parseIPv4(text);
  if (!bytes) return undefined;
  const isMapped =
    bytes.length === 16 && bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 255 && bytes[11] === 255;
  return bytes.length === 4 || isMapped ? !isInternalIPv4(bytes.slice(-4)) : !isInternalIPv6(bytes);
}

function isInternalIPv4([first = 0, second = 0]: readonly number[]): boolean {
  if (first === 127 || first === 10) return true;
  return first === 172 ? second >= 16 && second < 32 : first === 192 && second === 168;
}

function isInternalIPv6(bytes: readonly number[]): boolean {
  const isLoopback = bytes.slice(0, 15).every((byte) => byte === 0) && bytes[15] === 1;
  return isLoopback || ((bytes[0] ?? 0) & 0xfe) === 0xfc;
}

/** Four decimal numbers without leading zeros. */
function parseIPv4(text: string): number[] | undefined {
  const parts = text.split('.');
  if (parts.length !== 4) return undefined;
  const bytes: number[] = [];
  for (const part of parts) {
    if (!/^(?:0|[1-9][0-9]{0,2})$/.test(part) || Number(part) > 255) return undefined;
    bytes.push(Number(part));
  }
  return bytes;
}

/** Eight groups, one `::` for missing ones, the last two perhaps as IPv4. No zone. */
function parseIPv6(text: string): number[] | undefined {
  const [head = '', tail, extra] = text.split('::');
  if (extra !== undefined) return undefined;
  const start = groups(head, tail === undefined);
  const end = tail === undefined ? [] : groups(tail, true);
  if (!start || !end) return undefined;
  const missing = 16 - start.length - end.length;
  if (tail === undefined ? missing !== 0 : missing < 2) return undefined;
  return [...start, ...new Array<number>(missing).fill(0), ...end];
}

function groups(text: string, mayEndInIPv4: boolean): number[] | undefined {
  if (text === '') return [];
  const parts = text.split(':');
  const bytes: number[] = [];
  for (const [index, part] of parts.entries()) {
    if (part.includes('.')) {
      const last = mayEndInIPv4 && index === parts.length - 1 ? parseIPv4(part) : undefined;
      if (!last) return undefined;
      bytes.push(...last);
    } else {
      if (!/^[0-9a-fA-F]{1,4}$/.test(part)) return undefined;
      const group = Number.parseInt(part, 16);
      bytes.push(group >> 8, group & 255);
    }
  }
  return bytes.length > 16 ? undefined : bytes;
}
