import type { Attestor, Fact } from '@vouchsafe/engine/facts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pushImage } from '../../../sandbox/src/registry/push-image.ts';
import { signWithKey } from '../../../sandbox/src/sigstore/sign-image.ts';
import { attachReferrer } from '../../test/notary-signer.ts';
import {
  byKey,
  createKey,
  fetchFact,
  host,
  pushFresh,
  type Rig,
  refusalOf,
  requestFor,
  startRig,
  verify,
} from '../../test/rig.ts';

let rig: Rig;
const key = createKey();
const other = createKey();

beforeAll(async () => {
  rig = await startRig({ source: { limits: { exchangeMs: 300, totalMs: 2000 } } });
});
afterAll(() => rig.stop());

/** An image signed by `key`. */
function signed() {
  const image = pushFresh(rig.registry);
  signWithKey({ registry: rig.registry, image: image.name, key: key.privateKey });
  return image;
}

async function countRequests(work: () => Promise<unknown>): Promise<number> {
  rig.registry.clearRequests();
  await work();
  return rig.registry.requests().length;
}

describe('an image signed by a key', () => {
  it('is verified with three requests, and says by whom', async () => {
    const image = signed();
    const source = rig.open();
    const requests = await countRequests(async () => {
      const result = await verify(source, requestFor(image.reference, byKey(key.publicKey)));
      expect(result).toMatchObject({ digest: image.digest, verified: true, fromCache: false });
      const [entry] = result.sets[0]?.entries ?? [];
      expect(entry).toMatchObject({ path: '.attestors[0].entries[0].keys', verified: true, failures: [] });
      expect(entry?.signer?.key).toMatch(/^sha256:/);
    });
    expect(requests).toBe(3);
  });

  it('costs one request the second time, and none by digest', async () => {
    const image = signed();
    const source = rig.open();
    await verify(source, requestFor(image.reference, byKey(key.publicKey)));
    expect(await countRequests(() => verify(source, requestFor(image.reference, byKey(key.publicKey))))).toBe(1);
    const byDigest = requestFor(`${host}/${image.repository}@${image.digest}`, byKey(key.publicKey));
    expect(
      await countRequests(async () => {
        expect(await verify(source, byDigest)).toMatchObject({ verified: true, fromCache: true });
      }),
    ).toBe(0);
  });

  it('asked for a thousand times at once costs at most four requests', async () => {
    const image = signed();
    const source = rig.open();
    const requests = await countRequests(async () => {
      const facts = await Promise.all(
        Array.from({ length: 1000 }, () =>
          source.fetch([requestFor(image.reference, byKey(key.publicKey))], undefined),
        ),
      );
      expect(facts.every(([fact]) => fact?.ok === true)).toBe(true);
    });
    expect(requests).toBeLessThanOrEqual(4);
    expect(source.stats()).toMatchObject({ evidenceFetches: 1, inFlight: 0 });
  });

  it('is asked about once, however many rules ask for whatever keys', async () => {
    const image = signed();
    const source = rig.open();
    const { signal } = new AbortController();
    const requests = await countRequests(async () => {
      for (let round = 0; round < 3; round += 1) {
        const keys = [key, other, createKey(), createKey()].map(({ publicKey }) =>
          requestFor(image.reference, byKey(publicKey)),
        );
        const facts = await source.fetch(keys, signal);
        expect(facts.map((fact) => fact.ok && (fact.value as { verified?: boolean }).verified)).toEqual([
          true,
          false,
          false,
          false,
        ]);
      }
    });
    expect(requests).toBe(3);
  });

  it('is looked at anew when the policy uses no cache', async () => {
    const image = signed();
    const source = rig.open();
    const request = requestFor(
      image.reference,
      [{ entries: [byKey(key.publicKey)] }, { entries: [byKey(key.publicKey)] }],
      { useCache: false },
    );
    await verify(source, request);
    await new Promise((resolve) => setTimeout(resolve, 5));
    const requests = await countRequests(async () => {
      expect((await verify(source, request)).fromCache).toBe(false);
    });
    expect(requests).toBe(3);
  });

  it('is found as a referrer of the older form when the policy says so', async () => {
    const image = signed();
    const tag = `${image.digest.replace(':', '-')}.sig`;
    const stored = rig.registry.content.manifest(image.repository, tag)?.manifest.bytes.toString() ?? '{}';
    const [layer] = JSON.parse(stored).layers;
    rig.registry.content.repository(image.repository)?.tags.delete(tag);
    const blob = rig.registry.content.blob(image.repository, layer.digest) ?? Buffer.alloc(0);
    attachReferrer(rig.registry, image.repository, image.digest, {
      configType: 'application/vnd.dev.cosign.artifact.sig.v1+json',
      layerType: layer.mediaType,
      annotations: layer.annotations,
      blob: Buffer.from(blob),
    });
    const check = async (cosignOCI11: boolean) =>
      (await verify(rig.source, requestFor(image.reference, byKey(key.publicKey), { cosignOCI11 }))).verified;
    expect(await check(false)).toBe(false);
    expect(await check(true)).toBe(true);
  });

  it('is verified by count, nested sets and several keys in one text', async () => {
    const image = signed();
    const both = `${other.publicKey}${key.publicKey}`;
    const check = async (entries: Parameters<typeof requestFor>[1]) =>
      (await verify(rig.source, requestFor(image.reference, entries))).verified;
    expect(await check([{ count: 1, entries: [byKey(both)] }])).toBe(true);
    expect(await check([{ entries: [byKey(both)] }])).toBe(false);
    expect(await check([{ count: 2, entries: [byKey(key.publicKey)] }])).toBe(false);
    const twice = `${key.publicKey}${key.publicKey}`;
    expect(await check([{ entries: [byKey(twice)] }])).toBe(true);
    expect(await check([{ entries: [byKey(`${twice}-----BEGIN PUBLIC KEY-----\nMFkw`)] }])).toBe(false);
    expect(await check([{ entries: [byKey(`${twice}${other.publicKey.replace('END PUBLIC', 'END  PUBLIC')}`)] }])).toBe(
      false,
    );
    expect(await check([{ entries: [] }])).toBe(false);
    expect(await check([{ entries: [byKey(key.publicKey)] }, { entries: [byKey(other.publicKey)] }])).toBe(false);
    const nested = { entries: [{ attestor: { count: 1, entries: [byKey(other.publicKey), byKey(key.publicKey)] } }] };
    expect(await check([nested])).toBe(true);
  });

  it('names the nested path of what failed', async () => {
    const image = signed();
    const nested = { entries: [{ attestor: { entries: [byKey(other.publicKey)] } }] };
    const result = await verify(rig.source, requestFor(image.reference, [nested]));
    expect(result.sets[0]?.entries[0]).toMatchObject({ path: '.attestors[0].entries[0].attestor', verified: false });
    expect(refusalOf(result).reason).toBe('bad-signature');
  });

  it.each(['ecdsa-p384', 'ecdsa-p521', 'rsa-2048', 'ed25519'] as const)('of kind %s is verified', async (algorithm) => {
    const image = pushFresh(rig.registry);
    const pair = createKey(algorithm);
    signWithKey({ registry: rig.registry, image: image.name, key: pair.privateKey });
    expect((await verify(rig.source, requestFor(image.reference, byKey(pair.publicKey)))).verified).toBe(true);
  });

  it('of an explicit hash only counts with that hash', async () => {
    const image = pushFresh(rig.registry);
    signWithKey({ registry: rig.registry, image: image.name, key: key.privateKey, hash: 'sha512' });
    const withHash = (signatureAlgorithm: string) => {
      const attestor = byKey(key.publicKey);
      return { keys: { ...attestor.keys, signatureAlgorithm } };
    };
    expect((await verify(rig.source, requestFor(image.reference, withHash('sha512')))).verified).toBe(true);
    expect((await verify(rig.source, requestFor(image.reference, withHash('sha256')))).verified).toBe(false);
    expect(refusalOf(await verify(rig.source, requestFor(image.reference, withHash('md5')))).reason).toBe(
      'invalid-attestor',
    );
  });

  it('is found in another repository when the policy names it', async () => {
    const image = pushFresh(rig.registry);
    signWithKey({ registry: rig.registry, image: image.name, key: key.privateKey, signatureRepository: 'sigs/all' });
    const attestor = byKey(key.publicKey);
    expect((await verify(rig.source, requestFor(image.reference, attestor))).verified).toBe(false);
    const repository = `${host}/sigs/all`;
    expect((await verify(rig.source, requestFor(image.reference, attestor, { repository }))).verified).toBe(true);
    const own = requestFor(image.reference, { ...attestor, repository }, { repository: 'elsewhere.test/x' });
    expect((await verify(rig.source, own)).verified).toBe(true);
  });

  it('is found at the origin of a cache', async () => {
    const origin = pushFresh(rig.registry);
    signWithKey({ registry: rig.registry, image: origin.name, key: key.privateKey });
    const signatureOrigins = [
      { place: { registry: host, repository: 'cache' }, origin: { registry: host, repository: '' } },
    ];
    const source = rig.open({ signatureOrigins });
    const request = requestFor(`${host}/cache/${origin.repository}@${origin.digest}`, byKey(key.publicKey));
    expect((await verify(source, request)).verified).toBe(true);
    expect((await verify(rig.source, request)).verified).toBe(false);
  });

  it('by a key of a secret is verified, and says so when the secret is missing', async () => {
    const image = signed();
    const source = rig.open({
      secretKeys: {
        publicKey: async (namespace, name) => (`${namespace}/${name}` === 'a/b' ? key.publicKey : undefined),
      },
    });
    const of = (keys: object) => requestFor(image.reference, { keys: { ...keys, rekor: { ignoreTlog: true } } });
    expect((await verify(source, of({ secret: { namespace: 'a', name: 'b' } }))).verified).toBe(true);
    expect((await verify(source, of({ publicKeys: 'k8s://a/b' }))).verified).toBe(true);
    const missing = await verify(source, of({ kms: 'k8s://a/none' }));
    expect(refusalOf(missing)).toMatchObject({ reason: 'invalid-attestor' });
    const kms = refusalOf(await verify(source, of({ kms: 'awskms:///alias/x' })));
    expect(kms).toMatchObject({ reason: 'invalid-attestor', message: expect.stringContaining('awskms') });
  });
});

