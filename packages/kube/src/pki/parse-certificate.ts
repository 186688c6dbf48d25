import type { KeyObject } from 'node:crypto';
import {
  type BasicConstraints,
  type FoundExtension,
  type KeyUsage,
  listUnknownCriticalExtensions,
  readBasicConstraints,
  readExtendedKeyUsages,
  readExtensions,
  readKeyUsages,
} from './certificate-extensions.ts';
import { type DerElement, derContextTag, derTags, openDer, readDer, unwrapDer } from './der-reader.ts';
import { readDerBitStringBytes, readDerInteger, readDerSmallInteger, readDerTime } from './der-values.ts';
import { type DistinguishedName, readDistinguishedName } from './distinguished-name.ts';
import { importPublicKey } from './import-public-key.ts';
import { extensionOids } from './object-identifiers.ts';
import { splitPem } from './pem.ts';
import { PkiError } from './pki-error.ts';
import { type AlgorithmIdentifier, readAlgorithmIdentifier } from './signature-algorithm.ts';
import { readSubjectAlternativeNames, type SubjectAlternativeName } from './subject-alternative-name.ts';
import { verifyIssued } from './verify-issued.ts';

/** What a certificate says (RFC 5280 §4.1). Nothing here is verified; all arrays are views into `der`. */
export interface ParsedCertificate {
  readonly der: Uint8Array;
  /** The exact bytes that are signed. */
  readonly tbs: Uint8Array;
  readonly serial: bigint;
  readonly subject: DistinguishedName;
  readonly issuer: DistinguishedName;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** Made on first use; throws {@link PkiError} when the key is of a kind the platform cannot read. */
  readonly publicKey: KeyObject;
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Uint8Array;
  /** OID of the signature algorithm. */
  readonly signatureAlgorithm: string;
  readonly signatureAlgorithmIdentifier: AlgorithmIdentifier;
  readonly signature: Uint8Array;
  readonly subjectAlternativeNames: readonly SubjectAlternativeName[];
  /** Undefined when the extension is absent: any use is allowed then. */
  readonly keyUsages: readonly KeyUsage[] | undefined;
  /** Names such as `codeSigning`, or OIDs; undefined when the extension is absent. */
  readonly extendedKeyUsages: readonly string[] | undefined;
  readonly basicConstraints: BasicConstraints | undefined;
  readonly extensions: ReadonlyMap<string, FoundExtension>;
  readonly unknownCriticalExtensions: readonly string[];
  /** As {@link verifyIssued}; the last answer is kept, so that asking again of the same certificate costs nothing. */
  isIssuedBy(parent: ParsedCertificate): boolean;
}

const maximumCertificateBytes = 256 * 1024;

/**
 * Reads one certificate from DER or PEM (text or bytes). Of several PEM certificates the first is read. Throws
 * {@link PkiError} on anything that is not a well-formed certificate of at most 256 KiB.
 */
export function parseCertificate(pemOrDer: string | Uint8Array): ParsedCertificate {
  if (typeof pemOrDer !== 'string' && pemOrDer[0] === derTags.sequence) return readCertificate(pemOrDer);
  const block = splitPem(textOf(pemOrDer)).find(({ label }) => label === 'CERTIFICATE');
  if (block === undefined) throw new PkiError('no PEM certificate found');
  return readCertificate(block.der);
}

/** Reads all certificates of a PEM bundle (at most `maximum`, 100 unless told), skipping blocks with other labels. */
export function parseCertificates(pem: string | Uint8Array, maximum = 100): ParsedCertificate[] {
  const blocks = splitPem(textOf(pem)).filter(({ label }) => label === 'CERTIFICATE');
  if (blocks.length > maximum) throw new PkiError(`the bundle holds more than ${maximum} certificates`);
  return blocks.map(({ der }) => readCertificate(der));
}

function textOf(pem: string | Uint8Array): string {
  return typeof pem === 'string' ? pem : Buffer.from(pem).toString('latin1');
}

