import type { KeylessAttestor } from '@vouchsafe/engine/facts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pushImage } from '../../../../sandbox/src/registry/push-image.ts';
import type { SignKeylessOptions } from '../../../../sandbox/src/sigstore/sign-image.ts';
import { signKeyless, signWithKey } from '../../../../sandbox/src/sigstore/sign-image.ts';
import type { SignatureDefects } from '../../../../sandbox/src/sigstore/signature-defects.ts';
import { by, type CosignTrials, issuer, key, startCosignTrials, subject, wanted } from '../../../test/cosign-trials.ts';
import { byKey, createKey, host, pushFresh, type Rig, refusalOf, requestFor, verify } from '../../../test/rig.ts';

const other = createKey();
let trials: CosignTrials;
let rig: Rig;
beforeAll(async () => {
  trials = await startCosignTrials();
  rig = trials.rig;
});
afterAll(() => trials.stop());

const tryKeyless: CosignTrials['keyless'] = (...trial) => trials.keyless(...trial);
const tryKey: CosignTrials['key'] = (...trial) => trials.key(...trial);

describe('a keyless signature', () => {
  it('is verified, and says by whom and when', async () => {
    const image = pushFresh(rig.registry);
    const identity = { issuer, subject };
    signKeyless({ registry: rig.registry, image: image.name, sigstore: rig.sigstore, identity });
    const result = await verify(rig.source, requestFor(image.reference, wanted));
    expect(result.sets[0]?.entries[0]).toMatchObject({
      path: '.attestors[0].entries[0].keyless',
      verified: true,
      signer: { subject, issuer, integratedTime: expect.stringMatching(/Z$/) },
    });
  });

  it.each<[string, Partial<SignKeylessOptions>]>([
    ['with a P-384 key', { keyAlgorithm: 'ecdsa-p384' }],
    ['with an RSA key', { keyAlgorithm: 'rsa-2048' }],
    ['with an Ed25519 key', { keyAlgorithm: 'ed25519' }],
    ['with a time stamp too', { timestamp: true }],
    ['issued by the root', { defects: { certificate: { issuedBy: 'root' } } }],
    [
      'without the newer issuer extension',
      { defects: { certificate: { withoutExtensions: ['1.3.6.1.4.1.57264.1.8'] } } },
    ],
    ['whose chain is not stored', { defects: { storedChain: 'missing' } }],
    ['next to an impostor chain', { defects: { storedChain: 'impostor' } }],
  ])('%s is verified', async (_name, signing) => {
    expect(await tryKeyless(signing)).toEqual({ reason: 'verified', message: '' });
  });

  it('is verified with the logs and roots of the policy instead', async () => {
    const { rekorPublicKey, certificateLogPublicKey, fulcioRoot, fulcioIntermediate, timestampChain } =
      rig.sigstore.pem;
    const overrides = { rekor: { pubkey: rekorPublicKey }, ctlog: { pubkey: certificateLogPublicKey } };
    const roots = `${fulcioRoot}`;
    expect((await tryKeyless({}, by({ issuer, subject, roots, ...overrides }))).reason).toBe('verified');
    expect((await tryKeyless({}, by({ issuer, subject, roots: fulcioIntermediate }))).reason).toBe('verified');
    const stamped = by({ issuer, subject, rekor: { ignoreTlog: true }, ctlog: { tsaCertChain: timestampChain } });
    expect((await tryKeyless({ timestamp: true }, stamped)).reason).toBe('verified');
  });

  it('by a key is no keyless signature', async () => {
    const image = pushFresh(rig.registry);
    signWithKey({ registry: rig.registry, image: image.name, key: key.privateKey });
    expect(refusalOf(await verify(rig.source, requestFor(image.reference, wanted))).reason).toBe('wrong-identity');
  });
});

