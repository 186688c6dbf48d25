import { createEngine, type Decision, type EvaluationRequest } from '@vouchsafe/engine';
import type { Fact, FactSource } from '@vouchsafe/engine/facts';
import type { Json, JsonObject } from '@vouchsafe/engine/kernel';
import { type KubeClient, KubeError } from '@vouchsafe/kube';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { NODE_HOST } from '../facts/node-host.ts';
import { createResultLedger } from '../reports/result-ledger.ts';
import { createPolicyStore } from '../store/policy-store.ts';
import { type BackgroundScan, startBackgroundScan } from './background-scan.ts';
import { CONFIG_MAPS, PODS, startTestCluster, type TestCluster, until } from './operator.fixture.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;
const silent = { debug() {}, info() {}, warn() {}, error() {} };
let cluster: TestCluster;
let mapUid = '';
let podUid = '';
beforeAll(async () => {
  cluster = await startTestCluster();
  const map = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'scanned', namespace: 'default' } };
  mapUid = (await cluster.client.create(CONFIG_MAPS, map)).metadata.uid ?? '';
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'web', namespace: 'default' },
    spec: { containers: [{ name: 'c', image: `ghcr.io/acme/app@${DIGEST}` }] },
  };
  podUid = (await cluster.client.create(PODS, pod)).metadata.uid ?? '';
});
afterAll(() => cluster.stop());

const scans: BackgroundScan[] = [];
afterEach(async () => {
  await Promise.all(scans.splice(0).map((scan) => scan.stop()));
});

function policy(name: string, kind: string, rule: JsonObject, spec: JsonObject = {}): JsonObject {
  const match = { any: [{ resources: { kinds: [kind] } }] };
  return {
    apiVersion: 'kyverno.io/v1',
    kind: 'ClusterPolicy',
    metadata: { name },
    spec: { rules: [{ name: 'r', match, ...rule }], ...spec },
  };
}

const label = { validate: { message: 'label', pattern: { metadata: { labels: { team: '?*' } } } } };
const signature = {
  verifyImages: [
    {
      imageReferences: ['*'],
      failureAction: 'Audit',
      attestors: [{ entries: [{ keys: { publicKeys: 'k8s://a/b' } }] }],
    },
  ],
};

function setUp(
  policies: readonly JsonObject[],
  part: {
    readonly answer?: () => Fact<Json>;
    readonly isExcluded?: (request: EvaluationRequest) => boolean;
    readonly client?: KubeClient;
  } = {},
) {
  const store = createPolicyStore({
    engine: createEngine({ host: NODE_HOST }),
    auditMutateDigest: 'warn',
    auditOnly: 'Ignore',
  });
  for (const document of policies) store.upsert(document);
  store.flush();
  const ledger = createResultLedger();
  const scanned: string[] = [];
  let mayScan = true;
  const facts: FactSource = {
    kinds: new Set(['image-verification', 'image-digest']),
    fetch: async (requests) =>
      requests.map(() => part.answer?.() ?? { ok: false, class: 'unavailable', message: 'none' }),
  };
  const scan = startBackgroundScan({
    client: part.client ?? cluster.client,
    facts,
    snapshot: () => store.snapshot,
    ledger,
    namespaceLabels: () => ({}),
    isExcluded: part.isExcluded ?? (() => false),
    onScanned: (request, decisions: readonly Decision[]) => scanned.push(`${request.name} ${decisions.length}`),
    intervalMs: 1_000_000,
    workers: 2,
    settleMs: 20,
    mayScan: () => mayScan,
    log: silent,
    now: () => 0,
  });
  scans.push(scan);
  return {
    scan,
    ledger,
    scanned,
    setMayScan: (value: boolean) => {
      mayScan = value;
    },
  };
}

function verification(isVerified: boolean, failures: readonly JsonObject[]): Fact<Json> {
  const entries = [{ path: '.attestors[0].entries[0].keys', verified: isVerified, failures: [...failures] }];
  const sets = [{ verifiedCount: isVerified ? 1 : 0, requiredCount: 1, entries }];
  return { ok: true, value: { digest: DIGEST, verified: isVerified, sets, attestations: [], fromCache: false } };
}
const verified = () => verification(true, []);
const refused = (reason: string) => verification(false, [{ reason, message: `it is ${reason}` }]);

const results = (ledger: ReturnType<typeof createResultLedger>, uid: string) =>
  ledger.entry(uid)?.results.map((one) => `${one.policy} ${one.result}`);

