import { type CompiledPolicy, type Decision, policyId } from '@vouchsafe/engine';
import { type KubeClient, KubeError, type KubernetesObject } from '@vouchsafe/kube';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  CONFIG_MAPS,
  installFromCrds,
  NAMESPACES,
  REPORTS,
  startTestCluster,
  type TestCluster,
  until,
} from '../wiring/operator.fixture.ts';
import { createDenialLog, DENIALS_CONFIG_MAP } from './denial-log.ts';
import { prepareReports, REPORT_RESOURCES } from './report-resources.ts';
import { type ReportWriter, startReportWriter } from './report-writer.ts';
import { createResultLedger, type ResultLedger } from './result-ledger.ts';

const silent = { debug() {}, info() {}, warn() {}, error() {} };
let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startTestCluster();
});
afterAll(() => cluster.stop());

// what the ledger looks at of a policy
const policy = {
  ref: { apiVersion: 'kyverno.io/v1', kind: 'ClusterPolicy', name: 'p' },
  rules: [{ name: 'r', phases: new Set(['validate']) }],
  annotations: {},
} as unknown as CompiledPolicy;

const writers: ReportWriter[] = [];
afterEach(async () => {
  await Promise.all(writers.splice(0).map((writer) => writer.stop()));
});

/** A client that counts writes of reports, and fails those that it is told to. */
function counting(failures: KubeError[] = []): { readonly client: KubeClient; readonly writes: () => number } {
  let writes = 0;
  const patch: KubeClient['patch'] = async (...args) => {
    writes += 1;
    const failure = failures.shift();
    if (failure) throw failure;
    return cluster.client.patch(...args);
  };
  return { client: { ...cluster.client, patch }, writes: () => writes };
}

function start(client: KubeClient, ledger: ResultLedger, delayMs = 5): ReportWriter {
  const writer = startReportWriter({ client, ledger, delayMs, log: silent });
  writers.push(writer);
  return writer;
}

async function createObject(name: string, namespace = 'default') {
  const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace } };
  const { metadata } = await cluster.client.create(CONFIG_MAPS, object);
  return { apiVersion: 'v1', kind: 'ConfigMap', namespace, name, uid: metadata.uid ?? '' };
}

type Resource = Awaited<ReturnType<typeof createObject>>;

function record(ledger: ResultLedger, resource: Resource, status: 'pass' | 'fail', message = 'm', rules = ['r']): void {
  const decision: Decision = {
    policy: policy.ref,
    phase: 'validate',
    standing: 'audit',
    resource,
    failurePolicy: 'Fail',
    results: rules.map((rule) => ({ rule, type: 'Validation', status, message, action: 'Audit' })),
    effects: [],
  };
  ledger.record(resource, [decision], new Map([[policyId(policy.ref), policy]]), 0);
}

const reportOf = ({ uid, namespace }: Resource): Promise<KubernetesObject | undefined> =>
  cluster.client.get(REPORTS, { namespace, name: uid }).catch(() => undefined);

