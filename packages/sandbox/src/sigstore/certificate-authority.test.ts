import { createHash, verify } from 'node:crypto';
import {
  extensionOids,
  generateKeyPair,
  parseCertificate,
  readDer,
  readDerOctetString,
  tbsWithoutExtension,
  verifyIssued,
} from '@vouchsafe/kube/pki';
import { describe, expect, it } from 'vitest';
import { createAuthorities } from './authorities.ts';
import type { CertificateVariant } from './certificate-authority.ts';
import type { IdentityClaims } from './identity-claims.ts';
import { createSigstoreServices } from './sigstore-services.ts';

const now = new Date('2026-01-01T00:00:00Z');
const services = createSigstoreServices(
  createAuthorities(new Date(now.getTime() - 86_400_000)),
  '127.0.0.1:1',
  () => now,
);
const intermediate = parseCertificate(services.authorities.fulcioIntermediate.certificatePem);
const CLAIMS: IdentityClaims = {
  iss: 'https://token.actions.githubusercontent.com',
  sub: 'repo:acme/app:ref:refs/heads/main',
  job_workflow_ref: 'acme/app/.github/workflows/release.yml@refs/heads/main',
  repository: 'acme/app',
  run_id: '77',
};

function issue(variant?: CertificateVariant, claims = CLAIMS) {
  const { publicKey } = generateKeyPair('ecdsa-p256');
  return parseCertificate(services.issueCertificate({ publicKey, claims, ...(variant && { variant }) }).der);
}

/** RFC 6962 §3.2, read from the certificate alone. */
function timestampIsValid(certificate: ReturnType<typeof issue>): boolean | 'missing' {
  const extension = certificate.extensions.get(extensionOids.signedCertificateTimestampList);
  if (extension === undefined) return 'missing';
  const list = Buffer.from(readDerOctetString(readDer(extension.value)));
  const entry = list.subarray(4);
  if (!entry.subarray(1, 33).equals(services.certificateLog.id)) return false;
  const tbs = tbsWithoutExtension(certificate, extensionOids.signedCertificateTimestampList);
  const length = Buffer.alloc(3);
  length.writeUIntBE(tbs.length, 0, 3);
  const issuerHash = createHash('sha256').update(intermediate.spki).digest();
  const signed = [
    Uint8Array.of(0, 0),
    entry.subarray(33, 41),
    Uint8Array.of(0, 1),
    issuerHash,
    length,
    tbs,
    Uint8Array.of(0, 0),
  ];
  return verify('sha256', Buffer.concat(signed), services.certificateLog.publicKey, entry.subarray(47));
}

describe('issueCertificate', () => {
  it('certifies an identity for ten minutes, with a timestamp that holds', () => {
    const certificate = issue();
    expect(certificate.subjectAlternativeNames).toMatchObject([
      { type: 'uri', value: `https://github.com/${CLAIMS['job_workflow_ref']}` },
    ]);
    expect([certificate.notBefore, certificate.notAfter]).toEqual([now, new Date(now.getTime() + 600_000)]);
    expect(certificate.extendedKeyUsages).toEqual(['codeSigning']);
    expect(verifyIssued(certificate, intermediate)).toBe(true);
    expect(timestampIsValid(certificate)).toBe(true);
    const text = (number: number) => {
      const value = certificate.extensions.get(`1.3.6.1.4.1.57264.1.${number}`)?.value ?? new Uint8Array();
      return Buffer.from(number < 8 ? value : readDer(value).content).toString();
    };
    expect([text(1), text(8), text(5), text(12)]).toEqual([
      CLAIMS.iss,
      CLAIMS.iss,
      'acme/app',
      'https://github.com/acme/app',
    ]);
    expect(text(21)).toBe('https://github.com/acme/app/actions/runs/77/attempts/1');
  });

  it.each<[string, IdentityClaims, { type: string; value: string }]>([
    ['mail', { iss: 'https://i.test', sub: 'x', email: 'a@b.test' }, { type: 'email', value: 'a@b.test' }],
    ['username', { iss: 'https://i.test', sub: 'x', username: 'joe' }, { type: 'otherName', value: 'joe' }],
    ['subject', { iss: 'https://i.test', sub: 'spiffe://a/b' }, { type: 'uri', value: 'spiffe://a/b' }],
  ])('names a %s', (_what, claims, expected) => {
    expect(issue(undefined, claims).subjectAlternativeNames).toMatchObject([expected]);
  });

  it.each<[CertificateVariant, (certificate: ReturnType<typeof issue>) => unknown, unknown]>([
    [{ timestamp: 'missing' }, timestampIsValid, 'missing'],
    [{ timestamp: 'unknown-log' }, timestampIsValid, false],
    [{ timestamp: 'of-another-certificate' }, timestampIsValid, false],
    [{ issuedBy: 'impostor' }, (certificate) => verifyIssued(certificate, intermediate), false],
    [{ issuedBy: 'impostor' }, (certificate) => certificate.issuer.text, intermediate.subject.text],
    [{ issuedBy: 'leaf' }, (certificate) => certificate.issuer.text, ''],
    [{ issuedBy: 'root' }, (certificate) => certificate.issuer.commonName, 'sandbox fulcio root'],
    [{ extendedKeyUsages: [] }, (certificate) => certificate.extendedKeyUsages, undefined],
    [{ extendedKeyUsages: ['serverAuth'] }, (certificate) => certificate.extendedKeyUsages, ['serverAuth']],
    [{ subjectAlternativeNames: [] }, (certificate) => certificate.subjectAlternativeNames, []],
    [{ lifetimeMs: 1000 }, (certificate) => certificate.notAfter, new Date(now.getTime() + 1000)],
    [
      { withoutExtensions: ['1.3.6.1.4.1.57264.1.8'] },
      (certificate) => certificate.extensions.has('1.3.6.1.4.1.57264.1.8'),
      false,
    ],
    [
      { extensions: [{ oid: '1.2.3.4', critical: true, value: Uint8Array.of(5, 0) }] },
      (certificate) => certificate.unknownCriticalExtensions,
      ['1.2.3.4'],
    ],
  ])('%j', (variant, look, expected) => {
    expect(look(issue(variant))).toEqual(expected);
  });
});