function readCertificate(der: Uint8Array): ParsedCertificate {
  const certificate = openDer(readDer(der, maximumCertificateBytes), 'certificate');
  const tbs = certificate.next(derTags.sequence, 'signed part');
  const algorithm = readAlgorithmIdentifier(certificate.next(), 'signature algorithm');
  const signature = readDerBitStringBytes(certificate.next(), 'signature');
  certificate.finish();
  const fields = readSignedPart(tbs);
  if (Buffer.compare(fields.algorithm.der, algorithm.der) !== 0) {
    throw new PkiError('the signature algorithm differs inside and outside of the signed part');
  }
  const { extensions, spki } = fields;
  const readValue = <Value>(oid: string, read: (value: Uint8Array) => Value): Value | undefined => {
    const extension = extensions.get(oid);
    return extension === undefined ? undefined : read(extension.value);
  };
  let publicKey: KeyObject | undefined;
  let checked: { readonly parent: ParsedCertificate; readonly isIssued: boolean } | undefined;
  const parsed: ParsedCertificate = {
    der,
    tbs: tbs.bytes,
    serial: fields.serial,
    subject: fields.subject,
    issuer: fields.issuer,
    notBefore: fields.notBefore,
    notAfter: fields.notAfter,
    get publicKey() {
      publicKey ??= readPublicKey(spki);
      return publicKey;
    },
    spki,
    signatureAlgorithm: algorithm.oid,
    signatureAlgorithmIdentifier: algorithm,
    signature,
    subjectAlternativeNames: readValue(extensionOids.subjectAlternativeName, readSubjectAlternativeNames) ?? [],
    keyUsages: readValue(extensionOids.keyUsage, readKeyUsages),
    extendedKeyUsages: readValue(extensionOids.extendedKeyUsage, readExtendedKeyUsages),
    basicConstraints: readValue(extensionOids.basicConstraints, readBasicConstraints),
    extensions,
    unknownCriticalExtensions: listUnknownCriticalExtensions(extensions.values()),
    isIssuedBy(parent) {
      if (checked?.parent !== parent) checked = { parent, isIssued: verifyIssued(parsed, parent) };
      return checked.isIssued;
    },
  };
  return parsed;
}

interface SignedPart {
  readonly serial: bigint;
  readonly algorithm: AlgorithmIdentifier;
  readonly issuer: DistinguishedName;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly subject: DistinguishedName;
  readonly spki: Uint8Array;
  readonly extensions: ReadonlyMap<string, FoundExtension>;
}

function readSignedPart(tbs: DerElement): SignedPart {
  const cursor = openDer(tbs, 'signed part');
  const version = cursor.optional(derContextTag(0, true));
  const versionNumber = version === undefined ? 0 : readDerSmallInteger(unwrapDer(version, 'version'), 2, 'version');
  const serial = readDerInteger(cursor.next(), 'serial number');
  const algorithm = readAlgorithmIdentifier(cursor.next(), 'signature algorithm');
  const issuer = readDistinguishedName(cursor.next(), 'issuer');
  const validity = openDer(cursor.next(), 'validity');
  const notBefore = readDerTime(validity.next(), 'start of validity');
  const notAfter = readDerTime(validity.next(), 'end of validity');
  validity.finish();
  const subject = readDistinguishedName(cursor.next(), 'subject');
  const spki = cursor.next(derTags.sequence, 'public key').bytes;
  cursor.optional(derContextTag(1, false), 'issuer unique id');
  cursor.optional(derContextTag(2, false), 'subject unique id');
  const list = cursor.optional(derContextTag(3, true), 'extensions');
  cursor.finish();
  if (list !== undefined && versionNumber !== 2) throw new PkiError('extensions need certificate version 3');
  const extensions = list === undefined ? new Map() : readExtensions(unwrapDer(list, 'extensions'));
  return { serial, algorithm, issuer, notBefore, notAfter, subject, spki, extensions };
}

function readPublicKey(spki: Uint8Array): KeyObject {
  try {
    return importPublicKey(spki);
  } catch {
    throw new PkiError('the public key of the certificate cannot be read');
  }
}
