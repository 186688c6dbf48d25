import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { rootCertificates } from 'node:tls';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { derSequence } from './der-writer.ts';
import { type ParsedCertificate, parseCertificate, parseCertificates } from './parse-certificate.ts';
import { attemptPki } from './pki-error.ts';
import { verifyIssued } from './verify-issued.ts';

const pemOf = (name: string): string => readFileSync(new URL(`fixtures/openssl-${name}.pem`, import.meta.url), 'utf8');
const sha1WithRsa = '1.2.840.113549.1.1.5';
const names = ['root-p384', 'intermediate-p521', 'leaf-p256', 'rsa', 'rsa-pss', 'rsa-sha1', 'ed25519', 'version-1'];
const root = parseCertificate(pemOf('root-p384'));
const intermediate = parseCertificate(pemOf('intermediate-p521'));
const leaf = parseCertificate(pemOf('leaf-p256'));

describe('parseCertificate agrees with node', () => {
  it.each(names)('%s', (name) => {
    const ours = parseCertificate(pemOf(name));
    const theirs = new X509Certificate(pemOf(name));
    expect(Buffer.from(ours.der)).toEqual(theirs.raw);
    expect(ours.serial).toBe(BigInt(`0x${theirs.serialNumber}`));
    expect(ours.notBefore).toEqual(theirs.validFromDate);
    expect(ours.notAfter).toEqual(theirs.validToDate);
    expect(ours.publicKey.equals(theirs.publicKey)).toBe(true);
    expect(ours.basicConstraints?.isCertificateAuthority ?? false).toBe(theirs.ca);
    expect(ours.subject.commonName).toBe(theirs.toLegacyObject().subject['CN']);
  });

  it('on every root the platform trusts, each verified by itself unless it is SHA-1', () => {
    expect(rootCertificates.length).toBeGreaterThan(100);
    for (const pem of rootCertificates) {
      const ours = parseCertificate(pem);
      const theirs = new X509Certificate(pem);
      expect(ours.serial).toBe(BigInt(`0x${theirs.serialNumber}`));
      expect([ours.notBefore, ours.notAfter]).toEqual([theirs.validFromDate, theirs.validToDate]);
      expect(ours.publicKey.equals(theirs.publicKey)).toBe(true);
      expect(ours.basicConstraints?.isCertificateAuthority).toBe(true);
      expect(ours.unknownCriticalExtensions).toEqual([]);
      expect(verifyIssued(ours, ours)).toBe(ours.signatureAlgorithm !== sha1WithRsa);
    }
  });

  it('reads the same from PEM text, PEM bytes and DER', () => {
    for (const input of [Buffer.from(pemOf('leaf-p256')), leaf.der]) {
      expect(Buffer.from(parseCertificate(input).tbs)).toEqual(Buffer.from(leaf.tbs));
    }
  });
});

describe('parseCertificate reads', () => {
  it('names', () => {
    expect(leaf.subject.text).toBe('CN=leaf ünï,OU=a\\+b,O=second,O=Example\\, Inc.,C=DE');
    expect(leaf.subject.organizations).toEqual(['Example, Inc.', 'second']);
    expect(leaf.issuer.text).toBe('CN=intermediate,O=Example\\, Inc.');
  });

  it('every kind of alternative name', () => {
    expect(leaf.subjectAlternativeNames.map(({ der: _, ...name }) => name)).toEqual([
      { type: 'dns', value: 'app.example.com' },
      { type: 'ip', value: '10.1.2.3' },
      { type: 'ip', value: '2001:db8::1' },
      { type: 'uri', value: 'https://github.com/example/app/.github/workflows/release.yml@refs/heads/main' },
      { type: 'email', value: 'dev@example.com' },
      { type: 'otherName', oid: '1.3.6.1.4.1.57264.1.7', value: 'dév!gitlab.example' },
      { type: 'directoryName', value: 'CN=dir,O=Example' },
      { type: 'registeredId', value: '1.2.3.4' },
    ]);
  });

  it('usages, constraints and critical extensions it does not know', () => {
    expect(leaf.keyUsages).toEqual(['digitalSignature']);
    expect(leaf.extendedKeyUsages).toEqual(['codeSigning', 'serverAuth', '1.2.3.4.5']);
    expect(leaf.basicConstraints).toBeUndefined();
    expect(leaf.unknownCriticalExtensions).toEqual(['2.5.29.30']);
    expect(root.basicConstraints).toEqual({ isCertificateAuthority: true, pathLength: 2 });
    expect(root.keyUsages).toEqual(['keyCertSign', 'cRLSign']);
    expect(root.unknownCriticalExtensions).toEqual([]);
  });

  it('a bundle, and refuses one that is too long', () => {
    const bundle = `comment\n${pemOf('root-p384')}\n${pemOf('rsa')}`;
    expect(parseCertificates(bundle).map(({ subject }) => subject.commonName)).toEqual(['root', 'rsa']);
    expect(() => parseCertificates(bundle, 1)).toThrow('more than 1');
  });
});

