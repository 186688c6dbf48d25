import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Cluster,
  createOperatorProcess,
  MIRRORED_HOSTS,
  type OperatorProcess,
  startCluster,
} from '@vouchsafe/cli';
import type { KubernetesObject } from '@vouchsafe/kube';
import { podReview } from '../data/pod-review.ts';
import { gatePolicies, installPolicies, makeImage } from '../load/install-policies.ts';
import {
  createAll,
  manyNamespaces,
  manyRoleBindings,
  NAMESPACES,
  POLICIES,
  policyIn,
  ROLE_BINDINGS,
} from '../load/many-objects.ts';
import { cpuSeconds, median, residentMegabytes } from '../load/process-figures.ts';
import { type Client, startClient } from './clients.ts';
import { HANGING_HOST, type KnownObjects } from './reviews.ts';
import { combineTallies, createTally, type Tally, type TallySnapshot, totalOf } from './tally.ts';

export interface SoakOptions {
  readonly seconds: number;
  /** Reviews a second. */
  readonly rate: number;
  readonly connections: number;
  /** Among 20,000 role bindings and 3,500 namespaces with a policy each. */
  readonly scale: boolean;
  /** The operator's program, when it is not to be the source. */
  readonly operatorEntry: string | undefined;
  readonly say: (line: string) => void;
}

export interface SoakOutcome {
  readonly tally: TallySnapshot;
  /** Megabytes of the replica that is never restarted, every few seconds. */
  readonly memory: readonly number[];
  readonly restarts: number;
  readonly bursts: number;
  /** Seconds of CPU of the replica that is never restarted, and of who sends the steady load. */
  readonly cpu: { readonly replica: number; readonly steady: number };
}

const RESTART_SECONDS = 20;
const AWAY_SECONDS = 2;
const LEAVING_SECONDS = 0.2;
const BURST_SECONDS = 30;
/** Beyond what a replica takes on at once, and within what it holds of connections. */
const BURST_SIZE = 1_300;
const PORTS_MS = 50;
const POLICIES_READY_MS = 300_000;
export const SAMPLE_SECONDS = 5;

/**
 * Two replicas with the four policies of the zero-trust guide under an even load, hostile clients, bursts on a registry that
 * hangs, and one of the replicas ended and started again and again. Everything that is answered is judged.
 */
export async function soak(options: SoakOptions): Promise<SoakOutcome> {
  const folder = await mkdtemp(join(tmpdir(), 'vouchsafe-soak-'));
  const hanging = await startHangingRegistry();
  const flags = ['--leaderElection', 'true', '--v', 'warn', '--registryMirror', `${HANGING_HOST}=${hanging.url}`];
  const { operatorEntry } = options;
  const cluster = await startCluster({
    folder,
    mirroredHosts: MIRRORED_HOSTS,
    operatorFlags: flags,
    ...(operatorEntry ? { operatorEntry } : {}),
  });
  const other = createOtherReplica(cluster, flags, operatorEntry);
  try {
    if (options.scale) await fill(cluster);
    await deploy(cluster);
    await other.start();
    await installPolicies(cluster, await gatePolicies([`${HANGING_HOST}/*`]), POLICIES_READY_MS);
    const images: KnownObjects = {
      signed: await makeImage(cluster, 'kloudvin/api', 'kloudvin'),
      foreign: await makeImage(cluster, 'kloudvin/foreign', 'mallory'),
      unsigned: await makeImage(cluster, 'kloudvin/unsigned'),
      isScaled: options.scale,
    };
    return await run(cluster, other, images, options);
  } finally {
    await other.kill('SIGTERM');
    await cluster.stop();
    hanging.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** As a restored backup does: with nobody there to look at each object. */
async function fill(cluster: Cluster): Promise<void> {
  await cluster.operator.kill('SIGTERM'); // takes the webhooks along
  const namespaces = manyNamespaces();
  await createAll(cluster, NAMESPACES, namespaces);
  await createAll(cluster, ROLE_BINDINGS, manyRoleBindings());
  const policies = namespaces.map(({ metadata }) => policyIn(metadata.name ?? '', 'tool'));
  await createAll(cluster, POLICIES, policies);
  await cluster.operator.start();
}

/** A Deployment that wants both: a replica that ends then leaves the webhooks to the other. Nothing runs in its Pods. */
async function deploy({ client }: Cluster): Promise<void> {
  const labels = { app: 'kyverno' };
  const template = { metadata: { labels }, spec: { containers: [{ name: 'kyverno', image: 'vouchsafe' }] } };
  await client.create(
    { group: 'apps', version: 'v1', resource: 'deployments' },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'kyverno', namespace: 'kyverno' },
      spec: { replicas: 2, selector: { matchLabels: labels }, template },
    },
  );
}

function createOtherReplica(
  cluster: Cluster,
  extraFlags: readonly string[],
  entry: string | undefined,
): OperatorProcess {
  return createOperatorProcess({
    kubeconfig: cluster.kubeconfig,
    registryMirrors: Object.fromEntries(MIRRORED_HOSTS.map((host) => [host, cluster.registry.url])),
    trustedRoot: cluster.trustedRootFile,
    logFile: join(cluster.folder, 'other.log'),
    extraFlags,
    ...(entry ? { entry } : {}),
    podName: 'kyverno-sandbox-2',
    onReady: () => {},
  });
}

