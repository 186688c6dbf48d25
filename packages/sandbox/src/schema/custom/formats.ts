import { RE2JS } from 're2js';
import { checkBase64 } from '../typed/scalar-text.ts';

type FormatCheck = (text: string) => boolean;

/** Whether `format` is one custom resource schemas may use on strings; others are ignored. */
export function formatCheck(format: string): FormatCheck | undefined {
  return CHECKS.get(format.replaceAll('-', '').toLowerCase());
}

function matching(pattern: string): FormatCheck {
  const compiled = RE2JS.compile(pattern);
  return (text) => text.length <= MAX_FORMATTED && compiled.matcher(text).find();
}

const MAX_FORMATTED = 64 * 1024;

const UUID_TAIL = '-?[0-9a-f]{4}-?[0-9a-f]{12}$';

const CHECKS: ReadonlyMap<string, FormatCheck> = new Map<string, FormatCheck>([
  ['bsonobjectid', matching('^[0-9a-fA-F]{24}$')],
  ['uri', isRequestUri],
  ['email', matching('^[^@\\s<>()\\[\\],;:"]+@[^@\\s<>()\\[\\],;:"]+$')],
  ['hostname', isHostname],
  ['ipv4', isIpv4],
  ['ipv6', isIpv6],
  ['cidr', isCidr],
  [
    'mac',
    matching(
      '^([0-9a-fA-F]{2}[:-]){5}([0-9a-fA-F]{2}[:-]{0,1})?[0-9a-fA-F]{2}$|^([0-9a-fA-F]{4}\\.){2}[0-9a-fA-F]{4}$',
    ),
  ],
  ['uuid', matching(`(?i)^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}${UUID_TAIL}`)],
  ['uuid3', matching(`(?i)^[0-9a-f]{8}-?[0-9a-f]{4}-?3[0-9a-f]{3}${UUID_TAIL}`)],
  ['uuid4', matching('(?i)^[0-9a-f]{8}-?[0-9a-f]{4}-?4[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}$')],
  ['uuid5', matching('(?i)^[0-9a-f]{8}-?[0-9a-f]{4}-?5[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}$')],
  ['isbn', (text) => isIsbn10(text) || isIsbn13(text)],
  ['isbn10', isIsbn10],
  ['isbn13', isIsbn13],
  ['ssn', matching('^\\d{3}[- ]?\\d{2}[- ]?\\d{4}$')],
  ['hexcolor', matching('^#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$')],
  ['rgbcolor', matching('^rgb\\(\\s*(\\d{1,3})\\s*,\\s*(\\d{1,3})\\s*,\\s*(\\d{1,3})\\s*\\)$')],
  ['byte', isBase64],
  ['password', () => true],
  ['date', isDate],
  ['duration', isDuration],
  ['datetime', isDateTime],
  ['k8sshortname', matching('^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$')],
  ['k8slongname', (text) => text.length <= 253 && isLongName(text)],
]);

const LONG_NAME_PATTERN = RE2JS.compile('^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$');

function isLongName(text: string): boolean {
  return LONG_NAME_PATTERN.matcher(text).find();
}

function isBase64(text: string): boolean {
  try {
    checkBase64(text);
    return true;
  } catch {
    return false;
  }
}

/** Go's `url.ParseRequestURI`: an absolute URI or an absolute path. */
function isRequestUri(text: string): boolean {
  if (text === '' || hasControl(text)) return false;
  if (text.startsWith('/') || text === '*') return true;
  const colon = text.indexOf(':');
  if (colon <= 0 || !/^[a-zA-Z][a-zA-Z0-9+.-]{0,99}$/.test(text.slice(0, Math.min(colon, 101)))) return false;
  const rest = text.slice(colon + 1);
  return rest.startsWith('/') ? URL.canParse(text) || !rest.startsWith('//') : true;
}

function hasControl(text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code <= 0x20 || code === 0x7f) return true;
  }
  return false;
}

function isHostname(text: string): boolean {
  if (text.length === 0 || text.length > 255) return false;
  const labels = (text.endsWith('.') ? text.slice(0, -1) : text).split('.');
  return labels.every((label) => label.length <= 63 && /^[a-zA-Z0-9_]([a-zA-Z0-9_-]{0,61}[a-zA-Z0-9_])?$/.test(label));
}

export function isIpv4(text: string): boolean {
  const parts = text.split('.');
  return parts.length === 4 && parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255);
}

export function isIpv6(text: string): boolean {
  if (text.length > 45 || !text.includes(':')) return false;
  const halves = text.split('::');
  if (halves.length > 2) return false;
  const groups = halves.flatMap((half) => (half === '' ? [] : half.split(':')));
  const last = groups.at(-1);
  const isMapped = last?.includes('.') ?? false;
  if (isMapped && !isIpv4(last ?? '')) return false;
  const plain = isMapped ? groups.slice(0, -1) : groups;
  if (!plain.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))) return false;
  const count = plain.length + (isMapped ? 2 : 0);
  return halves.length === 2 ? count <= 7 : count === 8;
}

export function isCidr(text: string): boolean {
  const slash = text.indexOf('/');
  const prefix = text.slice(slash + 1);
  if (slash < 0 || !/^(0|[1-9]\d{0,2})$/.test(prefix)) return false;
  const address = text.slice(0, slash);
  return (isIpv4(address) && Number(prefix) <= 32) || (isIpv6(address) && Number(prefix) <= 128);
}

function isDate(text: string): boolean {
  if (!/^\d{4}-\d\d-\d\d$/.test(text)) return false;
  const milliseconds = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(milliseconds) && new Date(milliseconds).toISOString().startsWith(text);
}

function isDateTime(text: string): boolean {
  if (text.length > 64) return false;
  const found = /^(\d{4}-\d\d-\d\d)[Tt ](\d\d):(\d\d)(?::(\d\d))?([.,]\d+)?([Zz]|[+-]\d\d:?\d\d)?$/.exec(text);
  if (found === null) return false;
  const [, day = '', hours, minutes, seconds = '0'] = found;
  return isDate(day) && Number(hours) < 24 && Number(minutes) < 60 && Number(seconds) < 60;
}

/** Go durations (`1h30m`) and Scala's (`22 ns`, `3 days`). */
function isDuration(text: string): boolean {
  if (text.length > 128) return false;
  if (/^[+-]?((\d+(\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h))+$/.test(text) || /^[+-]?0$/.test(text)) return true;
  const found = /^\s*(\d+(?:\.\d+)?)\s*([A-Za-zµ]+)$/.exec(text);
  return found !== null && SCALA_UNITS.has((found[2] ?? '').toLowerCase());
}

const SCALA_UNITS = new Set(
  'ns nano nanos nanosecond nanoseconds us µs micro micros microsecond microseconds ms milli millis millisecond milliseconds s sec secs second seconds m min mins minute minutes h hr hour hours d day days w week weeks'.split(
    ' ',
  ),
);

function isIsbn10(text: string): boolean {
  const digits = text.replace(/[\s-]+/g, '');
  if (!/^(\d{9}X|\d{10})$/.test(digits)) return false;
  const sum = [...digits].reduce(
    (total, digit, index) => total + (index + 1) * (digit === 'X' ? 10 : Number(digit)),
    0,
  );
  return sum % 11 === 0;
}

function isIsbn13(text: string): boolean {
  const digits = text.replace(/[\s-]+/g, '');
  if (!/^\d{13}$/.test(digits)) return false;
  const sum = [...digits].reduce((total, digit, index) => total + Number(digit) * (index % 2 === 0 ? 1 : 3), 0);
  return sum % 10 === 0;
}
