import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { clusterFolder, readClusterState } from '../../cluster/cluster-state.ts';
import { programPath } from '../../cluster/program-path.ts';
import { type CommandIo, EXIT, type FlagValues, textFlag } from '../../flags/command.ts';
import { loadPaths } from './load.ts';
import { serve } from './serve.ts';
import { showTour } from './tour.ts';

const READY_MS = 30_000;
const POLL_MS = 25;

/** Starts the sandbox in the background and waits until it is ready. */
export async function up(args: readonly string[], flags: FlagValues, io: CommandIo): Promise<number> {
  const port = textFlag(flags, 'port');
  if (port !== undefined && !/^\d{1,5}$/.test(port)) {
    io.stderr(`vouchsafe: --port must be a number, not \`${port}\`\n`);
    return EXIT.usage;
  }
  const folder = clusterFolder(textFlag(flags, 'home'), io.env, io.cwd);
  const running = await readClusterState(folder);
  if (running) {
    io.stderr(
      `vouchsafe: a sandbox runs in ${folder} already (pid ${running.pid}); \`vouchsafe sandbox reset\` empties it\n`,
    );
    return EXIT.usage;
  }
  if (flags['foreground'] === true) return serve(args, flags, io);
  const started = performance.now();
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const logFile = join(folder, 'sandbox.log');
  const problem = await startInBackground(folder, logFile, [
    '--home',
    folder,
    ...(port ? ['--port', port] : []),
    ...(flags['tour'] ? ['--tour'] : []),
    ...(flags['persist'] ? ['--persist'] : []),
  ]);
  const state = await readClusterState(folder);
  if (problem !== undefined || !state) {
    io.stderr(`vouchsafe: the sandbox did not start: ${problem ?? 'it left no state'}\n${lastLines(logFile)}`);
    return EXIT.evaluation;
  }
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  io.stdout(`sandbox ready in ${seconds} s: API server ${state.apiServer}, registry ${state.registry}\n`);
  const kubeconfig = relative(io.cwd, state.kubeconfig) || state.kubeconfig;
  const from = textFlag(flags, 'from');
  const loaded = from ? await loadPaths([from], state.kubeconfig, io) : EXIT.ok;
  if (flags['tour'] === true) return (await showTour(state, kubeconfig, io)) || loaded;
  io.stdout(`\n  export KUBECONFIG=${kubeconfig}\n  kubectl get namespaces\n\nStop it with: vouchsafe sandbox down\n`);
  return loaded;
}

/** Resolves when the state file tells of the new process: undefined, or why that will not happen. */
async function startInBackground(
  folder: string,
  logFile: string,
  args: readonly string[],
): Promise<string | undefined> {
  const log = openSync(logFile, 'w', 0o600);
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', programPath(), 'sandbox', 'serve', ...args],
    {
      detached: true,
      stdio: ['ignore', log, log],
    },
  );
  closeSync(log);
  let ended: string | undefined;
  child.once('exit', (code) => {
    ended = `it ended with code ${code}`;
  });
  const deadline = performance.now() + READY_MS;
  while (ended === undefined && performance.now() < deadline) {
    const state = await readClusterState(folder);
    if (state?.pid === child.pid) {
      child.unref();
      return undefined;
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  if (ended === undefined) child.kill('SIGKILL');
  return ended ?? `it was not ready after ${READY_MS / 1000} s`;
}

function lastLines(file: string): string {
  try {
    return `${readFileSync(file, 'utf8').trimEnd().split('\n').slice(-8).join('\n')}\n`;
  } catch {
    return '';
  }
}
