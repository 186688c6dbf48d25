import type { Attestor } from '@vouchsafe/engine/facts';
import { createCertificate, derNull, derUtf8String, generateKeyPair } from '@vouchsafe/kube/pki';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { signWithKey } from '../../../../sandbox/src/sigstore/sign-image.ts';
import type { SignatureDefects } from '../../../../sandbox/src/sigstore/signature-defects.ts';
import { by, type CosignTrials, issuer, key, startCosignTrials, subject } from '../../../test/cosign-trials.ts';
import { byKey, createKey, pushFresh, type Rig, refusalOf, requestFor, verify } from '../../../test/rig.ts';

let trials: CosignTrials;
let rig: Rig;
beforeAll(async () => {
  trials = await startCosignTrials();
  rig = trials.rig;
});
afterAll(() => trials.stop());

const tryKeyless: CosignTrials['keyless'] = (...trial) => trials.keyless(...trial);
const tryKey: CosignTrials['key'] = (...trial) => trials.key(...trial);

describe('attacks on the certificate', () => {
  const hour = 3_600_000;
  const unknownExtension = { oid: '1.2.3.4.5', critical: true, value: derNull() };
  it.each<[string, SignatureDefects, string, string]>([
    [
      'by authorities of the same name',
      { certificate: { issuedBy: 'impostor' } },
      'certificate-chain',
      'not issued by a trusted',
    ],
    [
      'with their chain along',
      { certificate: { issuedBy: 'impostor' }, storedChain: 'impostor' },
      'certificate-chain',
      'trusted',
    ],
    ['by another leaf', { certificate: { issuedBy: 'leaf' } }, 'certificate-chain', 'not a certificate authority'],
    [
      'for TLS servers',
      { certificate: { extendedKeyUsages: ['serverAuth'] } },
      'certificate-chain',
      'not for codeSigning',
    ],
    [
      'for nothing in particular',
      { certificate: { extendedKeyUsages: [] } },
      'certificate-chain',
      'not for codeSigning',
    ],
    ['for any use', { certificate: { extendedKeyUsages: ['any'] } }, 'certificate-chain', 'not for codeSigning'],
    [
      'with an unknown critical extension',
      { certificate: { extensions: [unknownExtension] } },
      'certificate-chain',
      '1.2.3.4.5',
    ],
    [
      'without a certificate timestamp',
      { certificate: { timestamp: 'missing' } },
      'certificate-chain',
      'no signed certificate timestamp',
    ],
    [
      'with one of an unknown log',
      { certificate: { timestamp: 'unknown-log' } },
      'certificate-chain',
      'of a trusted log',
    ],
    [
      'with one of another certificate',
      { certificate: { timestamp: 'of-another-certificate' } },
      'certificate-chain',
      'not signed by its log',
    ],
    [
      'expired when it signed',
      { certificate: { notBefore: new Date(Date.now() - 2 * hour) } },
      'certificate-time',
      'expired',
    ],
    [
      'not yet valid when it signed',
      { certificate: { notBefore: new Date(Date.now() + hour) } },
      'certificate-time',
      'not yet valid',
    ],
    [
      'older than its authority',
      {
        certificate: { notBefore: new Date(Date.now() - 48 * hour), lifetimeMs: 96 * hour },
        log: { integratedTime: new Date(Date.now() - 36 * hour) },
      },
      'no-log-entry',
      'not trusted at',
    ],
    [
      'of another key of the same person',
      { storedCertificate: 'of-another-key' },
      'bad-signature',
      'key of its certificate',
    ],
    ['that is garbage', { storedCertificate: 'garbage' }, 'certificate-chain', 'cannot be read'],
    ['that is missing', { storedCertificate: 'missing' }, 'wrong-identity', 'no certificate'],
  ])('%s', async (_name, defects, reason, text) => {
    expect(await tryKeyless({ defects })).toMatchObject({ reason, message: expect.stringContaining(text) });
  });

  it('self-signed, with all the right names', async () => {
    const pair = generateKeyPair('ecdsa-p256');
    const now = Date.now();
    const certificate = createCertificate({
      subject: { commonName: 'sigstore' },
      publicKey: pair.publicKey,
      signingKey: pair.privateKey,
      notBefore: new Date(now - hour),
      notAfter: new Date(now + hour),
      isCertificateAuthority: true,
      keyUsages: ['digitalSignature', 'keyCertSign'],
      subjectAlternativeNames: [{ type: 'uri', value: subject }],
      extendedKeyUsages: ['codeSigning'],
      extensions: [{ oid: '1.3.6.1.4.1.57264.1.8', critical: false, value: derUtf8String(issuer) }],
    });
    const image = pushFresh(rig.registry);
    const { registry, sigstore } = rig;
    signWithKey({ registry, image: image.name, key: pair.privateKey, certificate, sigstore, log: 'v1' });
    const attempt = async (attestor: Attestor) =>
      refusalOf(await verify(rig.source, requestFor(image.reference, attestor)));
    expect((await attempt(by({ issuer, subject, ctlog: { ignoreSCT: true } }))).reason).toBe('certificate-chain');
    // Named outright by the policy it is as good as a key.
    expect((await attempt(by({ issuer, subject, roots: certificate.pem, ctlog: { ignoreSCT: true } }))).reason).toBe(
      'verified',
    );
    expect((await attempt({ certificates: { cert: certificate.pem } })).reason).toBe('verified');
  });

  it('what the policy waives is waived, and nothing else', async () => {
    const missing = { certificate: { timestamp: 'missing' as const } };
    expect((await tryKeyless({ defects: missing }, by({ issuer, subject, ctlog: { ignoreSCT: true } }))).reason).toBe(
      'verified',
    );
    const wrong = { certificate: { issuedBy: 'impostor' as const } };
    const lax = by({ issuer, subject, ctlog: { ignoreSCT: true }, rekor: { ignoreTlog: true } });
    expect((await tryKeyless({ defects: wrong }, lax)).reason).toBe('certificate-chain');
  });

  it('without a log entry the present is the only time, and only when the policy asks for no log', async () => {
    const old = { certificate: { notBefore: new Date(Date.now() - 2 * hour) } };
    const noLog = by({ issuer, subject, rekor: { ignoreTlog: true } });
    expect((await tryKeyless({ log: 'none', defects: old }, noLog)).reason).toBe('certificate-time');
    expect((await tryKeyless({ log: 'none' }, noLog)).reason).toBe('verified');
    expect((await tryKeyless({ log: 'none' })).reason).toBe('no-log-entry');
  });
});