describe('verifyIssued', () => {
  it.each<[string, ParsedCertificate, ParsedCertificate, boolean]>([
    ['root by itself', root, root, true],
    ['intermediate by root', intermediate, root, true],
    ['leaf by intermediate', leaf, intermediate, true],
    ['leaf by root', leaf, root, false],
    ['root by intermediate', root, intermediate, false],
    ...['rsa', 'rsa-pss', 'ed25519', 'version-1'].map(
      (name): [string, ParsedCertificate, ParsedCertificate, boolean] => {
        const certificate = parseCertificate(pemOf(name));
        return [name, certificate, certificate, true];
      },
    ),
    ['SHA-1', parseCertificate(pemOf('rsa-sha1')), parseCertificate(pemOf('rsa-sha1')), false],
  ])('%s', (_, child, parent, expected) => {
    expect(verifyIssued(child, parent)).toBe(expected);
  });

  it('is asked of each parent anew', () => {
    const child = parseCertificate(leaf.der);
    const renamed = { ...intermediate, spki: root.spki, publicKey: root.publicKey };
    const asked = [intermediate, renamed, intermediate, root, renamed].map((parent) => child.isIssuedBy(parent));
    expect(asked).toEqual([true, false, true, false, false]);
  });

  it('refuses any changed bit of the signed part or the signature', () => {
    fc.assert(
      fc.property(fc.nat(leaf.der.length - 1), fc.nat(7), (at, bit) => {
        const changed = Uint8Array.from(leaf.der);
        changed[at] = (changed[at] ?? 0) ^ (1 << bit);
        const result = attemptPki(() => verifyIssued(parseCertificate(changed), intermediate));
        expect(result.ok && result.value).toBe(false);
      }),
      { numRuns: 500 },
    );
  });
});

describe('attacks', () => {
  it('every truncation is refused', () => {
    for (let length = 0; length < leaf.der.length; length += 1) {
      expect(attemptPki(() => parseCertificate(leaf.der.subarray(0, length))).ok).toBe(false);
    }
  });

  it.each([
    ['trailing bytes', Buffer.concat([leaf.der, Uint8Array.of(0)]), '1 trailing bytes'],
    ['an empty sequence', derSequence(), 'signed part is missing'],
    ['text', Buffer.from('hello'), 'no PEM certificate found'],
    ['too many bytes', Buffer.concat([Uint8Array.of(0x30), new Uint8Array(300_000)]), 'exceeds 262144'],
  ])('%s', (_, input, message) => {
    expect(() => parseCertificate(input)).toThrow(message);
  });

  it('random edits give a certificate or a PkiError, never another error', () => {
    const edits = fc.array(fc.tuple(fc.nat(leaf.der.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(edits, (changes) => {
        const changed = Uint8Array.from(leaf.der);
        for (const [at, value] of changes) changed[at] = value;
        const result = attemptPki(() => parseCertificate(changed));
        expect(typeof result.ok).toBe('boolean');
        if (result.ok) attemptPki(() => result.value.publicKey);
      }),
      { numRuns: 2000 },
    );
  });
});
