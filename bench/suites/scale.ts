import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Cluster, type ClusterOptions, MIRRORED_HOSTS, startCluster } from '@vouchsafe/cli';
import type { JsonObject } from '@vouchsafe/engine/kernel';
import type { KubernetesObject } from '@vouchsafe/kube';
import { podReview } from '../data/pod-review.ts';
import { createDriver, type Driver, pin } from '../load/drive-process.ts';
import { installPolicies, podSecurityPolicies } from '../load/install-policies.ts';
import {
  createAll,
  MANY_POLICIES,
  MANY_ROLE_BINDINGS,
  manyNamespaces,
  manyRoleBindings,
  NAMESPACES,
  POLICIES,
  policyIn,
  ROLE_BINDINGS,
} from '../load/many-objects.ts';
import { cpuSeconds, median, residentMegabytes } from '../load/process-figures.ts';
import type { Report, Suite } from '../suite.ts';

const ROUNDS = 7;
const SECONDS = 3;
const CONNECTIONS = 25;

/** What grows with a cluster: bindings, of which a request should feel nothing, and policies, of which it meets a few. */
export const scale: Suite = {
  name: 'scale',
  summary: `${MANY_ROLE_BINDINGS} role bindings, ${MANY_POLICIES} policies of two rules`,
  async run(report) {
    await withCluster({}, (bare) => withCluster({}, (bound) => measureRoleBindings(bare, bound, report)));
    await withCluster({ operator: false }, (cluster) => measurePolicies(cluster, report));
  },
};

async function withCluster(options: Partial<ClusterOptions>, work: (cluster: Cluster) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'vouchsafe-scale-'));
  const cluster = await startCluster({ folder, mirroredHosts: MIRRORED_HOSTS, ...options });
  try {
    await work(cluster);
  } finally {
    await cluster.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * CPU of a request in a cluster with the bindings, some of which bind the very user that asks, and in one without: in turns, so
 * that a machine which is slower for a while is slower for both.
 */
async function measureRoleBindings(bare: Cluster, bound: Cluster, report: Report): Promise<void> {
  const pods = await podSecurityPolicies();
  const [without, within] = await Promise.all([bare, bound].map((cluster) => prepare(cluster, pods)));
  if (!without || !within) throw new Error('one driver for each cluster');
  const memory = residentMegabytes(within.pid);
  await createAll(bound, ROLE_BINDINGS, manyRoleBindings());
  await settled(within.pid);
  const rounds: (readonly [without: number, within: number])[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    rounds.push([await cpuMicroseconds(without), await cpuMicroseconds(within)]);
  }
  report('bindings.cpu-without', median(rounds.map(([one]) => one)), 'µs');
  report('bindings.cpu-with', median(rounds.map(([, other]) => other)), 'µs');
  const ratio = median(rounds.map(([one, other]) => other / one));
  report('bindings.cpu-ratio', ratio, '×', { must: 1.05, lower: true });
  report('bindings.memory', residentMegabytes(within.pid) - memory, 'MB');
}

interface Driven {
  readonly driver: Driver;
  readonly pid: number;
}

/** A cluster with the policies, warmed up. */
async function prepare(cluster: Cluster, policies: readonly KubernetesObject[]): Promise<Driven> {
  await installPolicies(cluster, policies);
  const pid = cluster.operator.pid ?? 0;
  pin(pid, 0);
  const driver = await createDriver(cluster, podReview());
  await driver.drive('closed', CONNECTIONS, SECONDS);
  return { driver, pid };
}

/** As one team has it: a policy for each of its namespaces; and the worst of it, all of them in one. */
async function measurePolicies(cluster: Cluster, report: Report): Promise<void> {
  const namespaces = manyNamespaces();
  await createAll(cluster, NAMESPACES, namespaces);
  await createAll(
    cluster,
    POLICIES,
    namespaces.map(({ metadata }) => policyIn(metadata.name ?? '', 'tool')),
  );
  await measureLoad(cluster, report, 'policies');
  await cluster.operator.kill('SIGTERM'); // takes the webhooks along, which would refuse what follows
  await createAll(
    cluster,
    POLICIES,
    namespaces.map((_, index) => policyIn('tool-7', `more-${index}`)),
  );
  await measureLoad(cluster, report, 'one-namespace');
}

async function measureLoad(cluster: Cluster, report: Report, name: string): Promise<void> {
  const begun = performance.now();
  await cluster.operator.start();
  const isGoal = name === 'policies';
  report(`${name}.load`, performance.now() - begun, 'ms', isGoal ? { must: 5_000, aim: 2_000, lower: true } : {});
  const pid = cluster.operator.pid ?? 0;
  await settled(pid);
  pin(pid, 0);
  const driver = await createDriver(cluster, reviewIn('tool-7'));
  await driver.drive('open', 20, 2);
  const { p50, p99, wrong } = await driver.drive('open', 100, SECONDS);
  report(`${name}.p50`, p50, 'ms');
  report(`${name}.p99`, p99, 'ms', { must: 20, aim: 5, lower: true });
  report(`${name}.wrong`, wrong, 'answers', { must: 0, lower: true });
  report(`${name}.memory`, residentMegabytes(pid), 'MB');
}

async function cpuMicroseconds({ driver, pid }: Driven): Promise<number> {
  const before = cpuSeconds(pid);
  const { requests } = await driver.drive('closed', CONNECTIONS, SECONDS);
  return ((cpuSeconds(pid) - before) / requests) * 1e6;
}

/** Resolves when the process does nothing any more: what was created has arrived. */
async function settled(pid: number): Promise<void> {
  for (let quiet = 0, waited = 0; quiet < 4 && waited < 120; waited += 1) {
    const before = cpuSeconds(pid);
    await new Promise((resolve) => setTimeout(resolve, 500));
    quiet = cpuSeconds(pid) - before < 0.03 ? quiet + 1 : 0;
  }
}

function reviewIn(namespace: string): JsonObject {
  const review = podReview();
  const request = review['request'] as JsonObject; // built by podReview
  const object = request['object'] as JsonObject;
  const metadata = { ...(object['metadata'] as JsonObject), namespace };
  return { ...review, request: { ...request, namespace, object: { ...object, metadata } } };
}
