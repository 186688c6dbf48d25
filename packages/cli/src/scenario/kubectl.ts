import { spawn } from 'node:child_process';

export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Something that behaves as kubectl does. */
export interface Kubectl {
  /** Said in the last line of a run: `kubectl v1.36.3 (/path)`. */
  readonly description: string;
  /** `folder` is where paths in `args` start; the present one unless told. */
  run(args: readonly string[], stdin: string | undefined, folder?: string): Promise<CommandResult>;
}

export interface RealKubectlOptions {
  readonly path: string;
  readonly kubeconfig: string;
  /** Discovery is cached here, apart from the user's own. */
  readonly cacheFolder: string;
}

const TIMEOUT_MS = 60_000;

/** The real kubectl, speaking to one kubeconfig only. */
export function createRealKubectl({ path, kubeconfig, cacheFolder }: RealKubectlOptions): Kubectl {
  const env = { PATH: process.env['PATH'] ?? '', HOME: cacheFolder, KUBECONFIG: kubeconfig, KUBECACHEDIR: cacheFolder };
  return {
    description: `kubectl at ${path}`,
    run: (args, stdin, folder) =>
      runCommand(path, args, {
        env,
        ...(stdin === undefined ? {} : { stdin }),
        ...(folder === undefined ? {} : { cwd: folder }),
      }),
  };
}

/** Runs a program to its end, within a minute; what it prints is bounded by its caller's patience alone. */
export function runCommand(
  path: string,
  args: readonly string[],
  options: {
    readonly env: Readonly<Record<string, string | undefined>>;
    readonly stdin?: string;
    readonly cwd?: string;
  },
): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(path, args, {
      env: options.env,
      stdio: ['pipe', 'pipe', 'pipe'],
      timeout: TIMEOUT_MS,
      ...(options.cwd ? { cwd: options.cwd } : {}),
    });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.stdin.on('error', () => {}); // a program that reads nothing closes early
    child.on('error', reject);
    child.on('close', (code) => resolve({ code: code ?? 124, stdout, stderr }));
    child.stdin.end(options.stdin ?? '');
  });
}