describe('a background scan', () => {
  it('evaluates what exists, by the policies that have a background', async () => {
    const { scan, ledger } = setUp([
      policy('a', 'ConfigMap', label),
      policy('b', 'ConfigMap', label, { background: false }),
      policy('c', 'ConfigMap', label, { admission: false }),
    ]);
    scan.trigger();
    await until('results', async () => results(ledger, mapUid));
    expect(results(ledger, mapUid)).toEqual(['a fail', 'c fail']);
    expect(results(ledger, podUid)).toBeUndefined();
  });

  it('tells of images that need be neither pinned nor verified', async () => {
    const verifyImages = signature.verifyImages.map((one) => ({
      ...one,
      ...{ mutateDigest: false, verifyDigest: false, required: false },
    }));
    const { scan, ledger } = setUp([policy('loose', 'Pod', { verifyImages })], {
      answer: () => refused('no-signature'),
    });
    scan.trigger();
    await until('results', async () => results(ledger, podUid));
    expect(results(ledger, podUid)).toEqual(['loose fail']);
  });

  it('goes on after a kind that may not be read', async () => {
    const refusing: KubeClient = {
      ...cluster.client,
      list: async (gvr, options) => {
        if (gvr.resource === 'configmaps') throw new KubeError(403, 'Forbidden', 'no');
        return cluster.client.list(gvr, options);
      },
    };
    const both = [policy('a', 'ConfigMap', label), policy('p', 'Pod', label)];
    const { scan, ledger } = setUp(both, { client: refusing });
    scan.trigger();
    await until('results', async () => results(ledger, podUid));
    expect(results(ledger, mapUid)).toBeUndefined();
  });

  it('leaves out what is filtered', async () => {
    const { scan, ledger, scanned } = setUp([policy('a', 'ConfigMap', label)], {
      isExcluded: ({ name }) => name === 'scanned',
    });
    scan.trigger();
    await until('a scan', async () => scanned.length > 0);
    expect(results(ledger, mapUid)).toBeUndefined();
    expect(scanned).not.toContain('scanned 1');
  });

  it.each(['transient', 'timed-out', 'denied', 'unavailable'] as const)(
    'keeps what it last knew of an image while its registry is away (%s), a pass and a fail alike',
    async (failure) => {
      const away: Fact<Json> = { ok: false, class: failure, message: 'away' };
      let answer: Fact<Json> = verified();
      const { scan, ledger, scanned } = setUp([policy('images', 'Pod', signature)], { answer: () => answer });
      const scanWith = async (next: Fact<Json>) => {
        answer = next;
        const before = scanned.length;
        scan.trigger();
        await until('a scan', async () => scanned.length > before);
        return ledger.entry(podUid)?.results.map(({ result, properties }) => [result, properties?.['reason']]);
      };
      expect(await scanWith(verified())).toEqual([['pass', undefined]]);
      expect(await scanWith(away)).toEqual([['pass', undefined]]);
      expect(await scanWith(refused('unsigned'))).toEqual([['fail', 'unsigned']]);
      expect(await scanWith(away)).toEqual([['fail', 'unsigned']]);
      expect(await scanWith(refused('certificate-chain'))).toEqual([['fail', 'certificate-chain']]);
      expect(await scanWith(verified())).toEqual([['pass', undefined]]);
    },
  );

  it('tells that an image could not be looked at when nothing was known of it before', async () => {
    const { scan, ledger } = setUp([policy('images', 'Pod', signature)], {
      answer: () => ({ ok: false, class: 'transient', message: 'connection refused' }),
    });
    scan.trigger();
    await until('a result', async () => results(ledger, podUid));
    expect(ledger.entry(podUid)?.results).toMatchObject([
      { result: 'error', properties: { reason: 'registry-unreachable' } },
    ]);
  });

  it('is left to the leader', async () => {
    const { scan, ledger, scanned, setMayScan } = setUp([policy('a', 'ConfigMap', label)]);
    setMayScan(false);
    scan.trigger();
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(scanned).toEqual([]);
    setMayScan(true);
    scan.trigger();
    await until('results', async () => results(ledger, mapUid));
  });

  it('a stop ends it, and nothing begins after it', async () => {
    const { scan, scanned } = setUp([policy('a', 'ConfigMap', label)]);
    scan.trigger();
    await scan.stop();
    scan.trigger();
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(scanned).toEqual([]);
  });
});
