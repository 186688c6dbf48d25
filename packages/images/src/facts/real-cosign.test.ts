import type { Attestor, ImageVerificationType } from '@vouchsafe/engine/facts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CosignMajor, isCosignMissing, type RealSigner, startRealSigner } from '../../test/real-signer.ts';
import { byKey, createKey, pushFresh, type Rig, requestFor, startRig, verify } from '../../test/rig.ts';

const spdx = 'https://spdx.dev/Document';
const identity = { issuer: 'https://issuer.test', subject: 'https://ci.test/job' };
const keyless: Attestor = { keyless: identity };

let rig: Rig;
let signer: RealSigner;
beforeAll(async () => {
  rig = await startRig();
  signer = await startRealSigner(rig, identity, { a: 1 });
});
afterAll(async () => {
  await rig.stop();
  signer.stop();
});

/** Signs a fresh image with the real program and verifies it. */
async function signAndVerify(
  version: CosignMajor,
  args: readonly string[],
  type: ImageVerificationType,
  attestor: Attestor,
  predicate?: string,
) {
  const image = pushFresh(rig.registry);
  await signer.sign(version, args, image.repository);
  const attestations = predicate === undefined ? [] : [{ type: predicate, attestors: [{ entries: [attestor] }] }];
  const request = requestFor(image.reference, predicate === undefined ? attestor : [], { type, attestations });
  const result = await verify(rig.source, request);
  const entry = (result.attestations[0]?.sets ?? result.sets)[0]?.entries[0];
  return entry?.verified === true ? 'verified' : JSON.stringify(entry?.failures);
}

/** Which version, in which way, and the type of the policy that must accept what it wrote. */
type Row = [string, CosignMajor, 'v1' | 'v2', (urls: Rig['sigstore']['urls']) => string[], ImageVerificationType];

const predicate = ['--type', 'spdxjson', '--predicate', 'predicate.json'];

describe.skipIf(isCosignMissing)('what real cosign writes keyless', () => {
  it.each<Row>([
    ['cosign 2', 2, 'v1', () => [], 'Cosign'],
    ['cosign 2 with a time stamp', 2, 'v1', (urls) => ['--timestamp-server-url', urls.timestamp], 'Cosign'],
    ['cosign 3, Rekor v1', 3, 'v1', () => [], 'SigstoreBundle'],
    ['cosign 3, Rekor v2', 3, 'v2', () => [], 'SigstoreBundle'],
  ])('a signature by %s', async (_name, version, log, more, type) => {
    const args = ['sign', ...signer.keyless(version, log), ...more(rig.sigstore.urls)];
    expect(await signAndVerify(version, args, type, keyless)).toBe('verified');
  });

  it.each<Row>([
    ['cosign 2', 2, 'v1', () => [], 'Cosign'],
    ['cosign 2 as an intoto entry', 2, 'v1', () => ['--rekor-entry-type', 'intoto'], 'Cosign'],
    ['cosign 3, Rekor v2', 3, 'v2', () => [], 'SigstoreBundle'],
  ])('an attestation by %s', async (_name, version, log, more, type) => {
    const args = ['attest', ...signer.keyless(version, log), ...predicate, ...more(rig.sigstore.urls)];
    expect(await signAndVerify(version, args, type, keyless, spdx)).toBe('verified');
  });
});

describe.skipIf(isCosignMissing)('what real cosign writes by key', () => {
  it.each(['ecdsa-p256', 'ecdsa-p384', 'ed25519'] as const)('%s', async (algorithm) => {
    const pair = createKey(algorithm);
    const pem = signer.write(`${algorithm}.pem`, pair.privateKey);
    const prefix = signer.file(algorithm);
    await signer.run(3, 'import-key-pair', '--key', pem, '--output-key-prefix', prefix);
    const key = ['--key', `${prefix}.key`];
    const bare = byKey(pair.publicKey);
    const logged: Attestor = { keys: { publicKeys: pair.publicKey } };
    const rekor = ['--rekor-url', rig.sigstore.urls.rekor];
    const legacy = ['--new-bundle-format=false', '--use-signing-config=false', '--tlog-upload=false'];
    const found = {
      cosign2: await signAndVerify(2, ['sign', ...key, '--tlog-upload=false'], 'Cosign', bare),
      cosign2Logged: await signAndVerify(2, ['sign', ...key, ...rekor], 'Cosign', logged),
      cosign2Attest: await signAndVerify(
        2,
        ['attest', ...key, '--tlog-upload=false', ...predicate],
        'Cosign',
        bare,
        spdx,
      ),
      cosign3Legacy: await signAndVerify(3, ['sign', ...key, ...legacy], 'Cosign', bare),
      cosign3: await signAndVerify(3, ['sign', ...key, '--signing-config', 'none.json'], 'SigstoreBundle', bare),
      cosign3Attest: await signAndVerify(
        3,
        ['attest', ...key, '--signing-config', 'none.json', ...predicate],
        'SigstoreBundle',
        bare,
        spdx,
      ),
    };
    expect(new Set(Object.values(found)), JSON.stringify(found)).toEqual(new Set(['verified']));
  });
});
