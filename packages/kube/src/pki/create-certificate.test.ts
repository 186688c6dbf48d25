import { sign, verify, X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type CertificateRequest, createCertificate } from './create-certificate.ts';
import { readDer } from './der-reader.ts';
import { readDerOctetString } from './der-values.ts';
import { derOctetString } from './der-writer.ts';
import { generateKeyPair, type KeyAlgorithm } from './key-pair.ts';
import { extensionOids } from './object-identifiers.ts';
import { parseCertificate } from './parse-certificate.ts';
import { tbsWithoutExtension } from './tbs-without-extension.ts';
import { verifyIssued } from './verify-issued.ts';

const validity = { notBefore: new Date('2026-01-01T00:00:00Z'), notAfter: new Date('2060-06-01T12:30:45Z') };
const rootKeys = generateKeyPair('ecdsa-p384');
const rootRequest: CertificateRequest = {
  subject: { commonName: 'root', organizations: ['Example', 'Second'] },
  publicKey: rootKeys.publicKey,
  signingKey: rootKeys.privateKey,
  ...validity,
  isCertificateAuthority: true,
  pathLength: 1,
  subjectAlternativeNames: [],
  extendedKeyUsages: [],
};
const root = createCertificate(rootRequest);
const leafKeys = generateKeyPair('ecdsa-p256');
const leafRequest: CertificateRequest = {
  subject: {},
  publicKey: leafKeys.publicKey,
  issuer: { certificatePem: root.pem, privateKey: rootKeys.privateKey },
  ...validity,
  isCertificateAuthority: false,
  subjectAlternativeNames: [
    { type: 'dns', value: 'vouchsafe.svc' },
    { type: 'ip', value: '127.0.0.1' },
    { type: 'ip', value: '::ffff:1.2.3.4' },
    { type: 'ip', value: '2001:db8::7' },
    { type: 'uri', value: 'https://example.com/a@refs/heads/main' },
    { type: 'email', value: 'dev@example.com' },
    { type: 'otherName', oid: '1.3.6.1.4.1.57264.1.7', value: 'dév' },
  ],
  extendedKeyUsages: ['serverAuth', 'clientAuth'],
};

