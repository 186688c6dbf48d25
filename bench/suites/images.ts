import type { AttestorSet, ImageVerification, ImageVerificationRequest } from '@vouchsafe/engine/facts';
import { askVerification, createImageSource, type ImageSource, parseTrustRoot } from '@vouchsafe/images';
import { generateKeyPair } from '@vouchsafe/kube/pki';
import { pushImage, type Registry, signKeyless, signWithKey, startRegistry, startSigstore } from '@vouchsafe/sandbox';
import { median } from '../load/process-figures.ts';
import type { Suite } from '../suite.ts';

const SAMPLES = 60;
const CONCURRENT = 1000;
const IDENTITY = {
  issuer: 'https://token.actions.githubusercontent.com',
  subject: 'https://github.com/acme/app/.github/workflows/release.yml@refs/heads/main',
};

/** Verification against a registry on loopback: CPU each, requests each. */
export const images: Suite = {
  name: 'images',
  summary: 'CPU of a verification, requests to the registry, many Pods with one image',
  async run(report) {
    const begun = performance.now();
    const [registry, sigstore] = await Promise.all([startRegistry(), startSigstore()]);
    report('start.registry-and-sigstore', performance.now() - begun, 'ms');
    const parsed = parseTrustRoot(JSON.stringify(sigstore.trustedRoot));
    if (!parsed.ok) throw new Error(parsed.message);
    const source = () =>
      createImageSource({
        hosts: { 'ghcr.io': { url: registry.url } },
        trustRoot: parsed.root,
        cache: { maxSize: 5000, ttlMs: 3_600_000 },
        userAgent: 'bench',
      });
    const key = generateKeyPair('ecdsa-p256');
    const byKey: AttestorSet = { entries: [{ keys: { publicKeys: key.publicKeyPem, rekor: { ignoreTlog: true } } }] };
    const byIdentity: AttestorSet = { entries: [{ keyless: IDENTITY }] };
    const byKeyAgain: AttestorSet = {
      entries: [{ keys: { publicKeys: key.publicKeyPem, signatureAlgorithm: 'sha256', rekor: { ignoreTlog: true } } }],
    };
    const byPattern: AttestorSet = {
      entries: [{ keyless: { issuer: IDENTITY.issuer, subjectRegExp: '^https://github\\.com/acme/app/.*$' } }],
    };
    try {
      for (let index = 0; index < SAMPLES * 2; index += 1) {
        const keyed = pushImage(registry, `bench/key-${index}:v1`, { labels: { index: String(index) } });
        signWithKey({ registry, image: keyed.image, key: key.privateKey });
        const keyless = pushImage(registry, `bench/keyless-${index}:v1`, { labels: { index: `k${index}` } });
        signKeyless({ registry, image: keyless.image, sigstore, identity: IDENTITY });
      }
      await measure('key', [byKey, byKeyAgain], source(), registry, report, { must: 0.3, lower: true });
      await measure('keyless', [byIdentity, byPattern], source(), registry, report, { must: 3, aim: 2, lower: true });
      await together(byKey, source(), registry, report);
    } finally {
      await Promise.all([registry.stop(), sigstore.stop()]);
    }
  },
};

function question(repository: string, attestors: AttestorSet): ImageVerificationRequest {
  return {
    kind: 'image-verification',
    reference: `ghcr.io/bench/${repository}:v1`,
    type: 'Cosign',
    attestors: [attestors],
    attestations: [],
    annotations: {},
    cosignOCI11: false,
    useCache: true,
    access: { allowInsecure: false, providers: [], secrets: [] },
  };
}

async function ask(source: ImageSource, request: ImageVerificationRequest): Promise<ImageVerification> {
  const fact = await askVerification(source, request, AbortSignal.timeout(30_000));
  if (!fact.ok || !fact.value.verified)
    throw new Error(`${request.reference} was not verified: ${JSON.stringify(fact)}`);
  return fact.value;
}

/**
 * CPU of the whole exchange less that of the same requests without verification would need a second server; so two
 * figures are given: the wall time of a cold verification with its registry I/O, and that of a cached one. The CPU of the
 * verification itself is the difference between the first signature seen and the same evidence judged for a new attestor.
 */
async function measure(
  name: 'key' | 'keyless',
  [attestors, others]: readonly [AttestorSet, AttestorSet],
  source: ImageSource,
  registry: Registry,
  report: Parameters<Suite['run']>[0],
  goal: { must: number; aim?: number; lower: true },
): Promise<void> {
  for (let index = 0; index < SAMPLES; index += 1) await ask(source, question(`${name}-${index}`, attestors));
  registry.clearRequests();
  const cold: number[] = [];
  const judged: number[] = [];
  const cached: number[] = [];
  for (let index = SAMPLES; index < SAMPLES * 2; index += 1) {
    let started = performance.now();
    const { digest } = await ask(source, question(`${name}-${index}`, attestors));
    cold.push(performance.now() - started);
    const byDigest = {
      ...question(`${name}-${index}`, attestors),
      reference: `ghcr.io/bench/${name}-${index}@${digest}`,
    };
    // another attestor over the same, already fetched evidence: nothing but the verification itself
    const hits = source.stats().verdictHits;
    const before = process.cpuUsage();
    await ask(source, { ...byDigest, attestors: [others] });
    const used = process.cpuUsage(before);
    if (source.stats().verdictHits !== hits) throw new Error('a kept verdict was measured, not a verification');
    judged.push((used.user + used.system) / 1000);
    started = performance.now();
    await ask(source, byDigest);
    cached.push(performance.now() - started);
  }
  report(`${name}.verify-cpu`, median(judged), 'ms', goal);
  report(`${name}.cold`, median(cold), 'ms');
  report(`${name}.cached`, median(cached) * 1000, 'µs');
  report(`${name}.requests-cold`, registry.requests().length / SAMPLES, 'each', { must: 3, lower: true });
  await source.close();
}

/** Many Pods with one image at once. */
async function together(
  attestors: AttestorSet,
  source: ImageSource,
  registry: Registry,
  report: Parameters<Suite['run']>[0],
): Promise<void> {
  registry.clearRequests();
  const started = performance.now();
  await Promise.all(Array.from({ length: CONCURRENT }, () => ask(source, question('key-0', attestors))));
  report('together.wall', performance.now() - started, 'ms');
  report('together.requests', registry.requests().length, 'in all', { must: 4, lower: true });
  await source.close();
}
