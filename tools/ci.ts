// The stages of `.ci/run` after `npm ci`: checks, tests, end to end with the real tools, conformance. Each stage
// prints what it did and counts; the last line of all is `N passed, N failed`.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

interface Count {
  readonly passed: number;
  readonly failed: number;
}

const root = fileURLToPath(new URL('..', import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'vouchsafe-ci-'));
const corpus = process.env.VOUCHSAFE_CORPUS ?? join(root, '..', 'shared', 'conformance', 'dev');

function npm(...args: readonly string[]): number {
  console.log(`\n── npm ${args.join(' ')}`);
  const run = spawnSync('npm', args, { cwd: root, stdio: 'inherit', timeout: 20 * 60_000 });
  return run.status ?? 1;
}

/** A stage that is one check: it passes or fails as a whole. */
function stage(...args: readonly string[]): Count {
  return npm(...args) === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
}

/** A stage that writes `{ passed, failed }` to the file it is given; a stage that writes none has failed. */
function counted(file: string, ...args: readonly string[]): Count {
  const status = npm(...args);
  if (!existsSync(file)) return { passed: 0, failed: 1 };
  const { passed, failed } = JSON.parse(readFileSync(file, 'utf8')) as Count;
  return { passed, failed: failed === 0 && status !== 0 ? 1 : failed };
}

function unitTests(): Count {
  const report = join(scratch, 'unit.json');
  const status = npm('test', '--', '--reporter=dot', '--reporter=json', `--outputFile.json=${report}`);
  if (!existsSync(report)) return { passed: 0, failed: 1 };
  const { numPassedTests, numFailedTests, numFailedTestSuites } = JSON.parse(readFileSync(report, 'utf8'));
  const failed = Math.max(numFailedTests, numFailedTestSuites, status === 0 ? 0 : 1);
  return { passed: numPassedTests, failed };
}

const counts: Count[] = [stage('run', 'check', '--', '--fast', '--all'), unitTests()];
counts.push(stage('run', 'tools', '--', '--require'));
const e2e = join(scratch, 'e2e.json');
counts.push(counted(e2e, 'run', 'test:e2e', '--', '--require-tools', '--summary', e2e));
const conformance = join(scratch, 'conformance.json');
counts.push(counted(conformance, 'run', 'conformance', '--', '--corpus', corpus, '--summary', conformance));
rmSync(scratch, { recursive: true, force: true });

const sum = (key: keyof Count) => counts.reduce((total, count) => total + count[key], 0);
console.log(`\n${sum('passed')} passed, ${sum('failed')} failed`);
process.exit(sum('failed') === 0 ? 0 : 1);
