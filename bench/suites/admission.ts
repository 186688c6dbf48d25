import { execFile, execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Cluster, MIRRORED_HOSTS, startCluster } from '@vouchsafe/cli';
import type { KubernetesObject } from '@vouchsafe/kube';
import { podReview } from '../data/pod-review.ts';
import { installPolicies, podSecurityPolicies } from '../load/install-policies.ts';
import { cpuSeconds, median, residentMegabytes } from '../load/process-figures.ts';
import type { Suite } from '../suite.ts';

const run = promisify(execFile);
const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const ROUNDS = 5;
const SECONDS = 4;
const CONNECTIONS = 25;

/** Seventeen Pod Security policies, a Pod of 6.2 KB, TLS with keep-alive, server and load on a core each. */
export const admission: Suite = {
  name: 'admission',
  summary: 'admission reviews a second on one core, CPU each, latency under an even load',
  async run(report) {
    const folder = await mkdtemp(join(tmpdir(), 'vouchsafe-bench-'));
    const begun = performance.now();
    const cluster = await startCluster({ folder, mirroredHosts: MIRRORED_HOSTS });
    try {
      const started = performance.now() - begun;
      const pid = cluster.operator.pid ?? 0;
      report('start.everything', started, 'ms');
      report('operator.idle', residentMegabytes(pid), 'MB');
      await installPolicies(cluster, await podSecurityPolicies());
      await checkAnswers(cluster);
      const body = join(folder, 'review.json');
      const text = JSON.stringify(podReview());
      await writeFile(body, text);
      report('body', text.length, 'bytes');
      pin(pid, 0);
      const parse = parseMicroseconds(text);
      report('json-parse', parse, 'µs');
      await drive(cluster, body, 'closed', CONNECTIONS, 3);
      const rounds = [];
      for (let round = 0; round < ROUNDS; round += 1) {
        const before = cpuSeconds(pid);
        const figures = await drive(cluster, body, 'closed', CONNECTIONS, SECONDS);
        rounds.push({ ...figures, cpu: ((cpuSeconds(pid) - before) / figures.requests) * 1e6 });
      }
      const cpu = median(rounds.map((round) => round.cpu));
      report('closed.per-second', median(rounds.map((round) => round.perSecond)), '1/s', { must: 4000, aim: 5400 });
      report('closed.cpu', cpu, 'µs');
      report('closed.cpu-per-parse', cpu / parse, '×', { must: 5.5, aim: 4.5, lower: true });
      report('closed.p99', median(rounds.map((round) => round.p99)), 'ms');
      for (const rate of [100, 1000]) {
        const figures = await drive(cluster, body, 'open', rate, SECONDS);
        report(`open.${rate}.p50`, figures.p50, 'ms');
        report(`open.${rate}.p99`, figures.p99, 'ms', rate === 100 ? { must: 5, lower: true } : {});
      }
      report('operator.loaded', residentMegabytes(pid), 'MB');
      report(
        'wrong',
        rounds.reduce((sum, round) => sum + round.wrong, 0),
        'answers',
        { must: 0, lower: true },
      );
    } finally {
      await cluster.stop();
      await rm(folder, { recursive: true, force: true });
    }
  },
};

/** Speed counts only with right answers: the good Pod is allowed, the privileged one is not. */
async function checkAnswers(cluster: Cluster): Promise<void> {
  const pods = { group: '', version: 'v1', resource: 'pods' } as const;
  for (const privileged of [false, true]) {
    const { object } = podReview({ privileged })['request'] as { object: KubernetesObject }; // built by podReview
    const { ownerReferences: _, ...metadata } = object.metadata as Record<string, unknown>;
    const pod = { ...object, metadata: { ...metadata, namespace: 'default' } } as KubernetesObject; // the same Pod, unowned
    const spec = {
      ...(pod['spec'] as object),
      serviceAccountName: 'default',
      serviceAccount: 'default',
      preemptionPolicy: undefined,
    };
    const allowed = await cluster.client.create(pods, { ...pod, spec } as KubernetesObject, {}, { dryRun: true }).then(
      () => true,
      (error: Error) => {
        if (error.message.includes('denied the request')) return false;
        throw error;
      },
    );
    if (allowed === privileged)
      throw new Error(`wrong answer: a Pod with privileged=${privileged} was ${allowed ? 'admitted' : 'refused'}`);
  }
}

function pin(pid: number, core: number): void {
  try {
    execFileSync('taskset', ['-a', '-cp', String(core), String(pid)], { stdio: 'ignore' });
  } catch {
    // without taskset the figures are those of an unpinned server
  }
}

interface Figures {
  readonly requests: number;
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly wrong: number;
}

async function drive(
  cluster: Cluster,
  body: string,
  mode: 'closed' | 'open',
  amount: number,
  seconds: number,
): Promise<Figures> {
  const port = String(cluster.operator.ready?.webhookPort);
  const args = [
    here('../load/drive.ts'),
    port,
    '/validate/fail?timeout=10s',
    body,
    mode,
    String(amount),
    String(seconds),
  ];
  const { stdout } = await run('taskset', [
    '-c',
    '1',
    process.execPath,
    '--disable-warning=ExperimentalWarning',
    ...args,
  ]);
  return JSON.parse(stdout) as Figures; // printed by drive.ts
}

function parseMicroseconds(text: string): number {
  const samples = Array.from({ length: 31 }, () => {
    const started = performance.now();
    for (let count = 0; count < 500; count += 1) JSON.parse(text);
    return ((performance.now() - started) / 500) * 1000;
  });
  return median(samples);
}
