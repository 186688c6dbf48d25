import { clusterFolder, readClusterState } from '../../cluster/cluster-state.ts';
import { askControl } from '../../cluster/control.ts';
import { type CommandIo, EXIT, type FlagValues, textFlag } from '../../flags/command.ts';

/** Gives the running sandbox an empty cluster: new certificates, new kubeconfig, nothing left of the old one. */
export async function reset(_: readonly string[], flags: FlagValues, io: CommandIo): Promise<number> {
  const folder = clusterFolder(textFlag(flags, 'home'), io.env, io.cwd);
  const state = await readClusterState(folder);
  if (!state) {
    io.stderr(`vouchsafe: no sandbox runs in ${folder}; start one with \`vouchsafe sandbox up\`\n`);
    return EXIT.usage;
  }
  await askControl(state.controlSocket, { ask: 'reset' });
  io.stdout('sandbox reset\n');
  return EXIT.ok;
}
