import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { ImageVerificationRequest } from '@vouchsafe/engine/facts';
import { askVerification, createImageSource, parseTrustRoot } from '@vouchsafe/images';
import { pushImage, type Registry, type Sigstore, signKeyless, startRegistry, startSigstore } from '@vouchsafe/sandbox';
import { againstCosign } from '../peers/against-cosign.ts';
import { againstSigstoreJs } from '../peers/against-sigstore-js.ts';
import type { Report, Suite } from '../suite.ts';

const RUNNING = 1000;
/** As many as a background scan has. */
const WORKERS = 2;
const IDENTITY = {
  issuer: 'https://token.actions.githubusercontent.com',
  subject: 'https://github.com/acme/app/.github/workflows/release.yml@refs/heads/main',
};

/** What runs, looked at again; and the same work by `@sigstore/verify` and by cosign. */
export const imagesPeers: Suite = {
  name: 'images-peers',
  summary:
    'a thousand running images verified again; the same bundles by @sigstore/verify; whole processes beside cosign',
  async run(report) {
    const [registry, sigstore] = await Promise.all([startRegistry(), startSigstore()]);
    try {
      await again(registry, sigstore, report);
      await againstSigstoreJs(registry, sigstore, report);
    } finally {
      await Promise.all([registry.stop(), sigstore.stop()]);
    }
    await againstCosign(report);
  },
};

function question(index: number): ImageVerificationRequest {
  return {
    kind: 'image-verification',
    reference: `ghcr.io/bench/running-${index}:v1`,
    type: 'SigstoreBundle',
    attestors: [{ entries: [{ keyless: IDENTITY }] }],
    attestations: [],
    annotations: {},
    cosignOCI11: false,
    useCache: false,
    access: { allowInsecure: false, providers: [], secrets: [] },
  };
}

/** Distinct running images, each by a bundle of its own, looked at anew as a background scan does. */
async function again(registry: Registry, sigstore: Sigstore, report: Report): Promise<void> {
  const parsed = parseTrustRoot(JSON.stringify(sigstore.trustedRoot));
  if (!parsed.ok) throw new Error(parsed.message);
  const source = createImageSource({
    hosts: { 'ghcr.io': { url: registry.url } },
    trustRoot: parsed.root,
    cache: { maxSize: 1000, ttlMs: 3_600_000 },
    userAgent: 'bench',
  });
  for (let index = 0; index < RUNNING; index += 1) {
    const { image } = pushImage(registry, `bench/running-${index}:v1`, { labels: { index: `r${index}` } });
    signKeyless({
      registry,
      image,
      sigstore,
      identity: IDENTITY,
      format: 'bundle',
      log: index % 2 === 0 ? 'v1' : 'v2',
    });
  }
  const round = async (): Promise<number> => {
    const numbers = Array.from({ length: RUNNING }, (_, index) => index).values();
    const started = performance.now();
    const work = async () => {
      for (const index of numbers) {
        const fact = await askVerification(source, question(index));
        if (!fact.ok || !fact.value.verified) throw new Error(`not verified: ${JSON.stringify(fact)}`);
      }
    };
    await Promise.all(Array.from({ length: WORKERS }, work));
    return performance.now() - started;
  };
  await round();
  registry.clearRequests();
  const before = heapMegabytes();
  const took = await round();
  report('again.per-minute', (RUNNING * 60_000) / took, 'images', { must: 1000 });
  report('again.requests', registry.requests().length / RUNNING, 'each', { must: 4, lower: true });
  report('again.memory', heapMegabytes() - before, 'MB more', { must: 20, lower: true });
  await source.close();
}

/** What is still referred to. */
function heapMegabytes(): number {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  return process.memoryUsage().heapUsed / 1024 / 1024;
}
