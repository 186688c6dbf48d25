import { createHash, createPublicKey } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import { type EngineHost, EvaluationError, type Json } from '@vouchsafe/engine/kernel';
import {
  type DistinguishedName,
  type ParsedCertificate,
  type ParsedCertificateRequest,
  parseCertificate,
  parseCertificateRequest,
  splitPem,
} from '@vouchsafe/kube/pki';
import { verifyJws } from './verify-jws.ts';

/** What a compressed text may become: a ConfigMap that holds one is no larger than a mebibyte itself. */
const MOST_TEXT_BYTES = 8 * 1024 * 1024;

/** What the engine asks of Node: hashes, certificates, compression, randomness. */
export const NODE_HOST: EngineHost = {
  hash: (algorithm, text) => createHash(algorithm).update(text, 'utf8').digest('hex'),
  decodeCertificate,
  verifyJws,
  compress: (text) => gzipSync(text),
  decompress,
  random: () => Math.random(),
};

function decompress(bytes: Uint8Array): string | EvaluationError {
  try {
    return gunzipSync(bytes, { maxOutputLength: MOST_TEXT_BYTES }).toString('utf8');
  } catch (error) {
    const isTooLong = error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE';
    return new EvaluationError(isTooLong ? `gzip: more than ${MOST_TEXT_BYTES} bytes` : 'gzip: invalid data');
  }
}

/** Of certificates and requests for them, RSA only as in Kyverno (kyverno-core §2.7). */
function decodeCertificate(pem: string): Json | EvaluationError {
  try {
    const [block] = splitPem(pem, 1_000);
    if (!block) return new EvaluationError('failed to decode PEM block');
    if (block.label === 'CERTIFICATE') return ofCertificate(parseCertificate(block.der));
    if (block.label === 'CERTIFICATE REQUEST') return ofRequest(parseCertificateRequest(block.der));
    return new EvaluationError('PEM block neither contains a CERTIFICATE or CERTIFICATE REQUEST');
  } catch {
    return new EvaluationError('failed to decode PEM block');
  }
}

/** The fields of Go's x509.Certificate that policies read. */
function ofCertificate(certificate: ParsedCertificate): Json | EvaluationError {
  const key = rsaKeyOf(certificate.spki);
  if (key === undefined) return NO_RSA;
  return {
    Raw: base64(certificate.der),
    RawTBSCertificate: base64(certificate.tbs),
    RawSubjectPublicKeyInfo: base64(certificate.spki),
    RawSubject: base64(certificate.subject.der),
    RawIssuer: base64(certificate.issuer.der),
    Signature: base64(certificate.signature),
    PublicKeyAlgorithm: 1,
    PublicKey: key,
    Version: 3,
    SerialNumber: Number(certificate.serial),
    Issuer: nameOf(certificate.issuer),
    Subject: nameOf(certificate.subject),
    NotBefore: instant(certificate.notBefore),
    NotAfter: instant(certificate.notAfter),
    IsCA: certificate.basicConstraints?.isCertificateAuthority ?? false,
    BasicConstraintsValid: certificate.basicConstraints !== undefined,
    ...alternativesOf(certificate.subjectAlternativeNames),
  };
}

/** Those of x509.CertificateRequest. */
function ofRequest(request: ParsedCertificateRequest): Json | EvaluationError {
  const key = rsaKeyOf(request.spki);
  if (key === undefined) return NO_RSA;
  return {
    Raw: base64(request.der),
    RawTBSCertificateRequest: base64(request.tbs),
    RawSubjectPublicKeyInfo: base64(request.spki),
    RawSubject: base64(request.subject.der),
    Version: request.version,
    Signature: base64(request.signature),
    PublicKeyAlgorithm: 1,
    PublicKey: key,
    Subject: nameOf(request.subject),
    ...alternativesOf(request.subjectAlternativeNames),
  };
}

const NO_RSA = new EvaluationError('certificate should use rsa algorithm');

function rsaKeyOf(spki: Uint8Array): Json | undefined {
  const key = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
  if (key.asymmetricKeyType !== 'rsa') return undefined;
  const { n = '', e = '' } = key.export({ format: 'jwk' });
  return { N: decimal(n), E: Number(decimal(e)) };
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}

function decimal(base64url: string): string {
  const hex = Buffer.from(base64url, 'base64url').toString('hex');
  return hex === '' ? '0' : BigInt(`0x${hex}`).toString();
}

function instant(date: Date): string {
  return date.toISOString().replace(/\.000Z$/, 'Z');
}

function alternativesOf(names: ParsedCertificate['subjectAlternativeNames']): Record<string, Json> {
  const ofType = (type: string): Json => {
    const values = names.filter((name) => name.type === type).map(({ value }) => value);
    return values.length > 0 ? values : null;
  };
  return { DNSNames: ofType('dns'), EmailAddresses: ofType('email'), IPAddresses: ofType('ip') };
}

const NAME_FIELDS: Readonly<Record<string, string>> = {
  '2.5.4.6': 'Country',
  '2.5.4.10': 'Organization',
  '2.5.4.11': 'OrganizationalUnit',
  '2.5.4.7': 'Locality',
  '2.5.4.8': 'Province',
  '2.5.4.9': 'StreetAddress',
  '2.5.4.17': 'PostalCode',
};

function nameOf(name: DistinguishedName): Json {
  const found: Record<string, Json> = Object.fromEntries(Object.values(NAME_FIELDS).map((field) => [field, null]));
  const names: Json[] = [];
  for (const { oid, value } of name.attributes) {
    names.push({ Type: oid.split('.').map(Number), Value: value });
    const field = NAME_FIELDS[oid];
    if (field) found[field] = [...(Array.isArray(found[field]) ? found[field] : []), value];
    if (oid === '2.5.4.3') found['CommonName'] = value;
    if (oid === '2.5.4.5') found['SerialNumber'] = value;
  }
  return { CommonName: '', SerialNumber: '', ...found, Names: names, ExtraNames: null };
}
