import type { AttestorSet, ImageVerificationRequest } from '@vouchsafe/engine/facts';
import { memberAt } from '@vouchsafe/engine/kernel';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { signKeyless, signWithKey } from '../../../sandbox/src/sigstore/sign-image.ts';
import type { SignatureDefects } from '../../../sandbox/src/sigstore/signature-defects.ts';
import { byKey, createKey, pushFresh, type Rig, requestFor, startRig, verify } from '../../test/rig.ts';

const provenance = 'https://slsa.dev/provenance/v1';
const spdx = 'https://spdx.dev/Document';
const key = createKey();
const other = createKey();
let rig: Rig;

beforeAll(async () => {
  rig = await startRig();
});
afterAll(() => rig.stop());

type Part = { type: string; name?: string; attestors: readonly AttestorSet[] };
const wanting = (reference: string, attestations: readonly Part[], more: Partial<ImageVerificationRequest> = {}) =>
  requestFor(reference, [], { attestations, ...more });
const ofKey = (publicKey: string): readonly AttestorSet[] => [{ entries: [byKey(publicKey)] }];

describe.each(['legacy', 'bundle'] as const)('attestations (%s)', (format) => {
  const type = format === 'legacy' ? 'Cosign' : 'SigstoreBundle';

  function attested(defects?: SignatureDefects, predicateType = provenance) {
    const image = pushFresh(rig.registry);
    const attestation = { predicateType, predicate: { builder: { id: 'b' } } };
    const common = { registry: rig.registry, image: image.name, format, attestation };
    signWithKey({ ...common, key: key.privateKey, ...(defects === undefined ? {} : { defects }) });
    return image;
  }

  it('are verified and handed over', async () => {
    const image = attested();
    const request = wanting(image.reference, [{ type: provenance, name: 'p', attestors: ofKey(key.publicKey) }], {
      type,
    });
    const result = await verify(rig.source, request);
    expect(result.verified).toBe(true);
    expect(result.attestations[0]).toMatchObject({
      type: provenance,
      name: 'p',
      sets: [{ verifiedCount: 1, requiredCount: 1 }],
      statements: [{ type: provenance, predicateType: provenance, predicate: { builder: { id: 'b' } } }],
    });
    expect(result.attestations[0]?.sets[0]?.entries[0]?.path).toBe('.attestations[0].attestors[0].entries[0].keys');
  });

  it('of another type do not count, nor do those of another key', async () => {
    const image = attested();
    const check = async (predicate: string, publicKey: string) =>
      (await verify(rig.source, wanting(image.reference, [{ type: predicate, attestors: ofKey(publicKey) }], { type })))
        .verified;
    expect(await check(spdx, key.publicKey)).toBe(false);
    expect(await check(`${provenance}x`, key.publicKey)).toBe(false);
    expect(await check('', key.publicKey)).toBe(false);
    expect(await check(provenance, other.publicKey)).toBe(false);
    expect(await check(provenance, key.publicKey)).toBe(true);
  });

  it('of another type are told as such, whoever signed them', async () => {
    const image = attested();
    const request = wanting(image.reference, [{ type: spdx, attestors: ofKey(other.publicKey) }], { type });
    expect((await verify(rig.source, request)).attestations[0]?.sets[0]?.entries[0]?.failures).toEqual([
      { reason: 'unsigned', message: `no attestation of type ${spdx} found, but of ${provenance}` },
    ]);
  });

  it.each<[string, SignatureDefects]>([
    ['about another image', { signedDigest: `sha256:${'1'.repeat(64)}` }],
    ['changed after signing', { document: 'changed-after-signing' }],
    ['of another statement type', { documentType: 'x' }],
    ['of another payload type', { payloadType: 'text/plain' }],
    ['with a tampered signature', { signature: 'tampered' }],
    ['signed by another key', { signature: 'by-another-key' }],
  ])('%s are refused', async (_name, defects) => {
    const image = attested(defects);
    const request = wanting(image.reference, [{ type: provenance, attestors: ofKey(key.publicKey) }], { type });
    const result = await verify(rig.source, request);
    expect(result.verified).toBe(false);
    expect(result.attestations[0]?.statements).toEqual([]);
    expect(result.attestations[0]?.sets[0]?.entries[0]?.failures[0]?.reason).toBe('bad-signature');
  });

  it('only hand over what was verified, out of all that is there', async () => {
    const image = attested();
    const attestation = { predicateType: provenance, predicate: { builder: { id: 'evil' } } };
    signWithKey({ registry: rig.registry, image: image.name, format, attestation, key: other.privateKey });
    const request = wanting(image.reference, [{ type: provenance, attestors: ofKey(key.publicKey) }], { type });
    const statements = (await verify(rig.source, request)).attestations[0]?.statements ?? [];
    expect(statements.map((one) => one['predicate'])).toEqual([{ builder: { id: 'b' } }]);
  });

  it('are handed over newest last, in whatever order the registry lists them', async () => {
    const image = pushFresh(rig.registry);
    const hour = 3_600_000;
    const at = [Date.now() - hour, Date.now(), Date.now() - 2 * hour];
    for (const [index, time] of at.entries()) {
      signWithKey({
        registry: rig.registry,
        image: image.name,
        format,
        sigstore: rig.sigstore,
        log: 'v1',
        key: (index === 0 ? other : key).privateKey,
        attestation: { predicateType: provenance, predicate: { critical: index } },
        defects: { log: { integratedTime: new Date(time) } },
      });
    }
    const entries = [key, other].map(({ publicKey }) => ({ keys: { publicKeys: publicKey } }));
    const ask = async (set: AttestorSet) => {
      const request = wanting(image.reference, [{ type: provenance, attestors: [set] }], { type });
      const [attestation] = (await verify(rig.source, request)).attestations;
      const found = attestation?.statements.map(({ predicate }) => memberAt(predicate, 'critical'));
      return { found, newestAt: attestation?.newestAt };
    };
    const newestAt = Math.floor((at[1] ?? 0) / 1000) * 1000;
    expect(await ask({ entries })).toEqual({ found: [2, 0, 1], newestAt });
    // Once enough attestors are found, others are not asked, unless what they attest counts as well.
    const oldFirst = entries.toReversed();
    expect((await ask({ count: 1, entries: oldFirst })).found).toEqual([0]);
    expect(await ask({ count: 1, isExhaustive: true, entries: oldFirst })).toEqual({ found: [2, 0, 1], newestAt });
  });

  it('without attestors take anybody with a logged Fulcio certificate, and nobody with a bare key', async () => {
    const part = [{ type: provenance, attestors: [] }];
    const byBareKey = attested();
    expect((await verify(rig.source, wanting(byBareKey.reference, part, { type }))).verified).toBe(false);
    const image = pushFresh(rig.registry);
    const attestation = { predicateType: provenance, predicate: {} };
    signKeyless({ registry: rig.registry, image: image.name, sigstore: rig.sigstore, format, attestation });
    expect((await verify(rig.source, wanting(image.reference, part, { type }))).verified).toBe(true);
  });

  it('and signatures are asked for together', async () => {
    const image = attested();
    const part = [{ type: provenance, attestors: ofKey(key.publicKey) }];
    const both = requestFor(image.reference, byKey(key.publicKey), { attestations: part, type });
    expect((await verify(rig.source, both)).verified).toBe(false);
    signWithKey({ registry: rig.registry, image: image.name, key: key.privateKey, format });
    expect((await verify(rig.open(), both)).verified).toBe(true);
  });
});

