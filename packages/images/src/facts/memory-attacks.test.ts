import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pushImage } from '../../../sandbox/src/registry/push-image.ts';
import { attachReferrer } from '../../test/notary-signer.ts';
import { byKey, createKey, fetchFact, host, pushFresh, type Rig, requestFor, startRig } from '../../test/rig.ts';
import { parseJsonObject } from '../trust/encoded-text.ts';
import { keepReading } from '../verifiers/keep-reading.ts';
import { CborError, readCbor } from '../verifiers/notary/cbor-reader.ts';

const MIB = 1024 * 1024;
const key = createKey();
const bundleType = 'application/vnd.dev.sigstore.bundle.v0.3+json';
const manifestType = 'application/vnd.oci.image.manifest.v1+json';
/** JSON that takes twenty times its length once it is read. */
const dense = (bytes: number) => `[${'{},'.repeat(bytes / 3)}{}]`;
const sparse = (bytes: number) => JSON.stringify('x'.repeat(bytes));

let rig: Rig;
beforeAll(async () => {
  rig = await startRig();
});
afterAll(() => rig.stop());

type Image = ReturnType<typeof pushFresh>;

function addReferrer(image: Image, index: number, junk: string): void {
  const digest = `sha256:${'0'.repeat(64)}`;
  const text = `{"schemaVersion":2,"n":${index},"mediaType":"${manifestType}","artifactType":"${bundleType}","subject":{"mediaType":"${manifestType}","digest":"${image.digest}","size":1},"config":{"mediaType":"application/vnd.oci.empty.v1+json","digest":"${digest}","size":2},"layers":[],"x":${junk}}`;
  const stored = rig.registry.content.putManifest(image.repository, `r${index}`, Buffer.from(text), manifestType);
  if ('problem' in stored) throw new Error(stored.problem);
}

const ask = ({ reference }: Image) =>
  fetchFact(rig.source, requestFor(reference, byKey(key.publicKey), { type: 'SigstoreBundle' }));

describe('what is made to fill the memory', () => {
  it('a few referrers with manifests of megabytes', async () => {
    const image = pushFresh(rig.registry);
    for (let index = 0; index < 4; index += 1) addReferrer(image, index, sparse(3 * MIB));
    expect(await ask(image)).toMatchObject({ ok: false, class: 'permanent', message: /manifests .* are too large/ });
  });

  it('one manifest of nothing but empty objects', async () => {
    const image = pushFresh(rig.registry);
    addReferrer(image, 0, dense(MIB));
    expect(await ask(image)).toMatchObject({ ok: false, class: 'permanent', message: /more objects and lists/ });
  });

  it('a manifest that is longer than its descriptor says', async () => {
    const image = pushFresh(rig.registry);
    addReferrer(image, 0, sparse(MIB));
    const body = JSON.stringify({
      manifests: [{ mediaType: manifestType, digest: digestOf(image, 'r0'), size: 10 }],
    });
    const headers = { 'content-type': 'application/vnd.oci.image.index.v1+json' };
    rig.registry.setFault(image.repository, {
      effect: { kind: 'status', status: 200, headers, body },
      kinds: ['referrers'],
    });
    expect(await ask(image)).toMatchObject({ ok: false, class: 'permanent', message: /sent more than 65536 bytes/ });
  });

  it('a statement of nothing but empty objects', async () => {
    const image = pushFresh(rig.registry);
    const payload = Buffer.from(
      `{"_type":"https://in-toto.io/Statement/v1","subject":[{"digest":{"sha256":"${image.digest.slice(7)}"}}],"predicateType":"https://sigstore.dev/cosign/sign/v1","predicate":${dense(MIB)}}`,
    ).toString('base64');
    const bundle = {
      mediaType: bundleType,
      verificationMaterial: { publicKey: { hint: '' } },
      dsseEnvelope: { payloadType: 'application/vnd.in-toto+json', payload, signatures: [{ sig: 'AAAA' }] },
    };
    const blob = Buffer.from(JSON.stringify(bundle));
    const parts = { configType: 'application/vnd.oci.empty.v1+json', artifactType: bundleType, layerType: bundleType };
    attachReferrer(rig.registry, image.repository, image.digest, { ...parts, blob });
    expect(await ask(image)).toMatchObject({
      value: { sets: [{ entries: [{ failures: [{ message: 'the statement is not a JSON object' }] }] }] },
    });
  });

  it('the data of many images, of megabytes each', async () => {
    const access = { allowInsecure: false, providers: [], secrets: [] };
    const labels = { junk: 'x'.repeat(4 * MIB) };
    const images = Array.from({ length: 5 }, (_, index) => pushImage(rig.registry, `large/${index}:1`, { labels }));
    const requests = images.map(({ repository }) => {
      return { kind: 'image-data', reference: `${host}/${repository}:1`, access } as const;
    });
    const facts = await rig.source.fetch(requests, undefined);
    expect(facts.filter(({ ok }) => ok).length).toBeLessThan(5);
    expect(facts.find(({ ok }) => !ok)).toMatchObject({ class: 'permanent', message: /data of the images is more/ });
  });

  it('a configuration nested without end', async () => {
    const { content } = rig.registry;
    const config = Buffer.from(`{"x":"${'x'.repeat(MIB)}","y":${'['.repeat(5000)}${']'.repeat(5000)}}`);
    const stored = content.putBlob('deep/app', config);
    if ('problem' in stored) throw new Error(stored.problem);
    const mediaType = 'application/vnd.oci.image.config.v1+json';
    const manifest = { schemaVersion: 2, mediaType: manifestType, layers: [] };
    const described = { ...manifest, config: { mediaType, digest: stored.digest, size: config.length } };
    content.putManifest('deep/app', '1', Buffer.from(JSON.stringify(described)), manifestType);
    const access = { allowInsecure: false, providers: [], secrets: [] };
    const [fact] = await rig.source.fetch([{ kind: 'image-data', reference: `${host}/deep/app:1`, access }], undefined);
    expect(fact).toMatchObject({ ok: false, class: 'permanent', message: /is not a JSON object/ });
  });

  it('CBOR of nothing but empty lists', () => {
    const lists = Buffer.alloc(1000, 0x80);
    const header = Buffer.from([0x99, 0x03, 0xe8]);
    const inner = Buffer.concat([header, lists]);
    const bytes = Buffer.concat([header, ...Array.from({ length: 1000 }, () => inner)]);
    expect(() => readCbor(bytes)).toThrow(CborError);
    expect(readCbor(inner)).toHaveLength(1000);
  });

  it('documents that are honest, and as long, are read', () => {
    const packages = Array.from({ length: 20_000 }, (_, id) => ({ name: `package-${id}`, versions: ['1.0.0'] }));
    expect(parseJsonObject(JSON.stringify({ packages }))).toBeDefined();
  });
});

function digestOf({ repository }: Image, tag: string): string {
  return rig.registry.content.manifest(repository, tag)?.digest ?? '';
}

describe('what was read of evidence', () => {
  it.each([
    ['short', 10],
    ['long', 100_000],
  ])('%s: is the same as long as somebody uses it', (_name, length) => {
    let reads = 0;
    const read = keepReading(new Uint8Array(length), () => {
      reads += 1;
      return { at: reads };
    });
    const first = read();
    expect(read()).toBe(first);
    expect(first).toEqual({ at: 1 });
  });
});
