import { type DerElement, derTags, openDer, readDer } from './der-reader.ts';
import {
  readDerBitString,
  readDerBoolean,
  readDerObjectIdentifier,
  readDerOctetString,
  readDerSmallInteger,
} from './der-values.ts';
import {
  derBitString,
  derBoolean,
  derInteger,
  derObjectIdentifier,
  derOctetString,
  derSequence,
} from './der-writer.ts';
import { extendedKeyUsageOids, extensionOids } from './object-identifiers.ts';
import { PkiError } from './pki-error.ts';

/** One extension; `value` is the content of its OCTET STRING, usually DER. */
export interface CertificateExtension {
  readonly oid: string;
  readonly critical: boolean;
  readonly value: Uint8Array;
}

/** One extension as it stands in a certificate. */
export interface FoundExtension extends CertificateExtension {
  /** The exact encoding of all three. */
  readonly der: Uint8Array;
}

export interface BasicConstraints {
  readonly isCertificateAuthority: boolean;
  readonly pathLength?: number;
}

/** Bit order of RFC 5280 §4.2.1.3. */
const keyUsageNames = [
  'digitalSignature',
  'contentCommitment',
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
  'keyCertSign',
  'cRLSign',
  'encipherOnly',
  'decipherOnly',
] as const;

export type KeyUsage = (typeof keyUsageNames)[number];
export type ExtendedKeyUsage = keyof typeof extendedKeyUsageOids;

const extendedKeyUsageNames: ReadonlyMap<string, string> = new Map(
  Object.entries(extendedKeyUsageOids).map(([name, oid]) => [oid, name]),
);

const understoodExtensions: ReadonlySet<string> = new Set(Object.values(extensionOids));

/** Critical extensions a verifier must refuse unless it handles them itself (RFC 5280 §4.2). */
export function listUnknownCriticalExtensions(extensions: Iterable<CertificateExtension>): string[] {
  return [...extensions]
    .filter(({ oid, critical }) => critical && !understoodExtensions.has(oid))
    .map(({ oid }) => oid);
}

/** Reads the extension list; an extension that appears twice is refused. */
export function readExtensions(list: DerElement): Map<string, FoundExtension> {
  const extensions = new Map<string, FoundExtension>();
  for (const cursor = openDer(list, 'extensions'); !cursor.isAtEnd; ) {
    const extension = readExtension(cursor.next());
    if (extensions.has(extension.oid)) throw new PkiError(`extension ${extension.oid} appears twice`);
    extensions.set(extension.oid, extension);
  }
  return extensions;
}

export function readExtension(element: DerElement): FoundExtension {
  const cursor = openDer(element, 'extension');
  const oid = readDerObjectIdentifier(cursor.next(), 'extension type');
  const criticalElement = cursor.optional(derTags.boolean);
  const critical = criticalElement !== undefined && readDerBoolean(criticalElement, 'extension criticality');
  const value = readDerOctetString(cursor.next(), 'extension value');
  cursor.finish();
  return { oid, critical, value, der: element.bytes };
}

export function writeExtension({ oid, critical, value }: CertificateExtension): Uint8Array {
  const criticality = critical ? [derBoolean(true)] : [];
  return derSequence(derObjectIdentifier(oid), ...criticality, derOctetString(value));
}

export function readKeyUsages(value: Uint8Array): KeyUsage[] {
  const { bytes } = readDerBitString(readDer(value), 'key usage');
  return keyUsageNames.filter((_, bit) => ((bytes[bit >> 3] ?? 0) & (0x80 >> (bit & 7))) !== 0);
}

export function writeKeyUsages(usages: readonly KeyUsage[]): Uint8Array {
  const bytes = [0, 0];
  let highest = 0;
  for (const usage of usages) {
    const bit = keyUsageNames.indexOf(usage);
    bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) | (0x80 >> (bit & 7));
    highest = Math.max(highest, bit);
  }
  return derBitString(Uint8Array.from(bytes.slice(0, (highest >> 3) + 1)), 7 - (highest & 7));
}

/** Names where there are names, object identifiers otherwise. */
export function readExtendedKeyUsages(value: Uint8Array): string[] {
  const usages: string[] = [];
  for (const cursor = openDer(readDer(value), 'extended key usage'); !cursor.isAtEnd; ) {
    const oid = readDerObjectIdentifier(cursor.next(), 'extended key usage');
    usages.push(extendedKeyUsageNames.get(oid) ?? oid);
  }
  return usages;
}

export function writeExtendedKeyUsages(usages: readonly ExtendedKeyUsage[]): Uint8Array {
  return derSequence(...usages.map((usage) => derObjectIdentifier(extendedKeyUsageOids[usage])));
}

export function readBasicConstraints(value: Uint8Array): BasicConstraints {
  const cursor = openDer(readDer(value), 'basic constraints');
  const authority = cursor.optional(derTags.boolean);
  const pathLength = cursor.optional(derTags.integer);
  cursor.finish();
  return {
    isCertificateAuthority: authority !== undefined && readDerBoolean(authority, 'certificate authority flag'),
    ...(pathLength === undefined ? {} : { pathLength: readDerSmallInteger(pathLength, 255, 'path length') }),
  };
}

export function writeBasicConstraints({ isCertificateAuthority, pathLength }: BasicConstraints): Uint8Array {
  if (!isCertificateAuthority) return derSequence();
  return derSequence(derBoolean(true), ...(pathLength === undefined ? [] : [derInteger(pathLength)]));
}
