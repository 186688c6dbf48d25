import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** What one run of a program came to, from start to end. */
export interface ProgramRun {
  readonly stdout: string;
  readonly exitCode: number;
  /** Seconds of user and system time, in steps of 10 ms. */
  readonly cpu: number;
  /** Milliseconds. */
  readonly wall: number;
  /** Megabytes that were resident at most; as last seen, every few milliseconds. */
  readonly peak: number;
}

/** How often the peak is looked at. */
const POLL_MS = 5;

/** Runs a program to its end; one at a time. Linux only. */
export async function runProgram(command: readonly string[], folder: string): Promise<ProgramRun> {
  const [program = '', ...parameters] = command;
  const before = childrenSeconds();
  const started = performance.now();
  const child = spawn(program, parameters, { cwd: folder, stdio: ['ignore', 'pipe', 'ignore'] });
  let peak = 0;
  const poll = setInterval(() => {
    peak = Math.max(peak, peakMegabytes(child.pid ?? 0));
  }, POLL_MS);
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  const exitCode = await new Promise<number>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve(code ?? -1));
  }).finally(() => clearInterval(poll));
  return { stdout, exitCode, wall: performance.now() - started, cpu: childrenSeconds() - before, peak };
}

/** Of all children that have ended. */
function childrenSeconds(): number {
  const fields = readFileSync('/proc/self/stat', 'utf8').split(') ').at(-1)?.split(' ') ?? [];
  return (Number(fields[13]) + Number(fields[14])) / 100;
}

function peakMegabytes(pid: number): number {
  try {
    return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;
  } catch {
    // It has ended.
    return 0;
  }
}
