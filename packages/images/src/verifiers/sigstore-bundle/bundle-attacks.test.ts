import type { Attestor, KeylessAttestor } from '@vouchsafe/engine/facts';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type SignKeylessOptions, signKeyless, signWithKey } from '../../../../sandbox/src/sigstore/sign-image.ts';
import type { SignatureDefects } from '../../../../sandbox/src/sigstore/signature-defects.ts';
import { byKey, createKey, pushFresh, type Rig, refusalOf, requestFor, startRig, verify } from '../../../test/rig.ts';
import { attempt } from '../../trust/refusal.ts';
import { readBundle } from './bundle.ts';

const issuer = 'https://token.actions.githubusercontent.com';
const subject = 'https://github.com/acme/app/.github/workflows/release.yml@refs/heads/main';
const identity = { issuer, subject };
const key = createKey();
let rig: Rig;

beforeAll(async () => {
  rig = await startRig();
});
afterAll(() => rig.stop());

const by = (keyless: KeylessAttestor): Attestor => ({ keyless });
const wanted = by({ issuer, subject });
const type = 'SigstoreBundle' as const;

async function tryKeyless(signing: Partial<SignKeylessOptions>, attestor: Attestor = wanted, more = {}) {
  const image = pushFresh(rig.registry);
  const { registry, sigstore } = rig;
  signKeyless({ registry, image: image.name, sigstore, identity, format: 'bundle', ...signing });
  return refusalOf(await verify(rig.source, requestFor(image.reference, attestor, { type, ...more })));
}

