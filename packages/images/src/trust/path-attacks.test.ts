import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { createCertificate, generateKeyPair, type ParsedCertificate, parseCertificate } from '@vouchsafe/kube/pki';
import { describe, expect, it } from 'vitest';
import { createAuthorities } from '../../../sandbox/src/sigstore/authorities.ts';
import { createTimestamp, imprintOf } from '../../../sandbox/src/sigstore/timestamp-authority.ts';
import { createEffort, findCertificatePath, type PathQuestion } from './certificate-path.ts';
import { attempt } from './refusal.ts';
import { checkTimeStampToken } from './time-stamp-token.ts';
import type { CertificateAuthority } from './trust-root.ts';
import { always } from './validity.ts';

const now = Date.now();
const key = generateKeyPair('ecdsa-p256');

interface Wanted {
  readonly name: string;
  readonly issuer?: ParsedCertificate;
  readonly key?: { publicKey: KeyObject; privateKey: KeyObject };
  readonly usage?: 'codeSigning' | 'timeStamping';
}

/** Certified by the issuer's name and the common key, or self-signed. */
function certify({ name, issuer, key: own = key, usage }: Wanted): ParsedCertificate {
  const certificate = createCertificate({
    subject: { commonName: name },
    publicKey: own.publicKey,
    ...(issuer === undefined
      ? { signingKey: own.privateKey }
      : { issuer: { certificatePem: pemOf(issuer), privateKey: key.privateKey } }),
    notBefore: new Date(now - 3_600_000),
    notAfter: new Date(now + 3_600_000),
    isCertificateAuthority: usage === undefined,
    subjectAlternativeNames: [],
    extendedKeyUsages: usage === undefined ? [] : [usage],
  });
  return parseCertificate(certificate.pem);
}

function pemOf({ der }: ParsedCertificate): string {
  return `-----BEGIN CERTIFICATE-----\n${Buffer.from(der).toString('base64')}\n-----END CERTIFICATE-----\n`;
}

/** Nobody knows its private half; a check of whatever signature takes a hundred times as long as usual. */
function slowKey(bits: number): { publicKey: KeyObject; privateKey: KeyObject } {
  const odd = Buffer.alloc(bits / 8, 0xff);
  const jwk = { kty: 'RSA', n: odd.toString('base64url'), e: odd.fill(0x7f, 0, 1).toString('base64url') };
  return { publicKey: createPublicKey({ key: jwk, format: 'jwk' }), privateKey: key.privateKey };
}

const trust = (anchor: ParsedCertificate): CertificateAuthority => ({
  anchors: [anchor],
  intermediates: [],
  validity: always,
  allowsLeafAnchor: false,
});

const search = (question: Pick<PathQuestion, 'leaf' | 'untrusted' | 'authorities' | 'effort'>) =>
  attempt(() => findCertificatePath({ ...question, usage: 'codeSigning', times: [now] }));

describe('attacks on the way to an authority', () => {
  const anchor = certify({ name: 'trusted' });

  it('authorities that have all signed each other: few of the ways are tried, in all that evidence brings', () => {
    const untrusted = Array.from({ length: 10 }, () => certify({ name: 'mesh' }));
    const leaf = certify({ name: 'leaf', issuer: certify({ name: 'mesh' }), usage: 'codeSigning' });
    const effort = createEffort();
    const authorities = Array.from({ length: 5 }, () => trust(certify({ name: 'elsewhere' })));
    expect(search({ leaf, untrusted, authorities, effort })).toMatchObject({ ok: false });
    expect(effort.left).toBe(0);
    const honest = certify({ name: 'leaf', issuer: anchor, usage: 'codeSigning' });
    expect(search({ leaf: honest, untrusted: [], authorities: [trust(anchor)], effort }).ok).toBe(false);
    expect(search({ leaf: honest, untrusted: [], authorities: [trust(anchor)], effort: createEffort() }).ok).toBe(true);
  });

  it.each<[string, () => { publicKey: KeyObject; privateKey: KeyObject }]>([
    ['an RSA key of 1024 bits', () => generateKeyPairSync('rsa', { modulusLength: 1024 })],
    ['another curve', () => generateKeyPairSync('ec', { namedCurve: 'secp256k1' })],
    ['an RSA key whose exponent makes checks slow', () => slowKey(2048)],
    ['an RSA key of 16384 bits', () => slowKey(16_384)],
  ])('through an authority with %s', (_name, weak) => {
    const between = certify({ name: 'between', issuer: anchor, key: weak() });
    const leaf = certify({ name: 'leaf', issuer: between, usage: 'codeSigning' });
    const found = search({ leaf, untrusted: [between], authorities: [trust(anchor)], effort: createEffort() });
    expect(found).toMatchObject({ ok: false, failure: { reason: 'certificate-chain' } });
  });
});

describe('attacks on time stamps', () => {
  const data = Buffer.from('signature');
  const authorities = createAuthorities(new Date(now - 3_600_000));
  function stamp(signer: ParsedCertificate, privateKey: KeyObject): Uint8Array {
    const timestampSigner = { certificatePem: pemOf(signer), certificateDer: Buffer.from(signer.der), privateKey };
    const request = { messageImprint: imprintOf(data), includeCertificate: true };
    return createTimestamp({ ...authorities, timestampSigner }, request, new Date(now));
  }

  it('the own authority of the attacker, again and again: the effort ends', () => {
    const root = certify({ name: 'mesh' });
    const signer = certify({ name: 'stamps', issuer: root, usage: 'timeStamping' });
    const token = stamp(signer, key.privateKey);
    const effort = createEffort();
    const trusted = [trust(certify({ name: 'mesh', key: generateKeyPair('ecdsa-p256') }))];
    for (let count = 0; count < 100; count += 1) {
      const checked = attempt(() => checkTimeStampToken(token, data, trusted, effort));
      expect(checked).toMatchObject({ ok: false, failure: { reason: 'certificate-time' } });
    }
    expect(effort.left).toBe(0);
  });

  it('an authority with a weak key', () => {
    const weak = generateKeyPairSync('ec', { namedCurve: 'secp256k1' });
    const root = certify({ name: 'root' });
    const signer = certify({ name: 'stamps', issuer: root, key: weak, usage: 'timeStamping' });
    const token = stamp(signer, weak.privateKey);
    const checked = attempt(() => checkTimeStampToken(token, data, [trust(root)]));
    expect(checked).toMatchObject({ ok: false, failure: { message: expect.stringContaining('is refused') } });
  });
});
