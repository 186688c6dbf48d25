import { createHash, createPublicKey } from 'node:crypto';
import { type EngineHost, EvaluationError, type Json } from '@vouchsafe/engine/kernel';
import { type DistinguishedName, type ParsedCertificate, parseCertificate, splitPem } from '@vouchsafe/kube/pki';

/** What the engine asks of Node: hashes, certificates, randomness. */
export const NODE_HOST: EngineHost = {
  hash: (algorithm, text) => createHash(algorithm).update(text, 'utf8').digest('hex'),
  decodeCertificate,
  random: () => Math.random(),
};

/** The fields of Go's x509.Certificate that policies read, RSA only as in Kyverno (kyverno-core §2.7). */
function decodeCertificate(pem: string): Json | EvaluationError {
  try {
    const [block] = splitPem(pem, 1_000);
    if (!block) return new EvaluationError('failed to decode PEM block');
    if (block.label !== 'CERTIFICATE') {
      return new EvaluationError('PEM block neither contains a CERTIFICATE or CERTIFICATE REQUEST');
    }
    const certificate = parseCertificate(block.der);
    const key = createPublicKey({ key: Buffer.from(certificate.spki), format: 'der', type: 'spki' });
    if (key.asymmetricKeyType !== 'rsa') return new EvaluationError('certificate should use rsa algorithm');
    const { n = '', e = '' } = key.export({ format: 'jwk' });
    return {
      Raw: base64(certificate.der),
      RawTBSCertificate: base64(certificate.tbs),
      RawSubjectPublicKeyInfo: base64(certificate.spki),
      RawSubject: base64(certificate.subject.der),
      RawIssuer: base64(certificate.issuer.der),
      Signature: base64(certificate.signature),
      PublicKeyAlgorithm: 1,
      PublicKey: { N: decimal(n), E: Number(decimal(e)) },
      Version: 3,
      SerialNumber: Number(certificate.serial),
      Issuer: nameOf(certificate.issuer),
      Subject: nameOf(certificate.subject),
      NotBefore: instant(certificate.notBefore),
      NotAfter: instant(certificate.notAfter),
      IsCA: certificate.basicConstraints?.isCertificateAuthority ?? false,
      BasicConstraintsValid: certificate.basicConstraints !== undefined,
      DNSNames: alternatives(certificate, 'dns'),
      EmailAddresses: alternatives(certificate, 'email'),
      IPAddresses: alternatives(certificate, 'ip'),
    };
  } catch {
    return new EvaluationError('failed to decode PEM block');
  }
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

function alternatives(certificate: ParsedCertificate, type: string): Json {
  const values = certificate.subjectAlternativeNames.filter((name) => name.type === type).map(({ value }) => value);
  return values.length > 0 ? values : null;
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