describe('attacks on what is signed', () => {
  const elsewhere = `sha256:${'0'.repeat(64)}`;
  it.each<[string, SignatureDefects, string, string]>([
    ['a payload about another image', { signedDigest: elsewhere }, 'bad-signature', 'for another image'],
    ['a payload changed after signing', { document: 'changed-after-signing' }, 'bad-signature', 'not made by the key'],
    ['a payload of another type', { documentType: 'atomic container signature' }, 'bad-signature', 'another type'],
    ['a tampered signature', { signature: 'tampered' }, 'bad-signature', 'not made by the key'],
    ['a signature by another key', { signature: 'by-another-key' }, 'bad-signature', 'not made by the key'],
    ['an empty signature', { signature: 'empty' }, 'bad-signature', 'no signature'],
    ['a signature that is not base64', { signature: 'not-base64' }, 'bad-signature', 'not base64'],
    ['a layer of another type', { manifest: { layerMediaType: 'text/html' } }, 'bad-signature', 'another type'],
  ])('%s', async (_name, defects, reason, text) => {
    const keyless = await tryKeyless({ defects });
    expect(keyless).toMatchObject({ reason, message: expect.stringContaining(text) });
    expect(await tryKey(defects)).toMatchObject({ reason, message: expect.stringContaining(text) });
  });

  it('the signatures of one image copied to another', async () => {
    const image = pushFresh(rig.registry);
    signWithKey({ registry: rig.registry, image: image.name, key: key.privateKey });
    const victim = pushImage(rig.registry, `${image.repository}:evil`, { files: { evil: 'yes' } });
    const found = rig.registry.content.manifest(image.repository, `${image.digest.replace(':', '-')}.sig`);
    const tag = `${victim.digest.replace(':', '-')}.sig`;
    rig.registry.content.putManifest(
      image.repository,
      tag,
      found?.manifest.bytes ?? Buffer.alloc(0),
      found?.manifest.mediaType ?? '',
    );
    const result = await verify(rig.source, requestFor(`${host}/${image.repository}:evil`, byKey(key.publicKey)));
    expect(refusalOf(result)).toMatchObject({
      reason: 'bad-signature',
      message: expect.stringContaining(image.digest),
    });
  });

  it('the tag moved to an unsigned image', async () => {
    const image = pushFresh(rig.registry);
    signWithKey({ registry: rig.registry, image: image.name, key: key.privateKey });
    const request = requestFor(image.reference, byKey(key.publicKey));
    expect((await verify(rig.source, request)).verified).toBe(true);
    pushImage(rig.registry, image.name, { files: { evil: 'yes' } });
    expect(refusalOf(await verify(rig.source, request)).reason).toBe('unsigned');
  });

  it('a signature put into another repository only counts where the policy looks', async () => {
    const image = pushFresh(rig.registry);
    signWithKey({
      registry: rig.registry,
      image: image.name,
      key: key.privateKey,
      signatureRepository: 'attacker/sigs',
    });
    expect(refusalOf(await verify(rig.source, requestFor(image.reference, byKey(key.publicKey)))).reason).toBe(
      'unsigned',
    );
  });

  it('one valid signature among many bad ones suffices, in any order', async () => {
    const image = pushFresh(rig.registry);
    const { registry, sigstore } = rig;
    signWithKey({ registry, image: image.name, key: other.privateKey });
    signWithKey({ registry, image: image.name, key: key.privateKey, defects: { signature: 'tampered' } });
    signWithKey({ registry, image: image.name, key: key.privateKey });
    signKeyless({
      registry,
      image: image.name,
      sigstore,
      identity: { issuer, subject },
      defects: { storedCertificate: 'garbage' },
    });
    expect((await verify(rig.source, requestFor(image.reference, byKey(key.publicKey)))).verified).toBe(true);
  });
});

