import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Score } from './tell-score.ts';

/** What is kept of a runner's output: its end. */
const MOST_OUTPUT = 10_000;

/** Runs a runner to its end and reads its score. One that ends without a score is a failure that says what it printed. */
export async function runScored(program: string, args: readonly string[]): Promise<Score> {
  const folder = mkdtempSync(join(tmpdir(), 'conformance-score-'));
  const file = join(folder, 'score.json');
  const output = await new Promise<string>((done, fail) => {
    const child = spawn(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', program, ...args, '--score', file],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    let text = '';
    const collect = (chunk: Buffer): void => {
      text = `${text}${chunk.toString('utf8')}`.slice(-MOST_OUTPUT);
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    child.on('error', fail);
    child.on('close', () => done(text));
  });
  try {
    if (!existsSync(file)) return { passed: 0, failures: [{ name: 'no score', message: output.slice(-2_000) }] };
    return JSON.parse(readFileSync(file, 'utf8')) as Score; // written by tellScore
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
