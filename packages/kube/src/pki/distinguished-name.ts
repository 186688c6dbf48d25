import { type DerElement, derTags, openDer } from './der-reader.ts';
import { isDerString, readDerObjectIdentifier, readDerString } from './der-values.ts';
import { derObjectIdentifier, derSequence, derSetOf, derUtf8String } from './der-writer.ts';
import { attributeNamesByOid } from './object-identifiers.ts';

export interface NameAttribute {
  readonly oid: string;
  /** The text, or `#` and the hexadecimal DER when the value is not a string. */
  readonly value: string;
}

export interface DistinguishedName {
  /** The exact encoding; names are compared on it. */
  readonly der: Uint8Array;
  /** RFC 4514 text, last attribute first: `CN=a,O=b`. Empty for an empty name. */
  readonly text: string;
  /** In the order of the encoding. */
  readonly attributes: readonly NameAttribute[];
  readonly commonName: string | undefined;
  readonly organizations: readonly string[];
}

const commonNameOid = '2.5.4.3';
const organizationOid = '2.5.4.10';

/** Reads a Name (RFC 5280 §4.1.2.4) whole; texts of it are made when they are asked for. */
export function readDistinguishedName(element: DerElement, what: string): DistinguishedName {
  const relativeNames: NameAttribute[][] = [];
  for (const cursor = openDer(element, what); !cursor.isAtEnd; ) {
    relativeNames.push(readRelativeName(cursor.next(derTags.set, 'relative name'), what));
  }
  const attributes = relativeNames.flat();
  return {
    der: element.bytes,
    get text() {
      return relativeNames.toReversed().map(relativeNameText).join(',');
    },
    attributes,
    get commonName() {
      return attributes.findLast(({ oid }) => oid === commonNameOid)?.value;
    },
    get organizations() {
      return attributes.filter(({ oid }) => oid === organizationOid).map(({ value }) => value);
    },
  };
}

/** Writes a Name with the organizations first and the common name last, as Go and OpenSSL do. */
export function writeDistinguishedName(name: {
  readonly commonName?: string | undefined;
  readonly organizations?: readonly string[] | undefined;
}): Uint8Array {
  const organizations = (name.organizations ?? []).map((value) => writeRelativeName(organizationOid, value));
  const commonName = name.commonName === undefined ? [] : [writeRelativeName(commonNameOid, name.commonName)];
  return derSequence(...organizations, ...commonName);
}

function readRelativeName(set: DerElement, what: string): NameAttribute[] {
  const attributes: NameAttribute[] = [];
  for (const cursor = openDer(set, what, derTags.set); !cursor.isAtEnd; ) {
    const pair = openDer(cursor.next(), what);
    const oid = readDerObjectIdentifier(pair.next(), `${what} attribute type`);
    const value = pair.next();
    pair.finish();
    attributes.push({
      oid,
      value: isDerString(value) ? readDerString(value, what) : `#${Buffer.from(value.bytes).toString('hex')}`,
    });
  }
  return attributes;
}

function writeRelativeName(oid: string, value: string): Uint8Array {
  return derSetOf(derSequence(derObjectIdentifier(oid), derUtf8String(value)));
}

function relativeNameText(attributes: readonly NameAttribute[]): string {
  return attributes.map(({ oid, value }) => `${attributeNamesByOid.get(oid) ?? oid}=${escapeValue(value)}`).join('+');
}

/** RFC 4514 §2.4. */
function escapeValue(value: string): string {
  return value
    .replaceAll(/[\\,+"<>;]/g, '\\$&')
    .replaceAll('\0', '\\00')
    .replace(/^[ #]/, '\\$&')
    .replace(/ $/, '\\ ');
}
