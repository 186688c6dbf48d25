import { X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type CertificateState, renewCertificates } from './renew-certificates.ts';

const names = { serviceName: 'kyverno-svc', namespace: 'kyverno', serverIP: '127.0.0.1:9443' };
const start = new Date('2026-01-01T00:00:00Z');
const later = (days: number) => new Date(start.getTime() + days * 86_400_000);
const nothing: CertificateState = { authority: undefined, serving: undefined };

describe('certificates', () => {
  const first = renewCertificates(nothing, names, start);

  it('are made when there are none: a leaf for the service, signed by an authority', () => {
    expect([first.authorityChanged, first.servingChanged]).toEqual([true, true]);
    const authority = new X509Certificate(first.authority.certificate);
    const leaf = new X509Certificate(first.serving.certificate);
    expect(authority.ca).toBe(true);
    expect(leaf.verify(authority.publicKey)).toBe(true);
    expect(leaf.subjectAltName).toBe(
      'DNS:kyverno-svc, DNS:kyverno-svc.kyverno, DNS:kyverno-svc.kyverno.svc, IP Address:127.0.0.1',
    );
    expect(leaf.validToDate).toEqual(later(150));
  });

  it('are kept while good', () => {
    expect(renewCertificates(first, names, later(100))).toEqual({
      ...first,
      authorityChanged: false,
      servingChanged: false,
    });
  });

  it('the leaf is renewed 15 days before its end, by the same authority', () => {
    const second = renewCertificates(first, names, later(136));
    expect([second.authorityChanged, second.servingChanged]).toEqual([false, true]);
    expect(
      new X509Certificate(second.serving.certificate).verify(
        new X509Certificate(first.authority.certificate).publicKey,
      ),
    ).toBe(true);
  });

  it('a new authority comes with a new leaf, and the old one stays in the bundle until it ends', () => {
    const second = renewCertificates(first, names, later(351));
    expect([second.authorityChanged, second.servingChanged]).toEqual([true, true]);
    expect(second.authority.certificate.match(/BEGIN CERTIFICATE/g)).toHaveLength(2);
    expect(second.authority.certificate.endsWith(first.authority.certificate)).toBe(true);
    const third = renewCertificates(second, names, later(702));
    expect(third.authority.certificate.match(/BEGIN CERTIFICATE/g)).toHaveLength(2);
  });

  it.each([
    ['another service name', first, { ...names, serviceName: 'other' }, false, true],
    ['an unreadable leaf', { ...first, serving: { certificate: 'x', privateKey: 'y' } }, names, false, true],
    [
      'an unreadable authority',
      { ...first, authority: { certificate: '-----BEGIN', privateKey: 'y' } },
      names,
      true,
      true,
    ],
    [
      'a leaf of somebody else',
      { ...first, serving: renewCertificates(nothing, names, start).serving },
      names,
      false,
      true,
    ],
  ])('are replaced for %s', (_, stored, wanted, authorityChanged, servingChanged) => {
    const renewed = renewCertificates(stored, wanted, later(1));
    expect([renewed.authorityChanged, renewed.servingChanged]).toEqual([authorityChanged, servingChanged]);
  });
});
