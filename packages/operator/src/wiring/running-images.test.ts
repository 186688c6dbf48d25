import { createEngine, type Decision, type EvaluationRequest } from '@vouchsafe/engine';
import type { JsonObject } from '@vouchsafe/engine/kernel';
import { createImageSource, parseTrustRoot, type TrustRoot } from '@vouchsafe/images';
import { pushImage, type Registry, startRegistry } from '@vouchsafe/sandbox/registry';
import { type Sigstore, signKeyless, startSigstore } from '@vouchsafe/sandbox/sigstore';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { NODE_HOST } from '../facts/node-host.ts';
import { createPacedImages } from '../facts/paced-images.ts';
import { draftEvents } from '../reports/event-drafts.ts';
import { withoutDoubt } from '../reports/in-doubt.ts';
import { createResultLedger } from '../reports/result-ledger.ts';
import { createPolicyStore } from '../store/policy-store.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import { startBackgroundScan } from './background-scan.ts';
import { PODS, startTestCluster, type TestCluster, until } from './operator.fixture.ts';

const silent = { debug() {}, info() {}, warn() {}, error() {} };
const identity = { issuer: 'https://issuer.test', subject: 'https://ci.test/job' };
let cluster: TestCluster;
let registry: Registry;
let sigstore: Sigstore;
let other: Sigstore;
beforeAll(async () => {
  [cluster, registry, sigstore, other] = await Promise.all([
    startTestCluster(),
    startRegistry(),
    startSigstore(),
    startSigstore(),
  ]);
});
afterAll(() => Promise.all([cluster.stop(), registry.stop(), sigstore.stop(), other.stop()]));

const stops: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

function rootOf(document: object): TrustRoot {
  const parsed = parseTrustRoot(JSON.stringify(document));
  if (!parsed.ok) throw new Error(parsed.message);
  return parsed.root;
}

function policyWanting(subject: string): JsonObject {
  const keyless = { subject, issuer: identity.issuer, rekor: { url: 'https://rekor.sigstore.dev' } };
  const entry = {
    imageReferences: ['*'],
    failureAction: 'Audit',
    mutateDigest: false,
    attestors: [{ entries: [{ keyless }] }],
  };
  const match = { any: [{ resources: { kinds: ['Pod'] } }] };
  return {
    apiVersion: 'kyverno.io/v1',
    kind: 'ClusterPolicy',
    metadata: { name: 'signed' },
    spec: { background: true, rules: [{ name: 'r', match, verifyImages: [{ ...entry, verifyDigest: false }] }] },
  };
}

let count = 0;

