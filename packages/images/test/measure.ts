/**
 * What one verification costs, without the registry: `node packages/images/test/measure.ts`. Evidence is read from memory
 * and parsed anew each time; keys and the trust root stay, as they do in a running controller. Milliseconds of CPU.
 */

import type { Attestor, ImageVerificationType } from '@vouchsafe/engine/facts';
import { signKeyless, signWithKey } from '../../sandbox/src/sigstore/sign-image.ts';
import { resolveAttestor } from '../src/facts/resolve-attestor.ts';
import { defaultLimits } from '../src/registry/limits.ts';
import type { Manifest } from '../src/registry/manifest.ts';
import { createRegistryClient } from '../src/registry/registry-client.ts';
import type { RepositoryReader } from '../src/registry/repository-reader.ts';
import { findVerifier } from '../src/verifiers/index.ts';
import { byKey, createKey, host, pushFresh, startRig } from './rig.ts';

const rounds = 2000;
const rig = await startRig();
const key = createKey();
const identity = {
  issuer: 'https://token.actions.githubusercontent.com',
  subject: 'https://github.com/acme/app/.github/workflows/release.yml@refs/heads/main',
};
const keyless: Attestor = { keyless: { issuer: identity.issuer, subjectRegExp: '^https://github\\.com/acme/' } };
const access = { allowInsecure: false, providers: [], secrets: [] };
const client = createRegistryClient({
  hosts: { [host]: { url: rig.registry.url } },
  credentials: undefined,
  userAgent: 'measure',
  limits: defaultLimits,
});
const signal = new AbortController().signal;

/** A reader that asks the registry once and then answers from memory. */
function remembering(reader: RepositoryReader): RepositoryReader {
  const manifests = new Map<string, Promise<Manifest | undefined>>();
  const blobs = new Map<string, Promise<Uint8Array>>();
  const referrers = new Map<string, ReturnType<RepositoryReader['referrers']>>();
  const once = <Value>(known: Map<string, Value>, name: string, ask: () => Value): Value => {
    const found = known.get(name) ?? ask();
    known.set(name, found);
    return found;
  };
  return {
    resolve: (tag) => reader.resolve(tag, signal),
    manifest: (reference) => once(manifests, reference, () => reader.manifest(reference, signal)),
    blob: (digest, maximum) => once(blobs, digest, () => reader.blob(digest, maximum, signal)),
    referrers: (digest) => once(referrers, digest, () => reader.referrers(digest, signal)),
    unlistedReferrers: (digest) => reader.unlistedReferrers(digest, signal),
    referrer: (descriptor) => once(manifests, descriptor.digest, () => reader.referrer(descriptor, signal)),
  };
}

async function measure(name: string, type: ImageVerificationType, attestor: Attestor, sign: (image: string) => void) {
  const image = pushFresh(rig.registry);
  sign(image.name);
  const reader = remembering(client.open({ registry: host, repository: image.repository }, access));
  const verifier = findVerifier(type);
  if (verifier === undefined) throw new Error(`no verifier of type ${type}`);
  const context = { trustRoot: rig.trustRoot, secretKeys: undefined, annotations: {}, signal: () => signal };
  const once = async (): Promise<void> => {
    const resolved = await resolveAttestor(attestor, context);
    const set = await verifier.collect({
      digest: image.digest,
      reader,
      part: 'signatures',
      withReferrers: false,
      limits: defaultLimits,
      signal,
    });
    const [verdict] = [...set.judge(resolved, Date.now())];
    if (verdict?.ok !== true) throw new Error(`${name}: ${JSON.stringify(verdict)}`);
  };
  for (let round = 0; round < 200; round += 1) await once();
  const before = process.cpuUsage();
  for (let round = 0; round < rounds; round += 1) await once();
  const { user, system } = process.cpuUsage(before);
  console.log(`${name.padEnd(34)} ${((user + system) / 1000 / rounds).toFixed(3)} ms`);
}

const { registry, sigstore } = rig;
await measure('cosign, key', 'Cosign', byKey(key.publicKey), (image) =>
  signWithKey({ registry, image, key: key.privateKey }),
);
await measure('cosign, key, Rekor v1', 'Cosign', { keys: { publicKeys: key.publicKey } }, (image) =>
  signWithKey({ registry, image, key: key.privateKey, sigstore, log: 'v1' }),
);
await measure('cosign, keyless', 'Cosign', keyless, (image) => signKeyless({ registry, image, sigstore, identity }));
await measure('bundle, key', 'SigstoreBundle', byKey(key.publicKey), (image) =>
  signWithKey({ registry, image, key: key.privateKey, format: 'bundle' }),
);
await measure('bundle, keyless, Rekor v1', 'SigstoreBundle', keyless, (image) =>
  signKeyless({ registry, image, sigstore, identity, format: 'bundle' }),
);
await measure('bundle, keyless, Rekor v2 and TSA', 'SigstoreBundle', keyless, (image) =>
  signKeyless({ registry, image, sigstore, identity, format: 'bundle', log: 'v2' }),
);
await client.close();
await rig.stop();