describe('reports', () => {
  it('are written under the uid of the object, which owns them', async () => {
    const ledger = createResultLedger();
    const resource = await createObject('owned');
    const { client } = counting();
    const writer = start(client, ledger);
    record(ledger, resource, 'fail', 'no label');
    await writer.flush();
    const report = await reportOf(resource);
    expect(report).toMatchObject({
      kind: 'PolicyReport',
      metadata: { ownerReferences: [{ kind: 'ConfigMap', name: 'owned', uid: resource.uid }] },
      scope: { kind: 'ConfigMap', name: 'owned' },
      results: [{ policy: 'p', rule: 'r', result: 'fail', message: 'no label' }],
      summary: { fail: 1, pass: 0 },
    });
  });

  it('cost one write a change and none without one, however often they are asked for', async () => {
    const ledger = createResultLedger();
    const resource = await createObject('counted');
    const { client, writes } = counting();
    const writer = start(client, ledger, 20);
    for (let index = 0; index < 10; index += 1) {
      record(ledger, resource, index % 2 === 0 ? 'fail' : 'pass');
      writer.notify();
    }
    await until('the report', async () => (await reportOf(resource)) !== undefined);
    expect(writes()).toBe(1);
    record(ledger, resource, 'pass');
    await writer.flush();
    expect(writes()).toBe(1);
    record(ledger, resource, 'fail');
    await writer.flush();
    expect(writes()).toBe(2);
  });

  it('are removed with their last result', async () => {
    const ledger = createResultLedger();
    const resource = await createObject('cleared');
    const writer = start(cluster.client, ledger);
    record(ledger, resource, 'fail');
    await writer.flush();
    record(ledger, resource, 'fail', 'm', []);
    await writer.flush();
    expect(await reportOf(resource)).toBeUndefined();
    expect(ledger.size).toBe(0);
  });

  it('are tried again when a write failed', async () => {
    const ledger = createResultLedger();
    const resource = await createObject('retried');
    const { client, writes } = counting([
      new KubeError(500, 'InternalError', 'x'),
      new KubeError(429, 'TooManyRequests', 'x'),
    ]);
    const writer = start(client, ledger);
    record(ledger, resource, 'fail');
    writer.notify();
    await until('the report', async () => (await reportOf(resource)) !== undefined);
    expect(writes()).toBe(3);
  });

  it('of OpenReports take the place of those of wgpolicyk8s.io, and of ours alone', async () => {
    const resource = await createObject('moved');
    const old = createResultLedger();
    const before = start(cluster.client, old);
    record(old, resource, 'pass');
    await before.flush();
    const foreign = { name: 'of-someone-else', namespace: 'default', uid: 'of-someone-else' };
    await cluster.client.create(REPORTS, {
      apiVersion: 'wgpolicyk8s.io/v1alpha2',
      kind: 'PolicyReport',
      metadata: { name: foreign.name, namespace: foreign.namespace },
    });
    await installFromCrds(cluster.client, ['openreports.io_reports', 'openreports.io_clusterreports']);
    const ledger = createResultLedger();
    const writer = startReportWriter({
      client: cluster.client,
      ledger,
      group: 'openreports.io',
      delayMs: 5,
      log: silent,
    });
    writers.push(writer);
    record(ledger, resource, 'fail', 'no label');
    await writer.flush();
    expect(await reportOf(resource)).toBeUndefined();
    expect(await reportOf({ ...resource, ...foreign })).toBeDefined();
    const { namespaced } = REPORT_RESOURCES['openreports.io'];
    expect(await cluster.client.get(namespaced, { namespace: 'default', name: resource.uid })).toMatchObject({
      apiVersion: 'openreports.io/v1alpha1',
      kind: 'Report',
      metadata: { ownerReferences: [{ kind: 'ConfigMap', name: 'moved', uid: resource.uid }] },
      results: [{ source: 'kyverno', policy: 'p', rule: 'r', result: 'fail', message: 'no label', scored: true }],
      summary: { fail: 1, pass: 0 },
    });
    record(ledger, resource, 'fail', 'm', []);
    await writer.flush();
    expect((await cluster.client.list(namespaced)).items).toEqual([]);
  });

  it('whose definitions are missing are warned of', async () => {
    const told: unknown[] = [];
    const log = { ...silent, warn: (fields: object) => told.push(fields) };
    const resources = async () => [];
    const discovery = { ...cluster.client.discovery, resources };
    await prepareReports({ ...cluster.client, discovery }, 'openreports.io', log);
    await prepareReports({ ...cluster.client, discovery }, 'wgpolicyk8s.io', log);
    await prepareReports(cluster.client, 'wgpolicyk8s.io', log);
    expect(told).toEqual([
      { definitions: 'reports.openreports.io, clusterreports.openreports.io' },
      { definitions: 'policyreports.wgpolicyk8s.io, clusterpolicyreports.wgpolicyk8s.io' },
    ]);
  });

  it('of a namespace that is gone or going are forgotten', async () => {
    const ledger = createResultLedger();
    await cluster.client.create(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'leaving' } });
    const resource = await createObject('x', 'leaving');
    await cluster.client.delete(NAMESPACES, { name: 'leaving' });
    await until('the namespace to go', () =>
      cluster.client.get(NAMESPACES, { name: 'leaving' }).then(
        () => false,
        () => true,
      ),
    );
    const { client, writes } = counting();
    const writer = start(client, ledger);
    record(ledger, resource, 'fail');
    await writer.flush();
    expect([writes(), ledger.size]).toEqual([1, 0]);
    const going = counting([
      new KubeError(403, 'Forbidden', 'unable to create: namespace leaving is being terminated'),
    ]);
    record(ledger, resource, 'fail');
    await start(going.client, ledger).flush();
    expect(ledger.size).toBe(0);
  });

  it('one that cannot be written does not hold up the others', async () => {
    const ledger = createResultLedger();
    const resources = await Promise.all(['a', 'b', 'c', 'd', 'e', 'f'].map((name) => createObject(`many-${name}`)));
    for (const resource of resources) record(ledger, resource, 'fail');
    const { client } = counting([new KubeError(422, 'Invalid', 'x')]);
    await start(client, ledger, 100_000).flush();
    const found = await Promise.all(resources.map(reportOf));
    expect(found.filter((report) => report !== undefined)).toHaveLength(5);
    expect(ledger.takeChanged()).toHaveLength(1);
  });

  it('a stop writes what is pending', async () => {
    const ledger = createResultLedger();
    const resource = await createObject('stopped');
    const writer = start(cluster.client, ledger, 100_000);
    record(ledger, resource, 'fail');
    writer.notify();
    await writer.stop();
    expect(await reportOf(resource)).toBeDefined();
  });
});

