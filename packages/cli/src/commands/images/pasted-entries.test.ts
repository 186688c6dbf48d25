import { generateKeyPair, type KeyAlgorithm } from '@vouchsafe/kube/pki';
import { pushImage } from '@vouchsafe/sandbox/registry';
import { type SignKeylessOptions, signKeyless, signWithKey } from '@vouchsafe/sandbox/sigstore';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { attachReferrer, createNotaryKeys, signNotary } from '../../../../images/test/notary-signer.ts';
import { type ImageCommandRig, startImageCommandRig } from '../../images/image-commands.fixture.ts';
import { verify } from '../verify/verify.ts';
import { images } from './images.ts';

let rig: ImageCommandRig;
beforeAll(async () => {
  rig = await startImageCommandRig(images);
});
afterAll(() => rig.stop());

interface Pushed {
  readonly image: string;
  readonly repository: string;
  readonly digest: string;
}

const identity = { issuer: 'https://issuer.test', subject: 'https://ci.test/job' };
const attestation = { predicateType: 'https://spdx.dev/Document', predicate: { spdxVersion: 'SPDX-2.3' } };
const notary = createNotaryKeys();
const pairs = new Map<KeyAlgorithm, ReturnType<typeof generateKeyPair>>();
const pairOf = (kind: KeyAlgorithm) => {
  const pair = pairs.get(kind) ?? generateKeyPair(kind);
  pairs.set(kind, pair);
  return pair;
};

type Sign = (image: Pushed) => void;
type KeyOptions = Omit<Parameters<typeof signWithKey>[0], 'registry' | 'image' | 'key'>;
const byKey =
  (options: KeyOptions = {}, kind: KeyAlgorithm = 'ecdsa-p256'): Sign =>
  ({ image }) =>
    signWithKey({ registry: rig.registry, image, key: pairOf(kind).privateKeyPem, sigstore: rig.sigstore, ...options });
const byName =
  (options: Partial<SignKeylessOptions> = {}): Sign =>
  ({ image }) =>
    signKeyless({ registry: rig.registry, image, sigstore: rig.sigstore, identity, ...options });
const byNotary =
  (format: 'jws' | 'cose'): Sign =>
  ({ repository, digest }) =>
    signNotary({ registry: rig.registry, repository, digest, key: notary.signer, format });
const attestedByNotary: Sign = ({ repository, digest }) => {
  const blob = Buffer.from('{"scanner":"x"}');
  const parts = { configType: 'application/vnd.oci.empty.v1+json', layerType: 'application/json', blob };
  const attached = attachReferrer(rig.registry, repository, digest, { ...parts, artifactType: 'sbom/example' });
  signNotary({ registry: rig.registry, repository, digest: attached.digest, key: notary.signer });
};
/** A certificate of a private authority, for a key that signs as cosign does. */
const byAuthority = (): Sign => {
  const { signer, root } = createNotaryKeys();
  const certificate = { pem: signer.pem, chainPem: root };
  return ({ image }) => signWithKey({ registry: rig.registry, image, key: signer.privateKey, certificate });
};

let count = 0;
function push(): Pushed {
  count += 1;
  const name = `pasted/app-${count}`;
  return { ...pushImage(rig.registry, `${name}:v1`, { labels: { is: name } }), repository: name };
}