describe('attacks on the log entry', () => {
  it.each<[string, SignatureDefects['log'] & object, string]>([
    ['none', { entry: 'missing' }, 'no transparency log entry'],
    ['of somebody else', { entry: 'of-another-key' }, 'another'],
    ['naming another key', { entry: 'of-another-verifier' }, 'another key or certificate'],
    ['of another signature', { entry: 'of-another-signature' }, 'another signature'],
    ['of another payload', { entry: 'of-another-payload' }, 'other content'],
    ['in a log nobody trusts', { entry: 'unknown-log' }, 'not trusted'],
    ['with a tampered promise', { promise: 'tampered' }, 'not signed by its log'],
    ['with a promise of another key', { promise: 'by-another-key' }, 'not signed by its log'],
    ['without a promise', { promise: 'missing' }, 'no signed entry timestamp'],
  ])('%s', async (_name, log, text) => {
    const logged = byKey(key.publicKey, { keys: { publicKeys: key.publicKey } });
    for (const refusal of [await tryKeyless({ defects: { log } }), await tryKey({ log }, logged)]) {
      expect(refusal).toMatchObject({ reason: 'no-log-entry', message: expect.stringContaining(text) });
    }
  });

  it('received after the certificate expired', async () => {
    const refusal = await tryKeyless({ defects: { log: { integratedTime: new Date(Date.now() + 3_600_000) } } });
    expect(refusal).toMatchObject({ reason: 'certificate-time', message: expect.stringContaining('expired') });
  });

  it('of a log the policy does not name', async () => {
    const pubkey = createKey().publicKey;
    expect((await tryKeyless({}, by({ issuer, subject, rekor: { pubkey } }))).reason).toBe('no-log-entry');
    expect((await tryKeyless({}, by({ issuer, subject, ctlog: { pubkey } }))).reason).toBe('certificate-chain');
    expect((await tryKeyless({}, by({ issuer, subject, rekor: { pubkey: 'x' } }))).reason).toBe('invalid-attestor');
  });
});

describe('attacks on the time stamp', () => {
  it.each<[string, SignatureDefects['timestamp'] & object, string]>([
    ['of other data', { token: 'of-other-data' }, 'other data'],
    ['of an unknown authority', { token: 'unknown-authority' }, 'time stamp'],
    ['tampered with', { token: 'tampered' }, 'time stamp'],
    ['after the certificate expired', { time: new Date(Date.now() + 3_600_000) }, 'expired'],
  ])('%s', async (_name, timestamp, text) => {
    const { timestampChain: tsaCertChain } = rig.sigstore.pem;
    const strict = by({ issuer, subject, rekor: { ignoreTlog: true }, ctlog: { tsaCertChain } });
    const refusal = await tryKeyless({ timestamp: true, defects: { timestamp } }, strict);
    expect(refusal).toMatchObject({ reason: 'certificate-time', message: expect.stringContaining(text) });
  });
});