describe('the log of denials', () => {
  const request = {
    operation: 'CREATE',
    kind: { group: '', version: 'v1', kind: 'Pod' },
    namespace: 'default',
    name: 'web',
    user: { username: 'jane', groups: [] },
    resource: { spec: { secret: 'hunter2' } },
  } as unknown as Parameters<ReturnType<typeof createDenialLog>['record']>[0]; // what an entry is made of

  const decision = (message: string): Decision => ({
    policy: policy.ref,
    phase: 'validate',
    standing: 'enforce',
    resource: { apiVersion: 'v1', kind: 'Pod', namespace: 'default', name: 'web' },
    failurePolicy: 'Fail',
    results: [{ rule: 'r', type: 'Validation', status: 'fail', message, action: 'Enforce' }],
    effects: [],
    trace: [{ rule: 'r', step: 'match', outcome: 'yes', detail: message }],
  });

  async function kept(): Promise<readonly { message: string; decisions: unknown[] }[]> {
    const { data } = await cluster.client.get(CONFIG_MAPS, { namespace: 'kyverno', name: DENIALS_CONFIG_MAP });
    return JSON.parse((data as Record<string, string>)['denials.json'] ?? '');
  }

  const open = () =>
    createDenialLog({ client: cluster.client, namespace: 'kyverno', log: silent, now: () => new Date(0), delayMs: 1 });

  it('keeps the last ones, newest first, over restarts, without objects', async () => {
    const first = open();
    for (let index = 0; index < 30; index += 1) first.record(request, `one ${index}`, [decision('x')]);
    expect(first.hasRoom()).toBe(false);
    await first.flush();
    expect(first.hasRoom()).toBe(true);
    const second = open();
    second.record(request, 'last', [decision('x')]);
    await second.flush();
    const entries = await kept();
    expect(entries).toHaveLength(20);
    expect(entries[0]).toMatchObject({ message: 'last', user: 'jane', kind: 'Pod', time: '1970-01-01T00:00:00.000Z' });
    expect(JSON.stringify(entries)).not.toContain('hunter2');
    expect(JSON.stringify(entries[0])).toContain('"step":"match"');
  });

  it('keeps the newest of a flood, bounded in bytes', async () => {
    const log = open();
    const long = 'x'.repeat(200_000);
    for (let index = 0; index < 100; index += 1)
      log.record(
        request,
        `${index} ${long}`,
        Array.from({ length: 50 }, () => decision(long)),
      );
    await log.flush();
    const entries = await kept();
    expect(entries[0]?.message.startsWith('99 ')).toBe(true);
    expect(JSON.stringify(entries).length).toBeLessThan(20 * 24_000);
  });

  it('begins anew when somebody broke it', async () => {
    await cluster.client.patch(CONFIG_MAPS, { namespace: 'kyverno', name: DENIALS_CONFIG_MAP }, 'merge', {
      data: { 'denials.json': '{' },
    });
    const log = open();
    log.record(request, 'fresh', [decision('x')]);
    await log.flush();
    expect((await kept()).map(({ message }) => message)).toEqual(['fresh']);
  });
});