describe('createCertificate', () => {
  it.each<[KeyAlgorithm, string]>([
    ['ecdsa-p256', '1.2.840.10045.4.3.2'],
    ['ecdsa-p384', '1.2.840.10045.4.3.3'],
    ['ecdsa-p521', '1.2.840.10045.4.3.4'],
    ['rsa-2048', '1.2.840.113549.1.1.11'],
    ['ed25519', '1.3.101.112'],
  ])('self-signs with %s', (algorithm, oid) => {
    const keys = generateKeyPair(algorithm);
    const { pem, der } = createCertificate({ ...rootRequest, publicKey: keys.publicKey, signingKey: keys.privateKey });
    const parsed = parseCertificate(pem);
    const node = new X509Certificate(pem);
    expect(node.verify(keys.publicKey)).toBe(true);
    expect(node.checkPrivateKey(keys.privateKey)).toBe(true);
    expect(node.ca).toBe(true);
    expect(node.raw).toEqual(der);
    expect(parsed.signatureAlgorithm).toBe(oid);
    expect(verifyIssued(parsed, parsed)).toBe(true);
    expect(parsed.basicConstraints).toEqual({ isCertificateAuthority: true, pathLength: 1 });
    expect(parsed.notAfter).toEqual(validity.notAfter);
  });

  it('issues a leaf that node accepts for its names', () => {
    const leaf = createCertificate(leafRequest);
    const node = new X509Certificate(leaf.pem);
    const issuer = new X509Certificate(root.pem);
    expect(node.checkIssued(issuer)).toBe(true);
    expect(node.verify(issuer.publicKey)).toBe(true);
    expect(node.checkHost('vouchsafe.svc')).toBe('vouchsafe.svc');
    expect(node.checkIP('127.0.0.1')).toBe('127.0.0.1');
    expect(node.checkIP('2001:db8::7')).toBe('2001:db8::7');
    expect(node.checkEmail('dev@example.com')).toBe('dev@example.com');
    expect(node.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']);
    const parsed = parseCertificate(leaf.pem);
    expect(verifyIssued(parsed, parseCertificate(root.pem))).toBe(true);
    expect(parsed.subjectAlternativeNames.map(({ type, value }) => [type, value])).toEqual(
      leafRequest.subjectAlternativeNames.map(({ type, value }) => [
        type,
        value === '::ffff:1.2.3.4' ? '::ffff:102:304' : value,
      ]),
    );
    expect(parsed.subject.text).toBe('');
    expect(parsed.extensions.get(extensionOids.subjectAlternativeName)?.critical).toBe(true);
    expect(parsed.keyUsages).toEqual(['digitalSignature']);
  });

  it('gives positive serial numbers that differ', () => {
    const serials = Array.from({ length: 20 }, () => parseCertificate(createCertificate(leafRequest).der).serial);
    expect(new Set(serials).size).toBe(20);
    expect(serials.every((serial) => serial > 0n && serial < 1n << 127n)).toBe(true);
  });

  it('links the authority key id to the issuer', () => {
    const keyId = parseCertificate(root.pem).extensions.get(extensionOids.subjectKeyIdentifier);
    const issuerId = readDerOctetString(readDer(keyId?.value ?? new Uint8Array()));
    const authority = parseCertificate(createCertificate(leafRequest).pem).extensions.get(
      extensionOids.authorityKeyIdentifier,
    );
    expect(Buffer.from(authority?.value ?? []).subarray(4)).toEqual(Buffer.from(issuerId));
  });

  it('marks a lone timeStamping usage critical', () => {
    const { pem } = createCertificate({ ...leafRequest, extendedKeyUsages: ['timeStamping'] });
    expect(parseCertificate(pem).extensions.get(extensionOids.extendedKeyUsage)?.critical).toBe(true);
  });

  it('embeds an extension made over the certificate without it', () => {
    const logKeys = generateKeyPair('ecdsa-p256');
    const oid = extensionOids.signedCertificateTimestampList;
    const { pem } = createCertificate(leafRequest, {
      extensionsFromTbs: (tbs) => [
        { oid, critical: false, value: derOctetString(sign('sha256', tbs, logKeys.privateKey)) },
      ],
    });
    const parsed = parseCertificate(pem);
    const embedded = readDerOctetString(readDer(parsed.extensions.get(oid)?.value ?? new Uint8Array()));
    expect(verify('sha256', tbsWithoutExtension(parsed, oid), logKeys.publicKey, embedded)).toBe(true);
    expect(verify('sha256', parsed.tbs, logKeys.publicKey, embedded)).toBe(false);
    expect(new X509Certificate(pem).verify(rootKeys.publicKey)).toBe(true);
  });

  it('leaves the signed part as it is when the extension is absent', () => {
    const parsed = parseCertificate(root.pem);
    expect(Buffer.from(tbsWithoutExtension(parsed, '1.2.3'))).toEqual(Buffer.from(parsed.tbs));
  });

  it('refuses a request without a signer', () => {
    const { issuer: _, ...unsigned } = leafRequest;
    expect(() => createCertificate(unsigned)).toThrow('either an issuer or a signing key');
  });

  it.each<[string, Partial<CertificateRequest>, string]>([
    ['two signers', { signingKey: rootKeys.privateKey }, 'either an issuer or a signing key'],
    ['a reversed validity', { notAfter: new Date(0) }, 'before its start'],
    ['an invalid date', { notBefore: new Date(Number.NaN) }, 'cannot be written'],
    ['a bad address', { subjectAlternativeNames: [{ type: 'ip', value: '1.2.3' }] }, 'not an ip address'],
    ['a name outside ASCII', { subjectAlternativeNames: [{ type: 'dns', value: 'ü' }] }, 'not ASCII'],
    [
      'an other name without its type',
      { subjectAlternativeNames: [{ type: 'otherName', value: 'x' }] },
      'needs an object',
    ],
    ['a bad identifier', { extensions: [{ oid: '9.9', critical: false, value: new Uint8Array() }] }, 'not an object'],
  ])('refuses %s', (_, change, message) => {
    expect(() => createCertificate({ ...leafRequest, ...change })).toThrow(message);
  });
});