describe('a bundle', () => {
  it.each<[string, Partial<SignKeylessOptions>]>([
    ['logged in Rekor v1', { log: 'v1' }],
    ['logged in Rekor v2, with a time stamp', { log: 'v2' }],
    ['with witnesses on the checkpoint', { log: 'v2', defects: { log: { checkpoint: 'with-witnesses' } } }],
    ['of version 0.1', { bundleVersion: '0.1' }],
    ['of version 0.2', { bundleVersion: '0.2' }],
    ['with a P-384 key and its own hash', { keyAlgorithm: 'ecdsa-p384' }],
    ['listed by the fallback tag as cosign 3 does', { referrers: 'tag-as-cosign' }],
    ['listed by the fallback tag as oras does', { referrers: 'tag-as-oras' }],
  ])('%s is verified', async (_name, signing) => {
    expect(await tryKeyless(signing)).toEqual({ reason: 'verified', message: '' });
  });

  it.each(['ecdsa-p256', 'ecdsa-p384', 'ecdsa-p521', 'rsa-2048'] as const)(
    'by a %s key is verified',
    async (algorithm) => {
      const image = pushFresh(rig.registry);
      const pair = createKey(algorithm);
      signWithKey({ registry: rig.registry, image: image.name, key: pair.privateKey, format: 'bundle' });
      expect((await verify(rig.source, requestFor(image.reference, byKey(pair.publicKey), { type }))).verified).toBe(
        true,
      );
    },
  );

  it('without a log is dated by a time stamp, as of private repositories at GitHub', async () => {
    const waiving = by({ issuer, subject, rekor: { ignoreTlog: true }, ctlog: { ignoreSCT: true } });
    const minute = 60_000;
    const certificate = { notBefore: new Date(Date.now() - 11 * minute), lifetimeMs: 10 * minute };
    const stampedAt = (ago: number) => ({ certificate, timestamp: { time: new Date(Date.now() - ago * minute) } });
    const reasonOf = async (defects: SignatureDefects, timestamp = true, attestor = waiving) =>
      (await tryKeyless({ log: 'none', timestamp, defects }, attestor)).reason;
    expect(await reasonOf(stampedAt(5))).toBe('verified');
    expect(await reasonOf(stampedAt(0))).toBe('certificate-time');
    expect(await reasonOf({ certificate }, false)).toBe('certificate-time');
    expect(await reasonOf(stampedAt(5), true, wanted)).toBe('no-log-entry');
  });

  it('is found on a registry without the referrers API, for which it was listed by tag', async () => {
    const image = pushFresh(rig.registry);
    rig.registry.setFault(image.repository, { effect: { kind: 'no-referrers-api' } });
    signWithKey({
      registry: rig.registry,
      image: image.name,
      key: key.privateKey,
      format: 'bundle',
      referrers: 'tag-as-cosign',
    });
    const request = requestFor(image.reference, byKey(key.publicKey), { type });
    expect((await verify(rig.source, request)).verified).toBe(true);
    rig.registry.clearFaults();
  });

  it('of an attestation is no signature', async () => {
    const attestation = { predicateType: 'https://slsa.dev/provenance/v1', predicate: {} };
    expect((await tryKeyless({ attestation })).reason).toBe('unsigned');
    // As cosign 3 has it, for installations that rely on it; the signer still has to be the right one.
    const lenient = rig.open({ acceptAnyStatement: true });
    const image = pushFresh(rig.registry);
    signKeyless({ ...rig, image: image.name, identity, format: 'bundle', attestation });
    expect((await verify(lenient, requestFor(image.reference, wanted, { type }))).verified).toBe(true);
    const stranger = requestFor(image.reference, by({ issuer, subject: 'https://evil.test/job' }), { type });
    expect(refusalOf(await verify(lenient, stranger)).reason).toBe('wrong-identity');
  });

  it('and an unrelated one beside it: one that holds suffices', async () => {
    const image = pushFresh(rig.registry);
    const { registry, sigstore } = rig;
    const bundle = { registry, image: image.name, sigstore, identity, format: 'bundle' as const };
    signKeyless({ ...bundle, attestation: { predicateType: 'https://spdx.dev/Document', predicate: {} } });
    signKeyless({ ...bundle, identity: { issuer, subject: 'https://evil.test' } });
    signKeyless(bundle);
    expect((await verify(rig.source, requestFor(image.reference, wanted, { type }))).verified).toBe(true);
  });

  it('beside a legacy signature hides neither', async () => {
    const image = pushFresh(rig.registry);
    const { registry } = rig;
    signWithKey({ registry, image: image.name, key: key.privateKey });
    signWithKey({ registry, image: image.name, key: key.privateKey, format: 'bundle' });
    for (const format of ['Cosign', 'SigstoreBundle'] as const) {
      const request = requestFor(image.reference, byKey(key.publicKey), { type: format });
      expect((await verify(rig.source, request)).verified).toBe(true);
    }
  });

  it('of the legacy format is named when bundles are asked for', async () => {
    const image = pushFresh(rig.registry);
    signWithKey({ registry: rig.registry, image: image.name, key: key.privateKey });
    const result = await verify(rig.source, requestFor(image.reference, byKey(key.publicKey), { type }));
    expect(refusalOf(result)).toMatchObject({
      reason: 'other-format',
      message: expect.stringContaining('type Cosign'),
    });
  });
});