describe('an image that is not signed so', () => {
  it('is unsigned', async () => {
    const image = pushFresh(rig.registry);
    const result = await verify(rig.source, requestFor(image.reference, byKey(key.publicKey)));
    expect(result.verified).toBe(false);
    expect(refusalOf(result)).toEqual({ reason: 'unsigned', message: 'no signatures found' });
  });

  it('is said to be signed in another format', async () => {
    const image = pushFresh(rig.registry);
    signWithKey({ registry: rig.registry, image: image.name, key: key.privateKey, format: 'bundle' });
    const result = await verify(rig.source, requestFor(image.reference, byKey(key.publicKey)));
    expect(refusalOf(result)).toMatchObject({
      reason: 'other-format',
      message: 'no signatures found of type Cosign, but the image has one of type SigstoreBundle',
    });
  });

  it.each([
    ['a key and an identity', (own: Attestor) => ({ ...own, keyless: { subject: '*', issuer: '*' } })],
    ['a key and a certificate', (own: Attestor) => ({ ...own, certificates: { cert: 'x' } })],
    ['nothing at all', () => ({})],
    ['a repository that is none', (own: Attestor) => ({ ...own, repository: 'UPPER/../x' })],
  ])('cannot be judged by an entry with %s', async (_name, change) => {
    const image = signed();
    const result = await verify(rig.source, requestFor(image.reference, change(byKey(key.publicKey))));
    expect(refusalOf(result).reason).toBe('invalid-attestor');
  });

  it('needs a log entry unless the policy says otherwise', async () => {
    const image = signed();
    const result = await verify(rig.source, requestFor(image.reference, { keys: { publicKeys: key.publicKey } }));
    expect(refusalOf(result).reason).toBe('no-log-entry');
  });

  it('is looked at again soon after it was signed', async () => {
    let time = 1_800_000_000_000;
    const source = rig.open({ now: () => time, cache: { maxSize: 10, ttlMs: 3_600_000, refusalTtlMs: 5000 } });
    const image = pushFresh(rig.registry);
    const request = requestFor(image.reference, byKey(key.publicKey));
    expect((await verify(source, request)).verified).toBe(false);
    signWithKey({ registry: rig.registry, image: image.name, key: key.privateKey });
    expect((await verify(source, request)).verified).toBe(false);
    time += 6000;
    expect((await verify(source, request)).verified).toBe(true);
  });
});

