import type { Attestor, ImageVerificationRequest } from '@vouchsafe/engine/facts';
import { afterEach, describe, expect, it } from 'vitest';
import { pushImage } from '../../../sandbox/src/registry/push-image.ts';
import { signKeyless, signWithKey } from '../../../sandbox/src/sigstore/sign-image.ts';
import {
  byKey,
  createKey,
  fetchFact,
  pushFresh,
  type Rig,
  refusalOf,
  requestFor,
  startRig,
  verify,
} from '../../test/rig.ts';

const rigs: Rig[] = [];
afterEach(async () => {
  for (const rig of rigs.splice(0)) await rig.stop();
});

async function start(...options: Parameters<typeof startRig>): Promise<Rig> {
  const rig = await startRig(...options);
  rigs.push(rig);
  return rig;
}

const identity = { issuer: 'https://issuer.test', subject: 'https://ci.test/job' };

describe('what is kept for one policy is not told to another', () => {
  const key = createKey();
  const good = byKey(key.publicKey);
  it.each<[string, Attestor, Partial<ImageVerificationRequest>, string]>([
    ['another key', byKey(createKey().publicKey), {}, 'bad-signature'],
    ['the same key and a log', { keys: { publicKeys: key.publicKey } }, {}, 'no-log-entry'],
    ['the same key and another hash', { keys: { ...good.keys, signatureAlgorithm: 'sha512' } }, {}, 'bad-signature'],
    ['annotations of the entry', { ...good, annotations: { env: 'prod' } }, {}, 'annotation-mismatch'],
    ['annotations of the rule', good, { annotations: { env: 'prod' } }, 'annotation-mismatch'],
    ['another format', { keyless: identity }, { type: 'SigstoreBundle' }, 'other-format'],
    ['another repository', good, { repository: 'registry.test/elsewhere/signatures' }, 'unsigned'],
    ['another repository of the entry', { ...good, repository: 'registry.test/elsewhere/app' }, {}, 'unsigned'],
    ['a prefix of tags', { ...good, tagPrefix: 'x-' }, {}, 'unsigned'],
  ])('%s', async (_name, attestor, more, reason) => {
    const { registry, source } = await start();
    const { reference, name } = pushFresh(registry);
    signWithKey({ registry, image: name, key: key.privateKey });
    for (let round = 0; round < 2; round += 1) {
      expect((await verify(source, requestFor(reference, good))).verified).toBe(true);
      expect(refusalOf(await verify(source, requestFor(reference, attestor, more))).reason).toBe(reason);
    }
  });

  it('an attestation of one type is none of another', async () => {
    const { registry, sigstore, source } = await start();
    const { reference, name } = pushFresh(registry);
    signKeyless({
      registry,
      image: name,
      sigstore,
      identity,
      format: 'bundle',
      attestation: { predicateType: 'https://a.test/v1', predicate: {} },
    });
    const ask = (type: string) =>
      verify(
        source,
        requestFor(reference, [], {
          type: 'SigstoreBundle',
          attestations: [{ type, attestors: [{ entries: [{ keyless: identity }] }] }],
        }),
      );
    for (let round = 0; round < 2; round += 1) {
      expect((await ask('https://a.test/v1')).verified).toBe(true);
      expect((await ask('https://a.test/v2')).verified).toBe(false);
    }
  });
});

it('trust in an authority that ends does not live on in what is kept', async () => {
  const { registry, sigstore, trustRoot, open } = await start();
  const { reference, name } = pushFresh(registry);
  signKeyless({ registry, image: name, sigstore, identity, log: 'none' });
  let now = Date.now();
  const end = now + 60_000;
  const ending = trustRoot.certificateAuthorities.map((authority) => ({
    ...authority,
    validity: { ...authority.validity, end },
  }));
  const source = open({ trustRoot: { ...trustRoot, certificateAuthorities: ending }, now: () => now });
  const attestor = { keyless: { ...identity, rekor: { ignoreTlog: true } } };
  expect((await verify(source, requestFor(reference, attestor))).verified).toBe(true);
  now = end + 1;
  expect(refusalOf(await verify(source, requestFor(reference, attestor))).reason).toBe('certificate-time');
});