describe('attacks on a bundle', () => {
  const unsound: [string, SignatureDefects, string][] = [
    ['a statement about another image', { signedDigest: `sha256:${'0'.repeat(64)}` }, 'bad-signature'],
    ['a statement changed after signing', { document: 'changed-after-signing' }, 'bad-signature'],
    ['a statement of another type', { documentType: 'https://evil.test/Statement' }, 'bad-signature'],
    ['an envelope of another type', { payloadType: 'text/plain' }, 'bad-signature'],
    ['two signatures in the envelope', { signatureCount: 2 }, 'bad-signature'],
    ['no signature in the envelope', { signatureCount: 0 }, 'bad-signature'],
    ['a tampered signature', { signature: 'tampered' }, 'bad-signature'],
    ['an empty signature', { signature: 'empty' }, 'bad-signature'],
    ['a signature by another key', { signature: 'by-another-key' }, 'bad-signature'],
    ['an impostor authority', { certificate: { issuedBy: 'impostor' } }, 'certificate-chain'],
    ['no certificate timestamp', { certificate: { timestamp: 'missing' } }, 'certificate-chain'],
    ['a certificate for servers', { certificate: { extendedKeyUsages: ['serverAuth'] } }, 'certificate-chain'],
    ['no names', { certificate: { subjectAlternativeNames: [] } }, 'wrong-identity'],
    ['a certificate of another key', { storedCertificate: 'of-another-key' }, 'bad-signature'],
    ['a garbage certificate', { storedCertificate: 'garbage' }, 'certificate-chain'],
    ['no certificate', { storedCertificate: 'missing' }, 'wrong-identity'],
    ['no log entry', { log: { entry: 'missing' } }, 'no-log-entry'],
    ['an entry of another key', { log: { entry: 'of-another-key' } }, 'no-log-entry'],
    ['an entry of another verifier', { log: { entry: 'of-another-verifier' } }, 'no-log-entry'],
    ['an entry of another signature', { log: { entry: 'of-another-signature' } }, 'no-log-entry'],
    ['an entry of another payload', { log: { entry: 'of-another-payload' } }, 'no-log-entry'],
    ['an entry in an unknown log', { log: { entry: 'unknown-log' } }, 'no-log-entry'],
    ['no proof', { log: { proof: 'missing' } }, 'no-log-entry'],
    ['a truncated proof', { log: { proof: 'truncated' } }, 'no-log-entry'],
    ['an extended proof', { log: { proof: 'extended' } }, 'no-log-entry'],
    ['a proof of another root', { log: { proof: 'of-another-root' } }, 'no-log-entry'],
    ['no checkpoint', { log: { checkpoint: 'missing' } }, 'no-log-entry'],
    ['a tampered checkpoint', { log: { checkpoint: 'tampered' } }, 'no-log-entry'],
    ['a checkpoint of another key', { log: { checkpoint: 'by-another-key' } }, 'no-log-entry'],
  ];
  it.each(unsound)('%s', async (_name, defects, reason) => {
    for (const log of ['v1', 'v2'] as const) expect(await tryKeyless({ log, defects })).toMatchObject({ reason });
  });

  it.each<[string, SignatureDefects['timestamp'] & object]>([
    ['of other data', { token: 'of-other-data' }],
    ['of an unknown authority', { token: 'unknown-authority' }],
    ['tampered with', { token: 'tampered' }],
    ['after the certificate expired', { time: new Date(Date.now() + 3_600_000) }],
  ])('a time stamp %s, in Rekor v2 whose entries have no time', async (_name, timestamp) => {
    expect(await tryKeyless({ log: 'v2', defects: { timestamp } })).toMatchObject({ reason: 'certificate-time' });
    expect(await tryKeyless({ log: 'v2', timestamp: false })).toMatchObject({ reason: 'certificate-time' });
  });

  it('a tampered promise in version 0.1, which needs one', async () => {
    for (const promise of ['tampered', 'by-another-key', 'missing'] as const) {
      expect(await tryKeyless({ bundleVersion: '0.1', defects: { log: { promise } } })).toMatchObject({
        reason: 'no-log-entry',
      });
    }
  });

  it('annotations that only partly match', async () => {
    const signing = { annotations: { env: 'prod' } };
    expect((await tryKeyless(signing, { ...wanted, annotations: { env: 'prod' } })).reason).toBe('verified');
    expect((await tryKeyless(signing, { ...wanted, annotations: { env: 'prod', a: 'b' } })).reason).toBe(
      'annotation-mismatch',
    );
  });

  it('no text makes the reader fail otherwise than by a refusal', () => {
    const json = fc.jsonValue();
    const near = fc.record(
      {
        mediaType: fc.constantFrom(
          'application/vnd.dev.sigstore.bundle.v0.3+json',
          'application/vnd.dev.sigstore.bundle+json;version=0.1',
          'x',
        ),
        verificationMaterial: fc.record(
          {
            certificate: fc.oneof(json, fc.record({ rawBytes: fc.base64String() })),
            x509CertificateChain: json,
            tlogEntries: fc.oneof(json, fc.array(json)),
            timestampVerificationData: json,
          },
          { requiredKeys: [] },
        ),
        dsseEnvelope: fc.oneof(
          json,
          fc.record({
            payloadType: fc.string(),
            payload: fc.base64String(),
            signatures: fc.array(fc.record({ sig: fc.base64String() })),
          }),
        ),
        messageSignature: json,
      },
      { requiredKeys: ['mediaType', 'verificationMaterial'] },
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          near.map((value) => JSON.stringify(value)),
        ),
        (text) => {
          attempt(() => readBundle(text));
        },
      ),
      { numRuns: 300 },
    );
  });
});