describe('legacy attestations', () => {
  it.each(['dsse', 'intoto'] as const)('logged as %s, with a time stamp over the envelope', async (entry) => {
    const image = pushFresh(rig.registry);
    const attestation = { predicateType: provenance, predicate: {}, entry };
    const identity = { issuer: 'https://issuer.test', subject: 'https://ci.test/job' };
    const { registry, sigstore } = rig;
    signKeyless({ registry, image: image.name, sigstore, identity, attestation, timestamp: true });
    const keyless = { ...identity, ctlog: { tsaCertChain: sigstore.pem.timestampChain } };
    const request = wanting(image.reference, [{ type: provenance, attestors: [{ entries: [{ keyless }] }] }]);
    expect((await verify(rig.source, request)).verified).toBe(true);
  });

  it('with an entry of another envelope are refused', async () => {
    for (const entry of ['dsse', 'intoto'] as const) {
      for (const defect of ['of-another-payload', 'of-another-key', 'of-another-verifier'] as const) {
        const image = pushFresh(rig.registry);
        const attestation = { predicateType: provenance, predicate: {}, entry };
        const defects = { log: { entry: defect } };
        const { registry, sigstore } = rig;
        signKeyless({ registry, image: image.name, sigstore, attestation, defects });
        const result = await verify(rig.source, wanting(image.reference, [{ type: provenance, attestors: [] }]));
        expect(result.attestations[0]?.sets[0]?.entries[0]?.failures[0]?.reason).toBe('no-log-entry');
      }
    }
  });
});
