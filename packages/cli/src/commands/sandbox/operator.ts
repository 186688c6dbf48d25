import { clusterFolder, readClusterState } from '../../cluster/cluster-state.ts';
import { askControl } from '../../cluster/control.ts';
import { type CommandIo, EXIT, type FlagValues, textFlag } from '../../flags/command.ts';

const ACTIONS = ['kill', 'stop', 'start', 'restart'] as const;

/** What happens to a Pod of the operator: killed without warning, stopped cleanly, started, restarted. */
export async function operator([wanted]: readonly string[], flags: FlagValues, io: CommandIo): Promise<number> {
  const action = ACTIONS.find((known) => known === wanted);
  const state = await readClusterState(clusterFolder(textFlag(flags, 'home'), io.env, io.cwd));
  if (!action || !state) {
    io.stderr(action ? 'vouchsafe: no sandbox runs here\n' : `vouchsafe: the action is one of ${ACTIONS.join(', ')}\n`);
    return EXIT.usage;
  }
  await askControl(state.controlSocket, { ask: 'operator', action });
  io.stdout(`operator: ${action} done\n`);
  return EXIT.ok;
}
