import { execFile, execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Cluster } from '@vouchsafe/cli';
import type { JsonObject } from '@vouchsafe/engine/kernel';

const run = promisify(execFile);
const program = fileURLToPath(new URL('drive.ts', import.meta.url));

export interface Figures {
  readonly requests: number;
  readonly perSecond: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  /** Answers that were none (no connection, a status of 300 and more), or did not admit. */
  readonly wrong: number;
}

/** Sends one review again and again from a process of its own, on another core than the operator's. */
export interface Driver {
  /** `closed`: so many connections that ask as soon as they are answered; `open`: so many requests a second. */
  drive(mode: 'closed' | 'open', amount: number, seconds: number): Promise<Figures>;
}

export async function createDriver(
  cluster: Cluster,
  review: JsonObject,
  path = '/validate/fail?timeout=10s',
): Promise<Driver> {
  const body = join(cluster.folder, `review-${Math.random().toString(36).slice(2)}.json`);
  await writeFile(body, JSON.stringify(review));
  return {
    async drive(mode, amount, seconds) {
      const port = String(cluster.operator.ready?.webhookPort);
      const args = [program, port, path, body, mode, String(amount), String(seconds), '"allowed":true'];
      const { stdout } = await run('taskset', [
        '-c',
        '1',
        process.execPath,
        '--disable-warning=ExperimentalWarning',
        ...args,
      ]);
      return JSON.parse(stdout) as Figures; // printed by drive.ts
    },
  };
}

/** Binds a process to a core. Without taskset the figures are those of an unpinned one. */
export function pin(pid: number, core: number): void {
  try {
    execFileSync('taskset', ['-a', '-cp', String(core), String(pid)], { stdio: 'ignore' });
  } catch {
    // told above
  }
}