/** A registry as an attacker runs it: it takes every connection, and never says a word. */
async function startHangingRegistry(): Promise<{ readonly url: string; stop(): void }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.resume(); // or the other side's end would go unseen, and its descriptor be kept
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo; // it listens on TCP
  return {
    url: `http://127.0.0.1:${port}`,
    stop() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

async function run(
  cluster: Cluster,
  other: OperatorProcess,
  images: KnownObjects,
  options: SoakOptions,
): Promise<SoakOutcome> {
  const { seconds, rate, connections, say } = options;
  const own = createTally();
  const memory: number[] = [];
  const replicas = [cluster.operator, other];
  const clients = [
    startClient({ role: 'steady', rate, connections, images }),
    startClient({ role: 'attacks' }),
    startClient({ role: 'bursts', size: BURST_SIZE, seconds: BURST_SECONDS, replica: replicas.indexOf(other) }),
  ];
  let restarts = 0;
  let leaving: OperatorProcess | undefined;
  const jobs = [
    every(PORTS_MS / 1000, async () =>
      tellPorts(
        clients,
        replicas.map((replica) => (replica === leaving ? undefined : replica.ready?.webhookPort)),
      ),
    ),
    every(Math.min(RESTART_SECONDS, seconds / 3), async () => {
      const signal = restarts % 2 === 0 ? 'SIGTERM' : 'SIGKILL';
      // a Service leaves out a Pod that is told to go; of one that dies it hears later
      if (signal === 'SIGTERM') leaving = cluster.operator;
      await restart(cluster.operator, signal, () => {
        leaving = undefined;
      });
      restarts += 1;
    }),
    every(1, () => askApiServer(cluster, own)),
    every(SAMPLE_SECONDS, async () => void memory.push(residentMegabytes(other.pid ?? 0))),
    every(60, async () => say(progress(await report(clients), memory))),
  ];
  try {
    const before = cpuSeconds(other.pid ?? 0);
    await pause(seconds);
    const cpu = { replica: cpuSeconds(other.pid ?? 0) - before, steady: cpuSeconds(clients[0]?.pid ?? 0) };
    await Promise.all(jobs.slice(1).map((job) => job.stop()));
    const parts = await Promise.all(clients.map((client) => client.stop()));
    await jobs[0]?.stop();
    const tally = combineTallies([...parts.map((part) => part.tally), own.snapshot()]);
    return { tally, memory, restarts, bursts: parts.reduce((sum, part) => sum + part.bursts, 0), cpu };
  } finally {
    for (const client of clients) client.kill();
  }
}

function tellPorts(clients: readonly Client[], ports: readonly (number | undefined)[]): void {
  for (const client of clients) client.tellPorts(ports.map((port) => port ?? null));
}

async function report(clients: readonly Client[]): Promise<TallySnapshot> {
  return combineTallies((await Promise.all(clients.map((client) => client.report()))).map(({ tally }) => tally));
}

async function restart(replica: OperatorProcess, signal: 'SIGTERM' | 'SIGKILL', onGone: () => void): Promise<void> {
  await pause(LEAVING_SECONDS);
  await replica.kill(signal);
  onGone();
  await pause(AWAY_SECONDS);
  await replica.start();
}

/** Through the API server, as users come: a privileged Pod is refused whether or not somebody answers its webhook. */
async function askApiServer(cluster: Cluster, tally: Tally): Promise<void> {
  const { object } = podReview({ privileged: true })['request'] as { object: KubernetesObject }; // built by podReview
  const spec = {
    containers: [{ name: 'main', image: 'ghcr.io/kloudvin/api:v1', securityContext: { privileged: true } }],
  };
  const metadata = { name: 'privileged', namespace: 'default' };
  const pods = { group: '', version: 'v1', resource: 'pods' } as const;
  await cluster.client.create(pods, { apiVersion: 'v1', kind: object.kind, metadata, spec }, {}, { dryRun: true }).then(
    () => tally.count('through the API server', 'wrong', 'a privileged Pod was admitted'),
    (error: Error) => {
      const isRefused = /denied the request|failed calling webhook/.test(error.message);
      tally.count('through the API server', isRefused ? 'right' : 'odd', isRefused ? undefined : error.message);
    },
  );
}

function progress(tally: TallySnapshot, memory: readonly number[]): string {
  const [answered, wrong, overloaded] = [
    totalOf(tally, 'right') + totalOf(tally, 'wrong'),
    totalOf(tally, 'wrong'),
    totalOf(tally, 'overloaded'),
  ];
  return `${answered} answers, ${wrong} wrong, ${overloaded} times 503, ${memory.at(-1)?.toFixed(0)} MB`;
}

/**
 * Medians over two minutes after the warm-up and over the last two: single samples tell when the collector last ran. Warm is
 * a process that has met every attack several times, bursts above all, which make it as large as it may get.
 */
export function growth(memory: readonly number[]): { readonly start: number; readonly end: number } {
  const warm = memory.slice(Math.min(Math.floor(memory.length / 3), WARM_UP_SECONDS / SAMPLE_SECONDS));
  const share = Math.max(1, Math.min(120 / SAMPLE_SECONDS, Math.floor(warm.length / 4)));
  return { start: median(warm.slice(0, share)), end: median(warm.slice(-share)) };
}

const WARM_UP_SECONDS = 300;

function every(seconds: number, work: () => Promise<void>): { stop(): Promise<void> } {
  let stopped = false;
  let wake = () => {};
  const loop = async () => {
    while (!stopped) {
      await new Promise<void>((resolve) => {
        wake = resolve;
        setTimeout(resolve, seconds * 1000).unref();
      });
      if (!stopped) await work();
    }
  };
  const done = loop();
  return {
    stop: () => {
      stopped = true;
      wake();
      return done;
    },
  };
}

function pause(seconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, seconds * 1000);
  });
}
