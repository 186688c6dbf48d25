import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { releaseMemory } from '@vouchsafe/operator';
import type { ApiServer } from '@vouchsafe/sandbox';
import { clusterFolder, removeClusterState, writeClusterState } from '../../cluster/cluster-state.ts';
import { startControl } from '../../cluster/control.ts';
import { MIRRORED_HOSTS } from '../../cluster/mirrored-hosts.ts';
import { type Cluster, startCluster, stateFolder } from '../../cluster/start-cluster.ts';
import { type CommandIo, EXIT, type FlagValues, textFlag } from '../../flags/command.ts';
import { createRecorder } from '../../scenario/record-exchanges.ts';
import { type Manifest, policySteps } from '../../scenario/recorded-write.ts';
import type { RecordedStep } from '../../scenario/steps-of-exchanges.ts';
import { loadPaths } from './load.ts';
import { prepareTour } from './tour.ts';

/** Runs the sandbox until it is told to stop: by the control socket, by a signal. */
export async function serve(_: readonly string[], flags: FlagValues, io: CommandIo): Promise<number> {
  const folder = clusterFolder(textFlag(flags, 'home'), io.env, io.cwd);
  const port = textFlag(flags, 'port');
  const persist = flags['persist'] === true;
  const start = async (): Promise<Cluster> => {
    const cluster = await startCluster({
      folder,
      mirroredHosts: MIRRORED_HOSTS,
      persist,
      ...(port ? { apiPort: Number(port) } : {}),
    });
    if (flags['tour'] === true) await prepareTour(cluster);
    return cluster;
  };
  let cluster = await start();
  const recorder = createRecorder();
  const ended = Promise.withResolvers<void>();
  const controlSocket = join(folder, 'control.sock');

  const announce = () =>
    writeClusterState(folder, {
      pid: process.pid,
      startedAt: new Date().toISOString(),
      apiServer: apiOf(cluster).url,
      registry: cluster.registry.host,
      sigstore: cluster.sigstore.host,
      kubeconfig: cluster.kubeconfig,
      trustedRoot: cluster.trustedRootFile,
      controlSocket,
      isPersistent: persist,
    });

  const control = await startControl(controlSocket, async (request) => {
    switch (request.ask) {
      case 'status':
        return { operator: cluster.operator.ready ?? null };
      case 'stop':
        ended.resolve();
        return {};
      case 'reset':
        recorder.cancel();
        await cluster.stop();
        if (persist) await rm(stateFolder(folder), { recursive: true, force: true });
        cluster = await start();
        await announce();
        return {};
      case 'record':
        if (request.action === 'stop') return recorder.stop();
        recorder.start(apiOf(cluster), cluster.registry, await presentPolicies(cluster));
        return {};
      case 'operator':
        return commandOperator(cluster, request.action);
    }
  });
  await announce();
  const from = textFlag(flags, 'from');
  if (from) await loadPaths([from], cluster.kubeconfig, io);
  releaseMemory();
  process.once('SIGINT', () => ended.resolve());
  process.once('SIGTERM', () => ended.resolve());
  await ended.promise;
  await control.stop();
  await cluster.stop();
  await removeClusterState(folder);
  return EXIT.ok;
}

async function commandOperator({ operator }: Cluster, action: 'kill' | 'stop' | 'start' | 'restart'): Promise<unknown> {
  if (action === 'kill') await operator.kill('SIGKILL');
  if (action === 'stop' || action === 'restart') await operator.kill('SIGTERM');
  if (action === 'start' || action === 'restart') await operator.start();
  return { operator: operator.ready ?? null };
}

/** `serve` runs its own server always. */
function apiOf({ api }: Cluster): ApiServer {
  if (!api) throw new Error('the sandbox has no API server');
  return api;
}

/** Policies that are in force when a recording starts belong to it. */
async function presentPolicies({ client }: Cluster): Promise<readonly RecordedStep[]> {
  const kinds = ['clusterpolicies', 'policies'].map((resource) => ({ group: 'kyverno.io', version: 'v1', resource }));
  const steps = await Promise.all(
    kinds.map(async (kind) =>
      policySteps((await client.list(kind)).items as readonly Manifest[], `${kind.resource}.kyverno.io`),
    ),
  );
  return steps.flat();
}
