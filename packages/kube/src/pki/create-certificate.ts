import { createHash, type KeyObject, randomBytes } from 'node:crypto';
import {
  type CertificateExtension,
  type ExtendedKeyUsage,
  type KeyUsage,
  writeBasicConstraints,
  writeExtendedKeyUsages,
  writeExtension,
  writeKeyUsages,
} from './certificate-extensions.ts';
import { derTags, openDer, readDer } from './der-reader.ts';
import { readDerBitStringBytes, readDerOctetString } from './der-values.ts';
import {
  derBitString,
  derContext,
  derContextPrimitive,
  derInteger,
  derOctetString,
  derSequence,
  derTime,
} from './der-writer.ts';
import { writeDistinguishedName } from './distinguished-name.ts';
import { extensionOids } from './object-identifiers.ts';
import { type ParsedCertificate, parseCertificate } from './parse-certificate.ts';
import { joinPem } from './pem.ts';
import { PkiError } from './pki-error.ts';
import { chooseSignatureAlgorithm } from './signature-algorithm.ts';
import { type SubjectAlternativeNameRequest, writeSubjectAlternativeNames } from './subject-alternative-name.ts';

/** What to certify. Exactly one of `issuer` and `signingKey` says who signs. */
export interface CertificateRequest {
  readonly subject: { readonly commonName?: string; readonly organizations?: readonly string[] };
  readonly publicKey: KeyObject;
  /** The authority: its certificate gives the issuer name and the authority key id. */
  readonly issuer?: { readonly certificatePem: string; readonly privateKey: KeyObject };
  /** Self-signed: the private key of `publicKey`. */
  readonly signingKey?: KeyObject;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly isCertificateAuthority: boolean;
  /** Only for authorities: how many authorities may follow. */
  readonly pathLength?: number;
  readonly subjectAlternativeNames: readonly SubjectAlternativeNameRequest[];
  /** Default: keyCertSign and cRLSign for authorities, otherwise digitalSignature (and keyEncipherment for RSA). */
  readonly keyUsages?: readonly KeyUsage[];
  readonly extendedKeyUsages: readonly ExtendedKeyUsage[];
  /** Added after the standard ones, as given. */
  readonly extensions?: readonly CertificateExtension[];
}

export interface CertificateOptions {
  /**
   * Called with the encoded signed part as it is without these extensions; what it returns is added at the end. Lets a
   * log sign a timestamp over the precertificate that is then embedded (RFC 6962 §3.2).
   */
  readonly extensionsFromTbs?: (tbsWithoutSct: Uint8Array) => readonly CertificateExtension[];
}

export interface CreatedCertificate {
  readonly pem: string;
  readonly der: Uint8Array;
}

/**
 * Makes and signs a version 3 certificate (RFC 5280) with a random positive serial number. The signature hash follows
 * the signing key: P-256 and RSA SHA-256, P-384 SHA-384, P-521 SHA-512, Ed25519 its own. Throws {@link PkiError} when
 * the request cannot be encoded; does not check that the issuer is an authority.
 */
export function createCertificate(request: CertificateRequest, options: CertificateOptions = {}): CreatedCertificate {
  const signer = signerOf(request);
  const algorithm = chooseSignatureAlgorithm(signer.privateKey);
  const subject = writeDistinguishedName(request.subject);
  const spki = request.publicKey.export({ type: 'spki', format: 'der' });
  const leading = [
    derContext(0, derInteger(2)),
    derInteger(randomSerial()),
    algorithm.der,
    signer.certificate?.subject.der ?? subject,
    derSequence(derTime(request.notBefore), derTime(request.notAfter)),
    subject,
    spki,
  ];
  const extensions = standardExtensions(request, spki, signer.certificate);
  const writeTbs = (list: readonly CertificateExtension[]): Uint8Array =>
    derSequence(...leading, derContext(3, derSequence(...list.map(writeExtension))));
  const late = options.extensionsFromTbs?.(writeTbs(extensions)) ?? [];
  const tbs = writeTbs([...extensions, ...late]);
  const der = derSequence(tbs, algorithm.der, derBitString(algorithm.sign(tbs)));
  return { der, pem: joinPem('CERTIFICATE', der) };
}