describe('attacks on identity', () => {
  const evil = 'https://github.com/acme-evil/app/.github/workflows/release.yml@refs/heads/main';
  const names = (...values: string[]) => ({
    certificate: { subjectAlternativeNames: values.map((value) => ({ type: 'uri' as const, value })) },
  });

  const name = (type: 'uri' | 'otherName', value: string) => ({
    certificate: { subjectAlternativeNames: [{ type, value, oid: '1.3.6.1.4.1.57264.1.7' }] },
  });

  it.each<[string, Partial<SignKeylessOptions>, KeylessAttestor, string]>([
    ['another subject', { identity: { issuer, subject: evil } }, { issuer, subject }, 'subject mismatch'],
    ['a longer subject', { identity: { issuer, subject: `${subject}2` } }, { issuer, subject }, 'subject mismatch'],
    [
      'a subject in other case',
      { identity: { issuer, subject: subject.toUpperCase() } },
      { issuer, subject },
      'subject',
    ],
    [
      'another issuer',
      { identity: { issuer: `${issuer}.evil.test`, subject } },
      { issuer, subject },
      'issuer mismatch',
    ],
    [
      'a look-alike the wildcard does not cover',
      { identity: { issuer, subject: evil } },
      { issuer, subject: 'https://github.com/acme/*' },
      'subject mismatch',
    ],
    [
      'a dot of a wildcard is a dot',
      { identity: { issuer, subject: 'https://githubXcom/acme/app' } },
      { issuer, subject: 'https://github.com/acme/*' },
      'subject mismatch',
    ],
    [
      'an anchored expression',
      { identity: { issuer, subject: `https://evil.test/?x=${subject}` } },
      { issuer, subjectRegExp: '^https://github\\.com/acme/' },
      'subject mismatch',
    ],
    ['no names at all', { defects: names() }, { issuer, subject }, 'received none'],
    ['no names, any subject wanted', { defects: names() }, { issuer, subject: '*' }, 'received none'],
    [
      'no issuer',
      { defects: { certificate: { withoutExtensions: ['1.3.6.1.4.1.57264.1.8', '1.3.6.1.4.1.57264.1.1'] } } },
      { issuer, subject },
      'issuer mismatch',
    ],
    [
      'a letter of another alphabet',
      { defects: name('otherName', subject.replace('acme', '\u0430cme')) },
      { issuer, subject },
      'github.com/\\u{430}cme/',
    ],
    [
      'a name that is turned around',
      { defects: name('otherName', `\u202e${subject}\u200b`) },
      { issuer, subject },
      `received \\u{202e}${subject}\\u{200b}`,
    ],
    [
      'a line after the name',
      { defects: name('uri', `${subject}\nx`) },
      { issuer, subjectRegExp: `^${subject.replaceAll('.', '\\.')}$` },
      'main\\u{a}x',
    ],
    [
      'a wildcard of one character in place of a slash',
      { identity: { issuer, subject: 'https://github.com/acme/evil/app' } },
      { issuer, subject: 'https://github.com/acme/????' },
      'subject mismatch',
    ],
    [
      'subject and expression matched by two different names',
      { defects: names(subject, 'https://example.test/release') },
      { issuer, subject, subjectRegExp: '^https://example\\.test/' },
      'subject mismatch',
    ],
  ])('%s', async (_name, signing, keyless, text) => {
    const refusal = await tryKeyless(signing, by(keyless));
    expect(refusal).toMatchObject({ reason: 'wrong-identity', message: expect.stringContaining(text) });
  });

  it('every name counts, of whatever type', async () => {
    const both = {
      certificate: {
        subjectAlternativeNames: [
          { type: 'email' as const, value: 'builder@acme.test' },
          { type: 'uri' as const, value: subject },
          { type: 'otherName' as const, value: 'octocat', oid: '1.3.6.1.4.1.57264.1.7' },
        ],
      },
    };
    for (const name of ['builder@acme.test', subject, 'octocat']) {
      expect((await tryKeyless({ defects: both }, by({ issuer, subject: name }))).reason).toBe('verified');
    }
  });

  it('expressions match anywhere, as in Kyverno: an unanchored one lets look-alikes in', async () => {
    const lookalike = { issuer, subject: `https://evil.test/https://github.com/acme/app` };
    const unanchored = by({ issuerRegExp: 'githubusercontent', subjectRegExp: 'github\\.com/acme/' });
    expect((await tryKeyless({ identity: lookalike }, unanchored)).reason).toBe('verified');
  });

  it('a hostile expression takes linear time', async () => {
    const started = performance.now();
    const refusal = await tryKeyless(
      { identity: { issuer, subject: `https://${'a'.repeat(2000)}!` } },
      by({ issuer, subjectRegExp: '^https://(a+)+$' }),
    );
    expect(refusal.reason).toBe('wrong-identity');
    expect(performance.now() - started).toBeLessThan(2000);
  });

  it('an expression that is none is the policy at fault', async () => {
    expect((await tryKeyless({}, by({ issuer, subjectRegExp: '(' }))).reason).toBe('invalid-attestor');
    expect((await tryKeyless({}, by({ additionalExtensions: { 'no-oid': 'x' } }))).reason).toBe('invalid-attestor');
  });

  it('extensions are matched by number or name', async () => {
    const claims = { repository: 'acme/app', ref: 'refs/heads/main' };
    const identity = { issuer, subject, claims };
    const of = (additionalExtensions: Record<string, string>) =>
      tryKeyless({ identity }, by({ issuer, subject, additionalExtensions }));
    expect((await of({ githubWorkflowRepository: 'acme/*' })).reason).toBe('verified');
    expect((await of({ '1.3.6.1.4.1.57264.1.12': 'https://github.com/acme/app' })).reason).toBe('verified');
    expect(await of({ githubWorkflowRepository: 'acme/app2' })).toMatchObject({
      reason: 'wrong-identity',
      message: 'extension mismatch: expected acme/app2 for key githubWorkflowRepository, received acme/app',
    });
    expect((await of({ '1.3.6.1.4.1.57264.1.99': '*' })).reason).toBe('wrong-identity');
  });
});

describe('annotations', () => {
  const signing = { annotations: { env: 'prod', team: 'blue' } };
  it.each<[string, Record<string, string>, string]>([
    ['all there', { env: 'prod', team: 'blue' }, 'verified'],
    ['some of them', { env: 'prod' }, 'verified'],
    ['partly matching', { env: 'prod', team: 'red' }, 'annotation-mismatch'],
    ['one missing', { env: 'prod', region: 'eu' }, 'annotation-mismatch'],
    ['an inherited name', { constructor: 'x' }, 'annotation-mismatch'],
  ])('%s', async (_name, annotations, reason) => {
    expect((await tryKeyless(signing, wanted, { annotations })).reason).toBe(reason);
    expect((await tryKeyless(signing, { ...wanted, annotations }, { annotations: { env: 'other' } })).reason).toBe(
      reason,
    );
  });

  it('spread over two signatures do not add up', async () => {
    const image = pushFresh(rig.registry);
    const { registry } = rig;
    signWithKey({ registry, image: image.name, key: key.privateKey, annotations: { env: 'prod' } });
    signWithKey({ registry, image: image.name, key: key.privateKey, annotations: { team: 'blue' } });
    const request = requestFor(image.reference, byKey(key.publicKey), { annotations: { env: 'prod', team: 'blue' } });
    expect(refusalOf(await verify(rig.source, request)).reason).toBe('annotation-mismatch');
  });
});
