import type { Attestor } from '@vouchsafe/engine/facts';
import { signKeyless, signWithKey } from '@vouchsafe/sandbox/sigstore';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startSigstore } from '../../../sandbox/src/sigstore/start-sigstore.ts';
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
import { askVerification } from './ask-verification.ts';
import type { ImageSource } from './image-source.ts';

const identity = { issuer: 'https://issuer.test', subject: 'https://ci.test/job' };
const KEY = createKey();

let rig: Rig;
let source: ImageSource;
/** Another instance, which the source does not believe of itself. */
let other: Awaited<ReturnType<typeof startSigstore>>;
beforeAll(async () => {
  rig = await startRig();
  other = await startSigstore();
  const mirrors = [other.urls.tuf, rig.sigstore.urls.tuf].map((url) => [new URL(url).host, { url }]);
  source = rig.open({ hosts: { [host]: { url: rig.registry.url }, ...Object.fromEntries(mirrors) } });
});
afterAll(async () => {
  await other.stop();
  await rig.stop();
});

async function judged(attestor: Attestor, by: Pick<Rig, 'sigstore'>['sigstore'] = other): Promise<string> {
  const image = pushFresh(rig.registry);
  signKeyless({ registry: rig.registry, image: image.name, sigstore: by, identity });
  return refusalOf(await verify(source, requestFor(image.reference, attestor))).reason;
}

describe('an attestor with a trust root of its own', () => {
  it('believes that one alone', async () => {
    const trustedRoot = JSON.stringify(other.trustedRoot);
    expect(await judged({ keyless: identity })).not.toBe('verified');
    expect(await judged({ keyless: identity, trustedRoot })).toBe('verified');
    expect(await judged({ keyless: identity, trustedRoot }, rig.sigstore)).not.toBe('verified');
  });

  it.each(['', '{', '{"tlogs": 1}'])('that cannot be read verifies nothing: %s', async (trustedRoot) => {
    expect(await judged({ keyless: identity, trustedRoot })).toBe('invalid-attestor');
  });

  describe('in which no log has certificates', () => {
    const withoutLogs = () => JSON.stringify({ ...other.trustedRoot, ctlogs: [] });
    const unpromised = { certificate: { timestamp: 'missing' } } as const;

    it.each([
      ['asks its authorities for no promise', {}, 'verified'],
      ['asks authorities that it does not name', { roots: true }, 'certificate-chain'],
    ])('%s', async (_, { roots }: { roots?: boolean }, expected) => {
      const image = pushFresh(rig.registry);
      signKeyless({ registry: rig.registry, image: image.name, sigstore: other, identity, defects: unpromised });
      const keyless = { ...identity, ...(roots ? { roots: other.pem.fulcioChain } : {}) };
      const attestor = { keyless, trustedRoot: withoutLogs() };
      expect(refusalOf(await verify(source, requestFor(image.reference, attestor))).reason).toBe(expected);
    });
  });

  it('is not mistaken for one without', async () => {
    const image = pushFresh(rig.registry);
    signKeyless({ registry: rig.registry, image: image.name, sigstore: other, identity });
    const ask = (attestor: Attestor) => verify(source, requestFor(image.reference, attestor));
    const trustedRoot = JSON.stringify(other.trustedRoot);
    const answers = [{ keyless: identity, trustedRoot }, { keyless: identity }, { keyless: identity, trustedRoot }].map(
      ask,
    );
    expect((await Promise.all(answers)).map(({ verified }) => verified)).toEqual([true, false, true]);
  });
});

describe('an attestor with a TUF repository of its own', () => {
  it('believes what that hands out', async () => {
    const tuf = { mirror: other.urls.tuf, root: other.tufRootJson };
    expect(await judged({ keyless: identity, tuf })).toBe('verified');
    expect(await judged({ keyless: identity, tuf }, rig.sigstore)).not.toBe('verified');
  });

  it.each<[string, () => NonNullable<Attestor['tuf']>]>([
    ['is away', () => ({ mirror: 'http://127.0.0.1:1', root: other.tufRootJson })],
    ['is another', () => ({ mirror: rig.sigstore.urls.tuf, root: other.tufRootJson })],
    ['has no root to begin with', () => ({ mirror: other.urls.tuf })],
  ])('nothing is known when it %s', async (_name, tuf) => {
    const image = pushFresh(rig.registry);
    signKeyless({ registry: rig.registry, image: image.name, sigstore: other, identity });
    const fact = await askVerification(source, requestFor(image.reference, { keyless: identity, tuf: tuf() }));
    expect(fact).toMatchObject({ ok: false, class: 'transient' });
  });
});

describe('identities that are exact', () => {
  it.each<[string, Attestor['keyless'], string]>([
    ['the very one', identity, 'verified'],
    ['a wildcard', { ...identity, subject: 'https://ci.test/*' }, 'wrong-identity'],
    ['a wildcard of issuers', { ...identity, issuer: '*' }, 'wrong-identity'],
    ['a beginning', { ...identity, subject: 'https://ci.test' }, 'wrong-identity'],
    ['an expression beside', { issuer: identity.issuer, subjectRegExp: '^https://ci' }, 'verified'],
  ])('%s', async (_name, wanted, reason) => {
    expect(await judged({ keyless: { exact: true, ...wanted } }, rig.sigstore)).toBe(reason);
  });
});

describe('a prefix of tags', () => {
  const signed = (tagPrefix?: string) => {
    const image = pushFresh(rig.registry);
    const { registry } = rig;
    signWithKey({ registry, image: image.name, key: KEY.privateKey, ...(tagPrefix ? { tagPrefix } : {}) });
    return image.reference;
  };

  it.each<[string | undefined, string | undefined, string]>([
    ['x-', 'x-', 'verified'],
    ['x-', undefined, 'unsigned'],
    [undefined, 'x-', 'unsigned'],
    [undefined, '../', 'invalid-attestor'],
    [undefined, 'a/b', 'invalid-attestor'],
    [undefined, '-'.repeat(60), 'invalid-attestor'],
  ])('signed with %s, asked with %s', async (written, tagPrefix, reason) => {
    const attestor = byKey(KEY.publicKey, tagPrefix === undefined ? {} : { tagPrefix });
    expect(refusalOf(await verify(source, requestFor(signed(written), attestor))).reason).toBe(reason);
  });
});