/**
 * The key identifier this room gives a public key: the first 160 bits of the SHA-256 of the subjectPublicKey bits
 * (RFC 7093 §2, method 1).
 */
export function keyIdentifierOf(spki: Uint8Array): Uint8Array {
  const cursor = openDer(readDer(spki), 'public key');
  cursor.next(derTags.sequence, 'algorithm');
  const bits = readDerBitStringBytes(cursor.next(), 'public key bits');
  return createHash('sha256').update(bits).digest().subarray(0, 20);
}

function signerOf({ issuer, signingKey, notBefore, notAfter }: CertificateRequest): {
  privateKey: KeyObject;
  certificate: ParsedCertificate | undefined;
} {
  if (notAfter < notBefore) throw new PkiError('the end of validity is before its start');
  if (issuer !== undefined && signingKey === undefined) {
    return { privateKey: issuer.privateKey, certificate: parseCertificate(issuer.certificatePem) };
  }
  if (signingKey === undefined || issuer !== undefined) {
    throw new PkiError('either an issuer or a signing key is needed');
  }
  return { privateKey: signingKey, certificate: undefined };
}

/** 127 random bits, never zero: positive, and within the 20 octets of RFC 5280 §4.1.2.2. */
function randomSerial(): bigint {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return BigInt(`0x${bytes.toString('hex')}`);
}

function standardExtensions(
  request: CertificateRequest,
  spki: Uint8Array,
  issuer: ParsedCertificate | undefined,
): CertificateExtension[] {
  const { subject, extendedKeyUsages, subjectAlternativeNames } = request;
  const keyId = keyIdentifierOf(spki);
  const isSubjectEmpty = subject.commonName === undefined && (subject.organizations ?? []).length === 0;
  const extensions: CertificateExtension[] = [
    { oid: extensionOids.keyUsage, critical: true, value: writeKeyUsages(keyUsagesOf(request)) },
  ];
  if (extendedKeyUsages.length > 0) {
    // A time-stamping authority's usage must be alone and critical (RFC 3161 §2.3).
    const critical = extendedKeyUsages.length === 1 && extendedKeyUsages[0] === 'timeStamping';
    extensions.push({
      oid: extensionOids.extendedKeyUsage,
      critical,
      value: writeExtendedKeyUsages(extendedKeyUsages),
    });
  }
  extensions.push(
    { oid: extensionOids.basicConstraints, critical: true, value: writeBasicConstraints(request) },
    { oid: extensionOids.subjectKeyIdentifier, critical: false, value: derOctetString(keyId) },
    {
      oid: extensionOids.authorityKeyIdentifier,
      critical: false,
      value: derSequence(derContextPrimitive(0, issuer === undefined ? keyId : subjectKeyIdentifierOf(issuer))),
    },
  );
  if (subjectAlternativeNames.length > 0) {
    const value = writeSubjectAlternativeNames(subjectAlternativeNames);
    extensions.push({ oid: extensionOids.subjectAlternativeName, critical: isSubjectEmpty, value });
  }
  return [...extensions, ...(request.extensions ?? [])];
}

function keyUsagesOf({ keyUsages, isCertificateAuthority, publicKey }: CertificateRequest): readonly KeyUsage[] {
  if (keyUsages !== undefined) return keyUsages;
  if (isCertificateAuthority) return ['keyCertSign', 'cRLSign'];
  return publicKey.asymmetricKeyType === 'rsa' ? ['digitalSignature', 'keyEncipherment'] : ['digitalSignature'];
}

function subjectKeyIdentifierOf(certificate: ParsedCertificate): Uint8Array {
  const extension = certificate.extensions.get(extensionOids.subjectKeyIdentifier);
  if (extension === undefined) return keyIdentifierOf(certificate.spki);
  return readDerOctetString(readDer(extension.value), 'subject key identifier');
}
