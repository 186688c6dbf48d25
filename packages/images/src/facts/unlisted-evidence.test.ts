import type { Attestor, ImageVerificationType } from '@vouchsafe/engine/facts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pushImage } from '../../../sandbox/src/registry/push-image.ts';
import { type SignWithKeyOptions, signWithKey } from '../../../sandbox/src/sigstore/sign-image.ts';
import {
  byKey,
  createKey,
  host,
  pushFresh,
  type Rig,
  refusalOf,
  requestFor,
  startRig,
  verify,
} from '../../test/rig.ts';
import { listEvidence } from './list-evidence.ts';

const [before, after, nobody] = [createKey(), createKey(), createKey()];
let rig: Rig;
beforeAll(async () => {
  rig = await startRig();
});
afterAll(() => rig.stop());

const bundleType = 'application/vnd.dev.sigstore.bundle.v0.3+json';
const indexType = 'application/vnd.oci.image.index.v1+json';
type Image = ReturnType<typeof pushFresh>;

function sign(image: Pick<Image, 'name'>, key: string, more: Partial<SignWithKeyOptions> = {}) {
  return signWithKey({ registry: rig.registry, image: image.name, key, format: 'bundle', ...more });
}

async function judge(reference: string, attestor: Attestor, type: ImageVerificationType = 'SigstoreBundle') {
  const { reason, message } = refusalOf(await verify(rig.source, requestFor(reference, attestor, { type })));
  return message === '' ? reason : `${reason}: ${message}`;
}

describe('a registry that learned referrers after the image was signed', () => {
  /** Signed by `before`, listed by tag alone; then by `after`, listed by the API alone. */
  function signTwice(): Image {
    const image = pushFresh(rig.registry);
    const { repository } = image;
    sign(image, before.privateKey, { referrers: 'tag-as-oras' });
    const { manifestDigest } = sign(image, after.privateKey);
    const size = rig.registry.content.manifest(repository, manifestDigest)?.manifest.bytes.length;
    const manifests = [{ mediaType: 'x', digest: manifestDigest, size, artifactType: bundleType }];
    const body = JSON.stringify({ schemaVersion: 2, mediaType: indexType, manifests });
    const effect = { kind: 'status', status: 200, headers: { 'content-type': indexType }, body } as const;
    rig.registry.setFault(repository, { effect, kinds: ['referrers'], reference: image.digest });
    return image;
  }

  it('has the signatures of both times looked at', async () => {
    const { reference } = signTwice();
    expect(await judge(reference, byKey(after.publicKey))).toBe('verified');
    expect(await judge(reference, byKey(before.publicKey))).toBe('verified');
    expect(await judge(reference, byKey(nobody.publicKey))).toBe(
      'bad-signature: the signature was not made by the key',
    );
  });

  it('is not asked for the older ones when the newer ones suffice', async () => {
    const { reference, digest } = signTwice();
    await judge(reference, byKey(after.publicKey));
    const tag = digest.replace(':', '-');
    expect(rig.registry.requests().filter((request) => request.reference === tag)).toEqual([]);
  });

  it('has all of them listed', async () => {
    const { reference } = signTwice();
    const hosts = { [host]: { url: rig.registry.url } };
    const { evidence } = await listEvidence(reference, { hosts, userAgent: 'x' });
    expect(evidence).toHaveLength(2);
  });
});

it.each(['text/html', 'text/plain', 'application/vnd.oci.image.manifest.v1+json'])(
  'a registry that answers %s to the question for referrers is asked for the tag',
  async (type) => {
    const image = pushFresh(rig.registry);
    sign(image, before.privateKey, { referrers: 'tag-as-oras' });
    const headers = { 'content-type': type };
    const effect = { kind: 'status', status: 200, headers, body: '<html>Sign in</html>' } as const;
    rig.registry.setFault(image.repository, { effect, kinds: ['referrers'] });
    expect(await judge(image.reference, byKey(before.publicKey))).toBe('verified');
  },
);

describe('when there is no signature, the message tells what there is', () => {
  const platforms = ['amd64', 'arm64'].map((architecture) => ({ os: 'linux', architecture }));

  it.each([
    ['Cosign', 'legacy'],
    ['SigstoreBundle', 'bundle'],
  ] as const)('the image of an index is signed, and the index is not (%s)', async (type, format) => {
    const repository = `multi/child-${format}`;
    const { manifests, digest } = pushImage(rig.registry, `${repository}:1`, { platforms });
    const child = `${repository}@${manifests[1]?.digest}`;
    sign({ name: child }, before.privateKey, { format });
    const attestor = byKey(before.publicKey);
    expect(await judge(`${host}/${repository}:1`, attestor, type)).toBe(
      `unsigned: no signatures found: the digest is of an index, and there are signatures of its image linux/arm64 (${manifests[1]?.digest}) alone`,
    );
    expect(await judge(`${host}/${child}`, attestor, type)).toBe('verified');
    expect(await judge(`${host}/${repository}@${digest}`, byKey(nobody.publicKey), type)).toContain('linux/arm64');
  });

  it('the index is signed, and its images are not', async () => {
    const { manifests } = pushImage(rig.registry, 'multi/index:1', { platforms });
    sign({ name: 'multi/index:1' }, before.privateKey, { format: 'legacy' });
    const attestor = byKey(before.publicKey);
    expect(await judge(`${host}/multi/index:1`, attestor, 'Cosign')).toBe('verified');
    expect(await judge(`${host}/multi/index@${manifests[0]?.digest}`, attestor, 'Cosign')).toBe(
      'unsigned: no signatures found',
    );
  });

  it('an attestation, which is no signature', async () => {
    const image = pushFresh(rig.registry);
    sign(image, before.privateKey, { attestation: { predicateType: 'https://slsa.dev/provenance/v1', predicate: {} } });
    expect(await judge(image.reference, byKey(before.publicKey))).toBe(
      'unsigned: no signatures found: an attestation (https://slsa.dev/provenance/v1) alone is no signature',
    );
  });
});

it('two signatures of one payload are listed as two', async () => {
  const image = pushFresh(rig.registry);
  for (const { privateKey } of [before, after]) sign(image, privateKey, { format: 'legacy' });
  const hosts = { [host]: { url: rig.registry.url } };
  const { evidence } = await listEvidence(image.reference, { hosts, userAgent: 'x' });
  expect(evidence.map(({ format, part }) => `${format} ${part}`)).toEqual(['Cosign signatures', 'Cosign signatures']);
});
