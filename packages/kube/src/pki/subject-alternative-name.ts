import { isIPv4, isIPv6 } from 'node:net';
import { type DerElement, derContextTag, derTags, openDer, readDer, retagDer, unwrapDer } from './der-reader.ts';
import { decodeAscii, isDerString, readDerObjectIdentifier, readDerString } from './der-values.ts';
import {
  derContext,
  derContextPrimitive,
  derObjectIdentifier,
  derSequence,
  derUtf8String,
  encodeAscii,
} from './der-writer.ts';
import { readDistinguishedName } from './distinguished-name.ts';
import { PkiError } from './pki-error.ts';

/** One GeneralName to put into a certificate. `oid` is needed by, and only by, `otherName` (written as UTF8String). */
export interface SubjectAlternativeNameRequest {
  readonly type: 'dns' | 'ip' | 'uri' | 'email' | 'otherName';
  readonly value: string;
  readonly oid?: string;
}

/** One GeneralName of a certificate (RFC 5280 §4.2.1.6). */
export interface SubjectAlternativeName {
  readonly type: 'dns' | 'ip' | 'uri' | 'email' | 'otherName' | 'directoryName' | 'registeredId' | 'unsupported';
  /** Text; for `otherName` with a value that is no string, and for `unsupported`, empty. */
  readonly value: string;
  /** Of `otherName`. */
  readonly oid?: string;
  /** The exact encoding of the GeneralName. */
  readonly der: Uint8Array;
}

export function readSubjectAlternativeNames(value: Uint8Array): SubjectAlternativeName[] {
  const names: SubjectAlternativeName[] = [];
  const cursor = openDer(readDer(value), 'subject alternative name');
  while (!cursor.isAtEnd) names.push(readGeneralName(cursor.next()));
  if (names.length === 0) throw new PkiError('subject alternative name is empty');
  return names;
}

export function writeSubjectAlternativeNames(names: readonly SubjectAlternativeNameRequest[]): Uint8Array {
  return derSequence(...names.map(writeGeneralName));
}

const otherNameTag = derContextTag(0, true);
const emailTag = derContextTag(1, false);
const dnsTag = derContextTag(2, false);
const directoryNameTag = derContextTag(4, true);
const uriTag = derContextTag(6, false);
const ipTag = derContextTag(7, false);
const registeredIdTag = derContextTag(8, false);

function readGeneralName(element: DerElement): SubjectAlternativeName {
  const { tag, content, bytes: der } = element;
  switch (tag) {
    case otherNameTag:
      return readOtherName(element);
    case emailTag:
      return { type: 'email', value: decodeAscii(content, 'email name'), der };
    case dnsTag:
      return { type: 'dns', value: decodeAscii(content, 'dns name'), der };
    case uriTag:
      return { type: 'uri', value: decodeAscii(content, 'uri name'), der };
    case ipTag:
      return { type: 'ip', value: addressText(content), der };
    case directoryNameTag:
      return {
        type: 'directoryName',
        value: readDistinguishedName(unwrapDer(element, 'directory name'), 'directory name').text,
        der,
      };
    case registeredIdTag:
      return { type: 'registeredId', value: readDerObjectIdentifier(retagDer(element, derTags.objectIdentifier)), der };
    default:
      return { type: 'unsupported', value: '', der };
  }
}

function readOtherName(element: DerElement): SubjectAlternativeName {
  const cursor = openDer(element, 'other name', otherNameTag);
  const oid = readDerObjectIdentifier(cursor.next(), 'other name type');
  const value = unwrapDer(cursor.next(derContextTag(0, true), 'value'), 'other name value');
  cursor.finish();
  return {
    type: 'otherName',
    oid,
    value: isDerString(value) ? readDerString(value, 'other name value') : '',
    der: element.bytes,
  };
}

function writeGeneralName({ type, value, oid }: SubjectAlternativeNameRequest): Uint8Array {
  switch (type) {
    case 'email':
      return derContextPrimitive(1, encodeAscii(value));
    case 'dns':
      return derContextPrimitive(2, encodeAscii(value));
    case 'uri':
      return derContextPrimitive(6, encodeAscii(value));
    case 'ip':
      return derContextPrimitive(7, addressBytes(value));
    case 'otherName':
      if (oid === undefined) throw new PkiError('an other name needs an object identifier');
      return derContext(0, derObjectIdentifier(oid), derContext(0, derUtf8String(value)));
  }
}

/** Dotted IPv4, or RFC 5952 IPv6. */
function addressText(content: Uint8Array): string {
  if (content.length === 4) return content.join('.');
  if (content.length !== 16) throw new PkiError('ip name is not 4 or 16 bytes');
  const groups: string[] = [];
  for (let index = 0; index < 16; index += 2) {
    groups.push((((content[index] ?? 0) << 8) | (content[index + 1] ?? 0)).toString(16));
  }
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
}

function addressBytes(address: string): Uint8Array {
  if (isIPv4(address)) return Uint8Array.from(address.split('.').map(Number));
  if (!isIPv6(address) || address.includes('%')) throw new PkiError(`\`${address}\` is not an ip address`);
  const canonical = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const [head = '', tail] = canonical.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const groups = [...left, ...Array<string>(8 - left.length - right.length).fill('0'), ...right];
  return Buffer.from(groups.map((group) => group.padStart(4, '0')).join(''), 'hex');
}
