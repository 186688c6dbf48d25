import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { signKeyless, signWithKey } from '../../../sandbox/src/sigstore/sign-image.ts';
import { byKey, createKey, host, pushFresh, type Rig, startRig } from '../../test/rig.ts';
import { verifyImage } from './verify-image.ts';

const key = createKey();
let rig: Rig;

beforeAll(async () => {
  rig = await startRig();
});
afterAll(() => rig.stop());

const options = () => ({
  hosts: { [host]: { url: rig.registry.url } },
  trustRoot: rig.trustRoot,
  userAgent: 'vouchsafe-test',
  withEvidence: true,
});

describe('verifyImage', () => {
  it('answers, and lists the evidence of all formats with what it says of itself', async () => {
    const image = pushFresh(rig.registry);
    const { registry, sigstore } = rig;
    const identity = { issuer: 'https://issuer.test', subject: 'https://ci.test/job' };
    signWithKey({ registry, image: image.name, key: key.privateKey });
    signKeyless({ registry, image: image.name, sigstore, identity, format: 'bundle', log: 'v2' });
    const attestation = { predicateType: 'https://spdx.dev/Document', predicate: {} };
    signKeyless({ registry, image: image.name, sigstore, identity, attestation });
    const result = await verifyImage(image.reference, [{ entries: [byKey(key.publicKey)] }], options());
    expect(result).toMatchObject({
      ok: true,
      verification: { verified: true, digest: image.digest, fromCache: false },
    });
    expect(result.evidence).toMatchObject([
      { format: 'Cosign', part: 'signatures', subjects: [] },
      {
        format: 'Cosign',
        part: 'attestations',
        predicateType: 'https://spdx.dev/Document',
        loggedAt: expect.any(String),
      },
      {
        format: 'SigstoreBundle',
        part: 'signatures',
        subjects: [identity.subject],
        issuer: identity.issuer,
        isTimeStamped: true,
      },
    ]);
    expect(result.unlisted).toEqual([]);
  });

  it('does not reject', async () => {
    expect(await verifyImage(`${host}/none:1`, [{ entries: [] }], options())).toMatchObject({
      ok: false,
      class: 'not-found',
    });
    expect(await verifyImage('A B', [], options())).toMatchObject({ ok: false, class: 'permanent', evidence: [] });
  });

  it('lists evidence it cannot read as such', async () => {
    const image = pushFresh(rig.registry);
    const defects = { signature: 'not-base64' as const };
    signWithKey({ registry: rig.registry, image: image.name, key: key.privateKey, defects });
    const result = await verifyImage(image.reference, [{ entries: [byKey(key.publicKey)] }], options());
    expect(result.evidence).toMatchObject([{ problem: { reason: 'bad-signature' } }]);
  });
});
