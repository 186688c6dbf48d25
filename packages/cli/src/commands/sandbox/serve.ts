import { join } from 'node:path';
import { clusterFolder, removeClusterState, writeClusterState } from '../../cluster/cluster-state.ts';
import { startControl } from '../../cluster/control.ts';
import { MIRRORED_HOSTS } from '../../cluster/mirrored-hosts.ts';
import { type Cluster, startCluster } from '../../cluster/start-cluster.ts';
import { type CommandIo, EXIT, type FlagValues, textFlag } from '../../flags/command.ts';
import { prepareTour } from './tour.ts';

/** Runs the sandbox until it is told to stop: by the control socket, by a signal. */
export async function serve(_: readonly string[], flags: FlagValues, io: CommandIo): Promise<number> {
  const folder = clusterFolder(textFlag(flags, 'home'), io.env, io.cwd);
  const port = textFlag(flags, 'port');
  const start = async (): Promise<Cluster> => {
    const cluster = await startCluster({
      folder,
      mirroredHosts: MIRRORED_HOSTS,
      ...(port ? { apiPort: Number(port) } : {}),
    });
    if (flags['tour'] === true) await prepareTour(cluster);
    return cluster;
  };
  let cluster = await start();
  const ended = Promise.withResolvers<void>();
  const controlSocket = join(folder, 'control.sock');

  const announce = () =>
    writeClusterState(folder, {
      pid: process.pid,
      startedAt: new Date().toISOString(),
      apiServer: cluster.api.url,
      registry: cluster.registry.host,
      sigstore: cluster.sigstore.host,
      kubeconfig: cluster.kubeconfig,
      trustedRoot: cluster.trustedRootFile,
      controlSocket,
    });

  const control = await startControl(controlSocket, async (request) => {
    switch (request.ask) {
      case 'status':
        return { operator: cluster.operator.ready ?? null };
      case 'stop':
        ended.resolve();
        return {};
      case 'reset':
        await cluster.stop();
        cluster = await start();
        await announce();
        return {};
      case 'operator':
        return commandOperator(cluster, request.action);
    }
  });
  await announce();
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
