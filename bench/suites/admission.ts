import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Cluster, MIRRORED_HOSTS, startCluster } from '@vouchsafe/cli';
import type { JsonObject } from '@vouchsafe/engine/kernel';
import type { KubernetesObject } from '@vouchsafe/kube';
import { podReview } from '../data/pod-review.ts';
import { createDriver, pin } from '../load/drive-process.ts';
import {
  gatePolicies,
  installPolicies,
  makeImage,
  podSecurityPolicies,
  removePolicies,
} from '../load/install-policies.ts';
import { cpuSeconds, median, residentMegabytes } from '../load/process-figures.ts';
import type { Goal, Report, Suite } from '../suite.ts';

const ROUNDS = 5;
const SECONDS = 4;
/** An even load is followed for longer: a full collection, of which there are a few a minute, weighs what it weighs. */
const OPEN_SECONDS = 10;
const CONNECTIONS = 25;

/** Pods of 6.2 KB over TLS with keep-alive, server and load on a core each. */
export const admission: Suite = {
  name: 'admission',
  summary: 'admission reviews a second on one core, CPU each, latency under an even load',
  async run(report) {
    const folder = await mkdtemp(join(tmpdir(), 'vouchsafe-bench-'));
    const begun = performance.now();
    const cluster = await startCluster({ folder, mirroredHosts: MIRRORED_HOSTS });
    try {
      const pid = cluster.operator.pid ?? 0;
      report('start.everything', performance.now() - begun, 'ms');
      report('operator.idle', residentMegabytes(pid), 'MB');
      await installPolicies(cluster, await podSecurityPolicies());
      await checkAnswers(cluster);
      pin(pid, 0);
      await measure(cluster, podReview(), '', report);
      const digest = await makeImage(cluster, 'kloudvin/api', 'kloudvin');
      await installPolicies(cluster, await gatePolicies());
      const signed = podReview({ image: `ghcr.io/kloudvin/api:v1@${digest}` });
      await measure(cluster, signed, 'gate.', report);
      report('operator.loaded', residentMegabytes(pid), 'MB');
      await removePolicies(cluster, await podSecurityPolicies());
      await measure(cluster, signed, 'zero-trust.', report);
    } finally {
      await cluster.stop();
      await rm(folder, { recursive: true, force: true });
    }
  },
};

/**
 * Seventeen Pod Security policies; `zero-trust.`: the four of the zero-trust guide, their image cached; `gate.`: all of them
 * together.
 */
async function measure(
  cluster: Cluster,
  review: JsonObject,
  prefix: '' | 'gate.' | 'zero-trust.',
  report: Report,
): Promise<void> {
  const pid = cluster.operator.pid ?? 0;
  const text = JSON.stringify(review);
  report(`${prefix}body`, text.length, 'bytes');
  const driver = await createDriver(cluster, review);
  await driver.drive('closed', CONNECTIONS, 3);
  const rounds = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const before = cpuSeconds(pid);
    const figures = await driver.drive('closed', CONNECTIONS, SECONDS);
    const cpu = ((cpuSeconds(pid) - before) / figures.requests) * 1e6;
    // Beside each round: the machine is not equally quick all the time.
    rounds.push({ ...figures, cpu, parse: parseMicroseconds(text) });
  }
  report(`${prefix}closed.per-second`, median(rounds.map((round) => round.perSecond)), '1/s', {
    must: 4000,
    aim: 5400,
  });
  report(`${prefix}json-parse`, median(rounds.map(({ parse }) => parse)), 'µs');
  report(`${prefix}closed.cpu`, median(rounds.map(({ cpu }) => cpu)), 'µs');
  const perParse = median(rounds.map(({ cpu, parse }) => cpu / parse));
  report(`${prefix}closed.cpu-per-parse`, perParse, '×', { must: 5.5, aim: 4.5, lower: true });
  report(`${prefix}closed.p99`, median(rounds.map((round) => round.p99)), 'ms');
  let wrong = rounds.reduce((sum, round) => sum + round.wrong, 0);
  for (const rate of [100, 1000, 3000]) {
    const figures = await driver.drive('open', rate, OPEN_SECONDS);
    report(`${prefix}open.${rate}.p50`, figures.p50, 'ms');
    report(`${prefix}open.${rate}.p99`, figures.p99, 'ms', OPEN_GOALS.get(rate) ?? {});
    wrong += figures.wrong;
  }
  report(`${prefix}wrong`, wrong, 'answers', { must: 0, lower: true });
}

const OPEN_GOALS: ReadonlyMap<number, Goal> = new Map([
  [100, { must: 5, lower: true }],
  [3000, { must: 10, lower: true }],
]);

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

function parseMicroseconds(text: string): number {
  const samples = Array.from({ length: 31 }, () => {
    const started = performance.now();
    for (let count = 0; count < 500; count += 1) JSON.parse(text);
    return ((performance.now() - started) / 500) * 1000;
  });
  return median(samples);
}
