import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

/** What another process needs to know about a running sandbox. Holds no secrets: those are in the kubeconfig. */
export interface ClusterState {
  readonly pid: number;
  readonly startedAt: string;
  readonly apiServer: string;
  readonly registry: string;
  readonly sigstore: string;
  readonly kubeconfig: string;
  readonly trustedRoot: string;
  readonly controlSocket: string;
  /** Its objects outlive it. */
  readonly isPersistent: boolean;
}

/** Where a sandbox lives: `--home`, else VOUCHSAFE_HOME, else `.vouchsafe` of the working folder. Never `~/.kube`. */
export function clusterFolder(
  home: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
  cwd: string,
): string {
  return resolve(cwd, home ?? (env['VOUCHSAFE_HOME'] || '.vouchsafe'));
}

export async function writeClusterState(folder: string, state: ClusterState): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const file = stateFile(folder);
  await writeFile(`${file}.new`, `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600 });
  await rename(`${file}.new`, file);
}

/** The state of the sandbox that runs in `folder`; `undefined` when none does (a stale file counts as none). */
export async function readClusterState(folder: string): Promise<ClusterState | undefined> {
  let text: string;
  try {
    text = await readFile(stateFile(folder), 'utf8');
  } catch {
    return undefined;
  }
  try {
    const state = JSON.parse(text) as ClusterState; // written by writeClusterState
    return isAlive(state.pid) ? state : undefined;
  } catch {
    return undefined;
  }
}

export async function removeClusterState(folder: string): Promise<void> {
  await rm(stateFile(folder), { force: true });
}

function stateFile(folder: string): string {
  return join(folder, 'sandbox.json');
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