/** What the listing tells people to paste, in a policy and otherwise as it stands. */
function policyOf(listing: string): string {
  const [, entries = ''] = listing.split(/^# what a policy asks .*\n/m);
  expect(entries.trim(), listing).not.toBe('');
  const text = `apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: { name: pasted }
spec:
  rules:
    - name: signed
      match: { any: [{ resources: { kinds: [Pod] } }] }
      verifyImages:
${entries.replaceAll(/^(?=.)/gm, '        ')}`;
  return rig.write(`pasted-${count}.yaml`, text);
}

describe('the entry that is suggested for', () => {
  it.each<[string, () => Sign]>([
    ['a signature by a key', () => byKey()],
    ['one in a log', () => byKey({ log: 'v1' })],
    ['one with annotations', () => byKey({ annotations: { team: 'blue' } })],
    ['one by an RSA key', () => byKey({}, 'rsa-2048')],
    ['an attestation by a key', () => byKey({ attestation })],
    ['a bundle by a key', () => byKey({ format: 'bundle' })],
    ['a bundle by an Ed25519 key', () => byKey({ format: 'bundle' }, 'ed25519')],
    ['a bundle by a key, with a time', () => byKey({ format: 'bundle', log: 'v2' })],
    ['a signature by an identity', () => byName()],
    ['one by a wildcard of a name', () => byName({ identity: { ...identity, subject: 'https://ci.test/*?' } })],
    ['one by an address', () => byName({ identity: { ...identity, subject: 'ann@acme.test' } })],
    ['one with a time stamp', () => byName({ timestamp: true })],
    ['an attestation by an identity', () => byName({ attestation })],
    ['a bundle by an identity', () => byName({ format: 'bundle' })],
    ['a bundle of the older version', () => byName({ format: 'bundle', bundleVersion: '0.1' })],
    ['a bundle in the newer log', () => byName({ format: 'bundle', log: 'v2' })],
    ['a bundle that attests', () => byName({ format: 'bundle', attestation })],
    ['a signature with the certificate of an own authority', byAuthority],
    ['a Notary signature', () => byNotary('jws')],
    ['a Notary signature in COSE', () => byNotary('cose')],
    ['a Notary attestation', () => attestedByNotary],
  ])('%s accepts it as it stands, and nothing unsigned', async (_name, make) => {
    const signed = push();
    make()(signed);
    const keys = [...pairs].map(([kind, { publicKeyPem }]) => rig.write(`${kind}.pub`, publicKeyPem));
    const listed = await rig.run([`registry.test/${signed.repository}:v1`], { key: keys });
    expect(listed.code, listed.stdout + listed.stderr).toBe(0);
    expect(listed.stdout).toMatch(/verdict {7}(verified|as its own certificates say)/);
    const policy = policyOf(listed.stdout);
    const good = await rig.run([`registry.test/${signed.repository}:v1`], { policy: [policy] }, verify);
    expect(good.code, good.stdout + good.stderr).toBe(0);
    pushImage(rig.registry, `${signed.repository}:other`, { labels: { is: 'unsigned' } });
    const bad = await rig.run([`registry.test/${signed.repository}:other`], { policy: [policy] }, verify);
    expect(bad.code, bad.stdout + bad.stderr).toBe(1);
    pushImage(rig.registry, `${signed.repository}-evil:v1`);
    const beside = await rig.run([`registry.test/${signed.repository}-evil:v1`], { policy: [policy] }, verify);
    expect(beside.stdout).toContain('unmatched');
  });

  it('a key that nobody gave must be filled in, and says so', async () => {
    const signed = push();
    byKey()(signed);
    const listed = await rig.run([`registry.test/${signed.repository}:v1`]);
    expect(listed.stdout).toContain('(the key you trust)');
    expect(listed.stdout).not.toContain('verdict');
  });

  it('a key that is another is said to be', async () => {
    const signed = push();
    byKey()(signed);
    const other = rig.write('other.pub', generateKeyPair('ecdsa-p256').publicKeyPem);
    const listed = await rig.run([`registry.test/${signed.repository}:v1`], { key: [other] });
    expect(listed.stdout).toContain('not verified: bad-signature');
    expect(listed.stdout).toContain('(the key you trust)');
  });
});

it('a good signature says nothing of the bad one beside it', async () => {
  const signed = push();
  byName()(signed);
  byName({ defects: { certificate: { issuedBy: 'impostor' } } })(signed);
  const { stdout } = await rig.run([`registry.test/${signed.repository}:v1`], { output: 'json' });
  const verdicts = JSON.parse(stdout).items[0].evidence.map(({ verdict }: { verdict: string }) => verdict);
  expect(verdicts.toSorted()).toEqual([expect.stringContaining('not verified: certificate-chain'), 'verified']);
});
