import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface OperatorOptions {
  readonly kubeconfig: string;
  /** `ghcr.io` to `http://127.0.0.1:5000`. */
  readonly registryMirrors: Readonly<Record<string, string>>;
  readonly trustedRoot: string;
  readonly logFile: string;
  /** Told the port of the webhook server at each start. */
  readonly onReady: (ready: OperatorReady) => void;
  /** The program; the one that belongs to this code unless told. */
  readonly entry?: string;
  readonly extraFlags?: readonly string[];
  /** Tells replicas apart; `kyverno-sandbox` unless told. */
  readonly podName?: string;
}

export interface OperatorReady {
  readonly webhookPort: number;
  readonly metricsPort: number;
  readonly pid: number;
}

export interface OperatorProcess {
  readonly pid: number | undefined;
  readonly ready: OperatorReady | undefined;
  /** Sends a signal; after SIGKILL it stays down until `start`. */
  kill(signal: 'SIGKILL' | 'SIGTERM'): Promise<void>;
  /** Starts it when it is down; resolves when it is ready. */
  start(): Promise<OperatorReady>;
}

/**
 * The C library keeps what it once gave out in the heap of the process, where it scatters, and takes ever larger blocks from
 * there. These keep large blocks outside and give back what is free: `docs/operations.md`, memory.
 */
const STEADY_MALLOC = {
  MALLOC_ARENA_MAX: '2',
  MALLOC_MMAP_THRESHOLD_: '131072',
  MALLOC_TRIM_THRESHOLD_: '131072',
} as const;

const READY_MS = 90_000;
const STOP_MS = 8_000;

/** The operator as a child of its own, so that it can be killed and started again like a Pod. */
export function createOperatorProcess(options: OperatorOptions): OperatorProcess {
  let child: ChildProcess | undefined;
  let ready: OperatorReady | undefined;

  async function start(): Promise<OperatorReady> {
    if (child && ready) return ready;
    const log = openSync(options.logFile, 'a');
    child = spawn(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', options.entry ?? operatorEntry(), ...flagsOf(options)],
      {
        stdio: ['ignore', log, log, 'ipc'],
        env: {
          ...process.env,
          KYVERNO_NAMESPACE: 'kyverno',
          KYVERNO_SVC: 'kyverno-svc',
          ...STEADY_MALLOC,
          KYVERNO_POD_NAME: options.podName ?? 'kyverno-sandbox',
        },
      },
    );
    closeSync(log);
    ready = await whenReady(child, options.logFile);
    const current = child;
    child.once('exit', () => {
      if (child === current) [child, ready] = [undefined, undefined];
    });
    options.onReady(ready);
    return ready;
  }

  return {
    get pid() {
      return child?.pid;
    },
    get ready() {
      return ready;
    },
    start,
    async kill(signal) {
      const current = child;
      if (!current) return;
      const hasEnded = current.exitCode !== null || current.signalCode !== null;
      if (hasEnded || current.pid === undefined) {
        [child, ready] = [undefined, undefined]; // it never got ready: nothing is left to wait for
        return;
      }
      const gone = new Promise<void>((resolve) => current.once('exit', () => resolve()));
      current.kill(signal);
      const overdue = setTimeout(() => current.kill('SIGKILL'), STOP_MS);
      await gone;
      clearTimeout(overdue);
      [child, ready] = [undefined, undefined];
    },
  };
}

function whenReady(child: ChildProcess, logFile: string): Promise<OperatorReady> {
  return new Promise((resolve, reject) => {
    const fail = (reason: string) => reject(new Error(`the operator did not start: ${reason}\n${lastLines(logFile)}`));
    const overdue = setTimeout(() => {
      child.kill('SIGKILL');
      fail(`not ready after ${READY_MS / 1000} s`);
    }, READY_MS);
    child.once('message', (message) => {
      clearTimeout(overdue);
      resolve(message as OperatorReady); // the only message the operator sends
    });
    child.once('exit', (code) => {
      clearTimeout(overdue);
      fail(`it ended with code ${code}`);
    });
    child.once('error', (error) => fail(error.message));
  });
}

const SHOWN_LINES = 8;

/** The end of the operator's log, where its own words are. */
function lastLines(file: string): string {
  try {
    return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-SHOWN_LINES).join('\n');
  } catch {
    return `(its log ${file} cannot be read)`;
  }
}

/** Beside the bundle when this is the bundle, otherwise the source. */
function operatorEntry(): string {
  const bundled = fileURLToPath(new URL('../operator.mjs', import.meta.url));
  if (existsSync(bundled)) return bundled;
  return join(dirname(createRequire(import.meta.url).resolve('@vouchsafe/operator')), 'main.ts');
}

function flagsOf({ kubeconfig, registryMirrors, trustedRoot, extraFlags = [] }: OperatorOptions): readonly string[] {
  return [
    ['--kubeconfig', kubeconfig],
    ['--webhookServerHost', '127.0.0.1', '--webhookServerPort', '0'],
    ['--metricsHost', '127.0.0.1', '--metricsPort', '0'],
    ['--trustedRoot', trustedRoot],
    ...Object.entries(registryMirrors).map(([host, base]) => ['--registryMirror', `${host}=${base}`]),
    ['--leaderElection', 'false'],
    ['--reportsDelay', '1s'],
    extraFlags,
  ].flat();
}
