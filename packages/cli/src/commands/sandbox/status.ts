import { clusterFolder, readClusterState } from '../../cluster/cluster-state.ts';
import { askControl } from '../../cluster/control.ts';
import { type CommandIo, EXIT, type FlagValues, textFlag } from '../../flags/command.ts';

/** Tells what runs. Exit code 4 when nothing does. */
export async function status(_: readonly string[], flags: FlagValues, io: CommandIo): Promise<number> {
  const folder = clusterFolder(textFlag(flags, 'home'), io.env, io.cwd);
  const state = await readClusterState(folder);
  if (!state) {
    io.stdout(`no sandbox runs in ${folder}; start one with \`vouchsafe sandbox up\`\n`);
    return EXIT.nothing;
  }
  const live = (await askControl(state.controlSocket, { ask: 'status' }).catch(() => undefined)) as
    | { readonly operator: { readonly pid: number; readonly webhookPort: number } | null }
    | undefined; // what serve answers
  const operator = live?.operator ? `pid ${live.operator.pid}, webhooks on port ${live.operator.webhookPort}` : 'down';
  const rows = [
    ['API server', state.apiServer],
    ['registry', state.registry],
    ['Sigstore', state.sigstore],
    ['operator', live ? operator : 'unknown: the sandbox does not answer'],
    ['kubeconfig', state.kubeconfig],
    ['objects', state.isPersistent ? 'kept over restarts' : 'in memory'],
    ['started', `${state.startedAt} (pid ${state.pid})`],
  ];
  for (const [name = '', value] of rows) io.stdout(`${name.padEnd(12)}${value}\n`);
  return live ? EXIT.ok : EXIT.evaluation;
}