describe('what is kept for one tenant is not told to another', () => {
  it('who may not read the image learns nothing of it', async () => {
    const key = createKey();
    const configs: Record<string, string> = {};
    const { registry, source } = await start({
      registry: { auth: { kind: 'basic', users: { ann: 'secret' } } },
      source: { credentials: { secretConfig: async (name) => configs[name] } },
    });
    const auth = (login: string) =>
      JSON.stringify({ auths: { [registry.host]: { auth: Buffer.from(login).toString('base64') } } });
    configs['blue/pull'] = auth('ann:secret');
    configs['red/pull'] = auth('ann:guess');
    const { reference, name, digest, repository } = pushFresh(registry);
    signWithKey({ registry, image: name, key: key.privateKey });
    for (const image of [reference, `registry.test/${repository}@${digest}`]) {
      const ask = (...secrets: string[]) =>
        fetchFact(
          source,
          requestFor(image, byKey(key.publicKey), { access: { allowInsecure: false, providers: [], secrets } }),
        );
      for (let round = 0; round < 2; round += 1) {
        expect(await ask('blue/pull')).toMatchObject({ ok: true, value: { verified: true } });
        expect(await ask('red/pull')).toMatchObject({ ok: false, class: 'denied' });
        expect(await ask()).toMatchObject({ ok: false, class: 'denied' });
      }
    }
  });
});

describe('a registry that lies at times', () => {
  it.each([
    ['away', { kind: 'status', status: 503 } as const],
    ['slow down', { kind: 'rate-limited', retryAfterSeconds: 3600 } as const],
    ['other content', { kind: 'wrong-content' } as const],
    ['cut short', { kind: 'truncated', bytes: 10 } as const],
  ])('%s: neither a pass nor a refusal is made of it, then or later', async (_name, effect) => {
    const { registry, source } = await start();
    const key = createKey();
    const [signed, bare] = [pushFresh(registry), pushFresh(registry)];
    signWithKey({ registry, image: signed.name, key: key.privateKey });
    for (const { repository, reference, digest } of [signed, bare]) {
      const request = requestFor(`registry.test/${repository}@${digest}`, byKey(key.publicKey), { useCache: false });
      registry.setFault(repository, { effect });
      expect(await fetchFact(source, request)).not.toMatchObject({ ok: true, value: { verified: true } });
      registry.setFault(repository);
      expect((await verify(source, requestFor(reference, byKey(key.publicKey)))).verified).toBe(
        repository === signed.repository,
      );
    }
  });

  it('one digest for HEAD and another for GET: what was verified is what is pinned', async () => {
    const { registry, source } = await start();
    const key = createKey();
    const { name, reference, digest, repository } = pushFresh(registry);
    signWithKey({ registry, image: name, key: key.privateKey });
    const moved = pushImage(registry, name, { labels: { is: 'evil' } });
    expect(refusalOf(await verify(source, requestFor(reference, byKey(key.publicKey)))).reason).toBe('unsigned');
    registry.setFault(repository, {
      effect: { kind: 'wrong-digest-header', digest },
      methods: ['HEAD'],
      reference: '1',
    });
    const pinned = await verify(source, requestFor(reference, byKey(key.publicKey)));
    expect(pinned).toMatchObject({ verified: true, digest });
    registry.setFault(repository, { effect: { kind: 'wrong-digest-header', digest: moved.digest }, methods: ['HEAD'] });
    expect(await verify(source, requestFor(reference, byKey(key.publicKey)))).toMatchObject({
      verified: false,
      digest: moved.digest,
    });
  });

  it('the signatures of a kept digest replaced by those of another image', async () => {
    const { registry, open } = await start();
    const key = createKey();
    const [signed, bare] = [pushFresh(registry), pushFresh(registry)];
    signWithKey({ registry, image: signed.name, key: key.privateKey });
    const source = open();
    expect((await verify(source, requestFor(signed.reference, byKey(key.publicKey)))).verified).toBe(true);
    const tagOf = (digest: string) => `${digest.replace(':', '-')}.sig`;
    const stolen = registry.content.manifest(signed.repository, tagOf(signed.digest));
    if (stolen === undefined) throw new Error('no signature');
    const { bytes, mediaType } = stolen.manifest;
    for (const { digest } of (JSON.parse(bytes.toString()) as { layers: { digest: string }[] }).layers) {
      const blob = registry.content.blob(signed.repository, digest);
      if (blob !== undefined) registry.content.putBlob(bare.repository, blob);
    }
    registry.content.putManifest(bare.repository, tagOf(bare.digest), bytes, mediaType);
    expect(refusalOf(await verify(source, requestFor(bare.reference, byKey(key.publicKey))))).toMatchObject({
      reason: 'bad-signature',
    });
  });
});