describe('what a registry keeps from being known', () => {
  const failure = async (image: { reference: string }, more = {}): Promise<Fact> =>
    fetchFact(rig.source, requestFor(image.reference, byKey(key.publicKey), more));

  it.each([
    ['an outage', { kind: 'status', status: 500 } as const, 'transient'],
    ['silence', { kind: 'hang' } as const, 'timed-out'],
    ['a refusal', { kind: 'status', status: 403 } as const, 'denied'],
    ['a web page', { kind: 'html' } as const, 'permanent'],
  ])('%s is a failed fact that is not remembered', async (_name, effect, failureClass) => {
    const image = signed();
    const tag = `${image.digest.replace(':', '-')}.sig`;
    rig.registry.setFault(image.repository, { effect, reference: tag });
    expect(await failure(image)).toMatchObject({ ok: false, class: failureClass });
    rig.registry.clearFaults();
    expect(await failure(image)).toMatchObject({ ok: true, value: { verified: true } });
  });

  it('a missing image is not found', async () => {
    expect(await failure({ reference: `${host}/team/none:1` })).toMatchObject({ ok: false, class: 'not-found' });
  });

  it('thousands of layers are refused before they are fetched', async () => {
    const image = signed();
    const tag = `${image.digest.replace(':', '-')}.sig`;
    const found = rig.registry.content.manifest(image.repository, tag);
    const document = JSON.parse(found?.manifest.bytes.toString() ?? '{}');
    document.layers = Array.from({ length: 5000 }, () => document.layers[0]);
    const bytes = Buffer.from(JSON.stringify(document));
    rig.registry.content.putManifest(image.repository, tag, bytes, found?.manifest.mediaType ?? '');
    rig.registry.clearRequests();
    expect(await failure(image)).toMatchObject({
      ok: false,
      class: 'permanent',
      message: expect.stringContaining('5000 layers'),
    });
    expect(rig.registry.requests().filter(({ kind }) => kind === 'blob')).toHaveLength(0);
  });

  it('does not matter for an entry that is not needed', async () => {
    const image = signed();
    const entries = [byKey(key.publicKey, { repository: 'down.test/x' }), byKey(key.publicKey)];
    const request = requestFor(image.reference, [{ count: 1, entries }]);
    const result = await verify(rig.source, request);
    expect(result.verified).toBe(true);
    expect(result.sets[0]?.entries[0]?.failures[0]?.reason).toBe('registry-unreachable');
    const strict = await fetchFact(rig.source, requestFor(image.reference, [{ entries }]));
    expect(strict).toMatchObject({ ok: false, class: 'transient' });
  });
});

