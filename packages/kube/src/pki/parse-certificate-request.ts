import { readExtensions } from './certificate-extensions.ts';
import { type DerElement, derContextTag, derTags, openDer, readDer } from './der-reader.ts';
import { readDerBitStringBytes, readDerObjectIdentifier, readDerSmallInteger } from './der-values.ts';
import { type DistinguishedName, readDistinguishedName } from './distinguished-name.ts';
import { extensionOids } from './object-identifiers.ts';
import { readAlgorithmIdentifier } from './signature-algorithm.ts';
import { readSubjectAlternativeNames, type SubjectAlternativeName } from './subject-alternative-name.ts';

/** What a certificate signing request says (PKCS #10, RFC 2986 §4). Nothing here is verified. */
export interface ParsedCertificateRequest {
  readonly der: Uint8Array;
  /** The exact bytes that are signed. */
  readonly tbs: Uint8Array;
  readonly version: number;
  readonly subject: DistinguishedName;
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Uint8Array;
  readonly signature: Uint8Array;
  /** Of the extensions that are asked for. */
  readonly subjectAlternativeNames: readonly SubjectAlternativeName[];
}

const maximumBytes = 256 * 1024;
const extensionRequest = '1.2.840.113549.1.9.14';

/** Reads one request from DER. Throws `PkiError` on anything that is none, or larger than 256 KiB. */
export function parseCertificateRequest(der: Uint8Array): ParsedCertificateRequest {
  const request = openDer(readDer(der, maximumBytes), 'certificate request');
  const tbs = request.next(derTags.sequence, 'signed part');
  readAlgorithmIdentifier(request.next(), 'signature algorithm');
  const signature = readDerBitStringBytes(request.next(), 'signature');
  request.finish();
  const cursor = openDer(tbs, 'signed part');
  const version = readDerSmallInteger(cursor.next(), 2, 'version');
  const subject = readDistinguishedName(cursor.next(), 'subject');
  const spki = cursor.next(derTags.sequence, 'public key').bytes;
  const attributes = cursor.optional(derContextTag(0, true), 'attributes');
  cursor.finish();
  const subjectAlternativeNames = attributes === undefined ? [] : readWantedNames(attributes);
  return { der, tbs: tbs.bytes, version, subject, spki, signature, subjectAlternativeNames };
}

function readWantedNames(attributes: DerElement): readonly SubjectAlternativeName[] {
  for (const cursor = openDer(attributes, 'attributes', derContextTag(0, true)); !cursor.isAtEnd; ) {
    const attribute = openDer(cursor.next(derTags.sequence, 'attribute'), 'attribute');
    const oid = readDerObjectIdentifier(attribute.next(), 'attribute type');
    const values = attribute.next(derTags.set, 'attribute values');
    attribute.finish();
    if (oid !== extensionRequest) continue;
    const list = openDer(values, 'attribute values', derTags.set).next(derTags.sequence, 'extensions');
    const names = readExtensions(list).get(extensionOids.subjectAlternativeName);
    return names === undefined ? [] : readSubjectAlternativeNames(names.value);
  }
  return [];
}