/** A signed image runs, by tag, and was found to be: what changes then is the test's. */
async function running() {
  count += 1;
  const repository = `team/running-${count}`;
  const { image } = pushImage(registry, `${repository}:v1`, { labels: { is: repository } });
  const { tag = '' } = signKeyless({ registry, image, sigstore, identity });
  const name = `web-${count}`;
  const containers = [{ name: 'c', image: `registry.test/${repository}:v1` }];
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: 'default' }, spec: { containers } };
  const uid = (await cluster.client.create(PODS, pod)).metadata.uid ?? '';
  stops.push(() => cluster.client.delete(PODS, { namespace: 'default', name }));

  let root = rootOf(sigstore.trustedRoot);
  const source = createImageSource({
    hosts: { 'registry.test': { url: registry.url } },
    trustRoot: () => root,
    // What is kept is old at once: each scan looks.
    cache: { maxSize: 100, ttlMs: 1 },
    userAgent: 'test',
    limits: { exchangeMs: 500, totalMs: 1000 },
  });
  stops.push(() => source.close());
  const store = createPolicyStore({
    engine: createEngine({ host: NODE_HOST }),
    auditMutateDigest: 'warn',
    auditOnly: 'Ignore',
  });
  const setPolicy = (subject: string) => {
    store.upsert(policyWanting(subject));
    store.flush();
  };
  setPolicy(identity.subject);
  const ledger = createResultLedger();
  const metrics = createMetrics('test');
  let scans = 0;
  let notes: readonly string[] = [];
  const scan = startBackgroundScan({
    client: cluster.client,
    facts: createPacedImages(source, { perSecond: 1000 }),
    snapshot: () => store.snapshot,
    ledger,
    namespaceLabels: () => ({}),
    isExcluded: () => false,
    onScanned(request: EvaluationRequest, decisions: readonly Decision[]) {
      if (request.name !== name) return;
      metrics.recordDecisions(decisions, request, { cause: 'background_scan', seconds: 0, background: () => true });
      const told = { request, decisions: decisions.map(withoutDoubt), allowed: true };
      notes = draftEvents(told, undefined).map(({ reason, note }) => `${reason} ${note}`);
      scans += 1;
    },
    intervalMs: 1_000_000,
    workers: 1,
    settleMs: 1,
    mayScan: () => true,
    log: silent,
    now: Date.now,
  });
  stops.push(() => scan.stop());
  /** The report after another scan: result, reason and the first line of the message. */
  const look = async (): Promise<readonly (string | undefined)[]> => {
    await new Promise((resolve) => setTimeout(resolve, 5));
    const before = scans;
    scan.trigger();
    await until('a scan', async () => scans > before);
    const [found] = ledger.entry(uid)?.results ?? [];
    return [found?.result, found?.properties?.['reason'], found?.message?.split('\n')[0]];
  };
  expect((await look())[0]).toBe('pass');
  return {
    look,
    notes: () => notes,
    metrics: () => metrics,
    setPolicy,
    setRoot: (document: object) => {
      root = rootOf(document);
    },
    deleteSignature: () => registry.content.deleteManifest(repository, tag),
    setFault: (kind: 'reset' | 'hang' | undefined) => {
      if (kind === undefined) registry.clearFaults();
      else registry.setFault(repository, { effect: { kind } });
    },
  };
}

type Running = Awaited<ReturnType<typeof running>>;

/** All authorities ended before the image was signed. */
function expired({ certificateAuthorities, ...root }: Sigstore['trustedRoot']) {
  const validFor = { start: '2000-01-01T00:00:00Z', end: '2001-01-01T00:00:00Z' };
  return { ...root, certificateAuthorities: certificateAuthorities.map((one) => ({ ...one, validFor })) };
}

describe('an image that runs, and passed', () => {
  it.each<[string, (running: Running) => void, string, RegExp]>([
    ['whose signature is removed', ({ deleteSignature }) => deleteSignature(), 'unsigned', /no signatures found/],
    ['when the trust root is rotated', ({ setRoot }) => setRoot(other.trustedRoot), 'no-log-entry', /log/],
    [
      'when the trust root has expired',
      ({ setRoot }) => setRoot(expired(sigstore.trustedRoot)),
      'certificate-time',
      /not trusted at/,
    ],
    [
      'when the policy wants another',
      ({ setPolicy }) => setPolicy('https://ci.test/other'),
      'wrong-identity',
      /subject/,
    ],
  ])('%s is reported with the reason, in metrics and events as well', async (_name, change, reason, message) => {
    const found = await running();
    expect(found.notes()).toEqual([]);
    change(found);
    expect(await found.look()).toEqual(['fail', reason, expect.stringMatching(message)]);
    expect(found.notes()).toEqual([
      expect.stringMatching(new RegExp(`^PolicyViolation .*\\(${reason}\\)`)),
      expect.stringMatching(new RegExp(`^PolicyViolation .*\\(${reason}\\)`)),
    ]);
    expect(found.metrics().render().body).toContain(
      `vouchsafe_image_verifications_total{rule_result="fail",reason="${reason}",rule_execution_cause="background_scan"} 1`,
    );
    // While nobody knows, what was known stays, in the report and elsewhere.
    found.setFault('reset');
    expect(await found.look()).toEqual(['fail', reason, expect.stringMatching(message)]);
    expect(found.notes()).toEqual([]);
  });

  it.each(['reset', 'hang'] as const)('passes while its registry is away (%s)', async (kind) => {
    const found = await running();
    found.setFault(kind);
    expect((await found.look())[0]).toBe('pass');
    found.setFault(undefined);
    expect((await found.look())[0]).toBe('pass');
  });
});