describe('an admission', () => {
  it('sees one digest for a tag, whatever happens meanwhile', async () => {
    const image = signed();
    const { signal } = new AbortController();
    const request = {
      kind: 'image-digest',
      reference: image.reference,
      access: { allowInsecure: false, providers: [], secrets: [] },
    } as const;
    const [first] = await rig.source.fetch([request], signal);
    const moved = pushImage(rig.registry, image.name, { files: { moved: 'yes' } });
    expect(await rig.source.fetch([request], signal)).toEqual([first]);
    expect(await rig.source.fetch([request], undefined)).toEqual([{ ok: true, value: moved.digest }]);
  });

  it('does not pin a tag for as long as a signal lives', async () => {
    let time = Date.now();
    const source = rig.open({ now: () => time });
    const image = signed();
    const { signal } = new AbortController();
    const access = { allowInsecure: false, providers: [], secrets: [] };
    const request = { kind: 'image-digest', reference: image.reference, access } as const;
    const [first] = await source.fetch([request], signal);
    const moved = pushImage(rig.registry, image.name, { files: { moved: 'yes' } });
    time += 29_000;
    expect(await source.fetch([request], signal)).toEqual([first]);
    time += 2000;
    expect(await source.fetch([request], signal)).toEqual([{ ok: true, value: moved.digest }]);
  });

  it('is answered in time, with what is not known as timed out', async () => {
    const image = signed();
    rig.registry.setFault(image.repository, { latencyMs: 200 });
    const [fact] = await rig.source.fetch([requestFor(image.reference, byKey(key.publicKey))], AbortSignal.timeout(20));
    expect(fact).toMatchObject({ ok: false, class: 'timed-out' });
    rig.registry.clearFaults();
  });
});

describe('image data', () => {
  it('has the members of the context entry', async () => {
    const image = pushFresh(rig.registry);
    const access = { allowInsecure: false, providers: [], secrets: [] };
    const [fact] = await rig.source.fetch([{ kind: 'image-data', reference: image.reference, access }], undefined);
    expect(fact).toMatchObject({
      ok: true,
      value: {
        image: image.reference,
        resolvedImage: `${host}/${image.repository}@${image.digest}`,
        registry: host,
        repository: image.repository,
        identifier: '1',
        manifestList: null,
        manifest: { schemaVersion: 2 },
        configData: { architecture: 'amd64' },
      },
    });
  });
});
