import { type ExecFileOptions, execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { InputProblem, reasonOf } from './input-problem.ts';

/** Made when it is called: most runs start no other program, and Node takes milliseconds to be able to. */
const run: (file: string, args: readonly string[], options: ExecFileOptions) => Promise<unknown> = (...call) =>
  promisify(execFile)(...call);
const TIMEOUT_MS = 120_000;

export interface GitCredentials {
  readonly username?: string;
  readonly password?: string;
}

export interface Checkout {
  /** The folder of the repository that was asked for. */
  readonly folder: string;
  readonly remove: () => Promise<void>;
}

interface RepositoryPlace {
  readonly repository: string;
  readonly branch: string;
  readonly folder: string;
}

/**
 * `https://host/owner/repository/branch`, or with a branch given `https://host/owner/repository/folder` (kyverno-core
 * §5.2). The branch is `main` when nothing says otherwise. Throws `InputProblem`.
 */
export function parseRepository(path: string, branch: string): RepositoryPlace {
  const url = new URL(path);
  const [owner, name, ...rest] = url.pathname.split('/').filter((segment) => segment !== '');
  if (owner === undefined || name === undefined) {
    throw new InputProblem(
      `failed to parse URL (invalid URL path ${url.pathname} - expected https://<any_git_source_domain>/:owner/:repository/:branch (without --git-branch flag) OR https://<any_git_source_domain>/:owner/:repository/:directory (with --git-branch flag))`,
    );
  }
  const repository = `${url.origin}/${owner}/${name}`;
  const tail = rest.join('/');
  if (branch !== '') return { repository, branch, folder: tail };
  return { repository, branch: tail === '' ? 'main' : tail, folder: '' };
}

/** A shallow copy of one branch in a folder of its own. Throws `InputProblem`. */
export async function checkoutRepository(path: string, branch: string, credentials: GitCredentials): Promise<Checkout> {
  const place = parseRepository(path, branch);
  const target = await mkdtemp(join(tmpdir(), 'vouchsafe-git-'));
  const remove = (): Promise<void> => rm(target, { recursive: true, force: true });
  try {
    const { username, password } = credentials;
    // The password goes through the environment: arguments are visible to every user of the machine.
    const login = username !== undefined && password !== undefined;
    const header = login ? `Authorization: Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` : '';
    await run(
      'git',
      ['clone', '--quiet', '--depth', '1', '--single-branch', '--branch', place.branch, '--', place.repository, target],
      {
        timeout: TIMEOUT_MS,
        env: {
          ...process.env,
          GIT_TERMINAL_PROMPT: '0',
          ...(login ? { GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: 'http.extraHeader', GIT_CONFIG_VALUE_0: header } : {}),
        },
      },
    );
  } catch (error) {
    await remove();
    throw new InputProblem(`failed to clone repository ${place.repository}: ${gitReason(error)}`);
  }
  return { folder: join(target, place.folder), remove };
}

/** What git says at last; the first line only repeats the command. */
function gitReason(error: unknown): string {
  const lines = reasonOf(error).split('\n');
  return (lines.findLast((line) => line.startsWith('fatal:')) ?? lines[0] ?? '').replace(/^fatal: /, '');
}
