import { createEngine, type Decision, type EvaluationRequest } from '@vouchsafe/engine';
import type { Fact, FactSource } from '@vouchsafe/engine/facts';
import type { Json, JsonObject } from '@vouchsafe/engine/kernel';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { NODE_HOST } from '../facts/node-host.ts';
import { createResultLedger } from '../reports/result-ledger.ts';
import { createPolicyStore } from '../store/policy-store.ts';
import { type BackgroundScan, isInDoubt, startBackgroundScan } from './background-scan.ts';
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
  part: { readonly answer?: () => Fact<Json>; readonly isExcluded?: (request: EvaluationRequest) => boolean } = {},
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
    client: cluster.client,
    facts,
    snapshot: () => store.snapshot,
    ledger,
    namespaceLabels: () => ({}),
    isExcluded: part.isExcluded ?? (() => false),
    onScanned: (request, decisions: readonly Decision[]) => scanned.push(`${request.name} ${decisions.length}`),
    intervalMs: 1_000_000,
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

  it('leaves out what is filtered', async () => {
    const { scan, ledger, scanned } = setUp([policy('a', 'ConfigMap', label)], {
      isExcluded: ({ name }) => name === 'scanned',
    });
    scan.trigger();
    await until('a scan', async () => scanned.length > 0);
    expect(results(ledger, mapUid)).toBeUndefined();
    expect(scanned).not.toContain('scanned 1');
  });

  it('keeps the last known result of an image while its registry is away', async () => {
    const entries = [{ path: '.attestors[0].entries[0].keys', verified: true, failures: [] }];
    const sets = [{ verifiedCount: 1, requiredCount: 1, entries }];
    const good: Fact<Json> = {
      ok: true,
      value: { digest: DIGEST, verified: true, sets, attestations: [], fromCache: false },
    };
    let answer: Fact<Json> = good;
    const { scan, ledger, scanned } = setUp([policy('images', 'Pod', signature)], { answer: () => answer });
    scan.trigger();
    await until('the first result', async () => results(ledger, podUid));
    expect(results(ledger, podUid)).toEqual(['images pass']);

    answer = { ok: false, class: 'transient', message: 'connection refused' };
    scan.trigger();
    await until('the second scan', async () => scanned.includes('web 0'));
    expect(results(ledger, podUid)).toEqual(['images pass']);

    answer = { ok: false, class: 'not-found', message: 'no signatures found' };
    scan.trigger();
    await until('the third scan', async () => results(ledger, podUid)?.[0] === 'images fail');
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

describe('results in doubt', () => {
  const decision = (part: object) =>
    ({ results: [{ rule: 'r', message: '', action: 'Audit', ...part }] }) as unknown as Decision; // what is looked at
  it.each([
    [{ type: 'ImageVerify', status: 'error' }, true],
    [{ type: 'ImageVerify', status: 'skip', reason: 'timed-out' }, true],
    [{ type: 'ImageVerify', status: 'skip' }, false],
    [{ type: 'ImageVerify', status: 'fail', reason: 'not-found' }, false],
    [{ type: 'Validation', status: 'error' }, false],
  ])('%j: %s', (part, expected) => {
    expect(isInDoubt(decision(part))).toBe(expected);
  });
});
