import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { EvaluationError } from '@vouchsafe/engine/kernel';
import { createCertificate } from '@vouchsafe/kube/pki';
import { describe, expect, it } from 'vitest';
import { NODE_HOST } from './node-host.ts';

function certificate(type: 'rsa' | 'ec'): string {
  const keys =
    type === 'rsa'
      ? generateKeyPairSync('rsa', { modulusLength: 2048 })
      : generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return createCertificate({
    subject: { commonName: 'signer' },
    publicKey: keys.publicKey,
    signingKey: keys.privateKey,
    notBefore: new Date('2026-01-01T00:00:00Z'),
    notAfter: new Date('2027-01-01T00:00:00Z'),
    isCertificateAuthority: true,
    subjectAlternativeNames: [
      { type: 'dns', value: 'a.example' },
      { type: 'email', value: 'a@example' },
    ],
    extendedKeyUsages: [],
  }).pem;
}

describe('what the engine asks of Node', () => {
  it('hashes', () => {
    expect(NODE_HOST.hash('sha256', 'abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
    expect(NODE_HOST.hash('md5', 'ü')).toHaveLength(32);
  });

  it('compressed texts, the same each time', () => {
    const bytes = NODE_HOST.compress?.('grüß') ?? new Uint8Array();
    expect(NODE_HOST.compress?.('grüß')).toEqual(bytes);
    expect(NODE_HOST.decompress?.(bytes)).toBe('grüß');
  });

  it.each<[string, Uint8Array, string]>([
    ['no gzip', Buffer.from('text'), 'invalid data'],
    ['a part of some', gzipSync('text').subarray(0, 12), 'invalid data'],
    ['a bomb', gzipSync(Buffer.alloc(9 * 1024 * 1024)), 'more than'],
  ])('and refuses %s', (_, bytes, expected) => {
    const refused = NODE_HOST.decompress?.(bytes);
    expect(refused).toBeInstanceOf(EvaluationError);
    expect(refused instanceof EvaluationError && refused.message).toContain(expected);
  });

  it('certificates, as policies read them', () => {
    expect(NODE_HOST.decodeCertificate(certificate('rsa'))).toMatchObject({
      Subject: { CommonName: 'signer' },
      Issuer: { CommonName: 'signer' },
      NotBefore: '2026-01-01T00:00:00Z',
      NotAfter: '2027-01-01T00:00:00Z',
      IsCA: true,
      DNSNames: ['a.example'],
      EmailAddresses: ['a@example'],
      IPAddresses: null,
      PublicKey: { E: 65_537, N: expect.stringMatching(/^\d{600,}$/) },
    });
  });

  it('requests for certificates, too', () => {
    const folder = new URL('../../../kube/src/pki/fixtures/', import.meta.url);
    const pem = (name: string): string => readFileSync(new URL(`openssl-request-${name}.pem`, folder), 'utf8');
    expect(NODE_HOST.decodeCertificate(pem('rsa'))).toMatchObject({
      Version: 0,
      Subject: { CommonName: 'csr.example', Organization: ['acme'] },
      DNSNames: ['csr.example'],
      IPAddresses: ['10.0.0.1'],
      PublicKey: { E: 65_537 },
    });
    expect(NODE_HOST.decodeCertificate(pem('p256'))).toMatchObject({ message: 'certificate should use rsa algorithm' });
  });

  it.each<[string, () => string, string]>([
    ['nothing', () => '', 'failed to decode PEM block'],
    ['half a block', () => certificate('rsa').slice(0, 200), 'failed to decode PEM block'],
    [
      'a key',
      () => '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----',
      'PEM block neither contains a CERTIFICATE or CERTIFICATE REQUEST',
    ],
    [
      'no certificate inside',
      () => '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----',
      'failed to decode PEM block',
    ],
    ['an elliptic curve', () => certificate('ec'), 'certificate should use rsa algorithm'],
  ])('%s is an error of the evaluation', (_, pem, message) => {
    const decoded = NODE_HOST.decodeCertificate(pem());
    expect(decoded).toBeInstanceOf(EvaluationError);
    expect(decoded).toMatchObject({ message });
  });

  it('randomness', () => {
    const values = Array.from({ length: 20 }, () => NODE_HOST.random());
    expect(new Set(values).size).toBeGreaterThan(15);
    expect(values.every((value) => value >= 0 && value < 1)).toBe(true);
  });
});
