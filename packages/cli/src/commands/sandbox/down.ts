import { clusterFolder, readClusterState } from '../../cluster/cluster-state.ts';
import { askControl } from '../../cluster/control.ts';
import { clearClusterFolder, stateFolder } from '../../cluster/start-cluster.ts';
import { type CommandIo, EXIT, type FlagValues, textFlag } from '../../flags/command.ts';

const STOP_MS = 15_000;
const POLL_MS = 25;

/** Stops the sandbox and removes its files. Nothing running is not a failure. */
export async function down(_: readonly string[], flags: FlagValues, io: CommandIo): Promise<number> {
  const folder = clusterFolder(textFlag(flags, 'home'), io.env, io.cwd);
  const state = await readClusterState(folder);
  if (!state) {
    await clearClusterFolder(folder);
    io.stdout(`no sandbox runs in ${folder}\n`);
    return EXIT.ok;
  }
  await askControl(state.controlSocket, { ask: 'stop' }).catch(() => process.kill(state.pid, 'SIGTERM'));
  const deadline = performance.now() + STOP_MS;
  while ((await readClusterState(folder)) !== undefined) {
    if (performance.now() > deadline) {
      process.kill(state.pid, 'SIGKILL');
      break;
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  await clearClusterFolder(folder);
  const kept = state.isPersistent ? `; its objects are kept in ${stateFolder(folder)}` : '';
  io.stdout(`sandbox stopped${kept}\n`);
  return EXIT.ok;
}
