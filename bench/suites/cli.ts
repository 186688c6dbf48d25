import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FILES, writeInputs } from '../data/cli-inputs.ts';
import { median } from '../load/process-figures.ts';
import { type ProgramRun, runProgram } from '../load/run-program.ts';
import type { Goal, Report, Suite } from '../suite.ts';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** What one command is measured by. Seconds of CPU and megabytes at most for long ones, milliseconds for short ones. */
interface Workload {
  readonly name: string;
  readonly command: readonly string[];
  readonly rounds: number;
  readonly cpu?: Goal;
  readonly peak?: Goal;
  readonly wall?: Goal;
}

const COUNTS = [1, 100, 1000, 10_000];

const WORKLOADS: readonly Workload[] = [
  { name: 'version', command: ['version'], rounds: 15, wall: {} },
  { name: 'apply-1x1', command: applying(FILES.one, 1), rounds: 15, wall: {} },
  { name: 'apply-17x1', command: applying(FILES.podSecurity, 1), rounds: 15, wall: { must: 80, lower: true } },
  { name: 'apply-17x100', command: applying(FILES.podSecurity, 100), rounds: 9, cpu: {}, peak: {} },
  {
    name: 'apply-17x10000',
    command: applying(FILES.podSecurity, 10_000),
    rounds: 5,
    cpu: { must: 2.5, lower: true },
    peak: { must: 200, lower: true },
  },
  { name: 'apply-204x10000', command: applying(FILES.twoHundred, 10_000), rounds: 3, cpu: {}, peak: {} },
  {
    name: 'mutate-1x1000',
    command: applying(FILES.mutate, 1000),
    rounds: 7,
    cpu: { must: 0.5, lower: true },
    peak: {},
  },
];

/** Folders of the public policy library that `test` is measured on, when the library is at hand. */
const LIBRARY = process.env['KYVERNO_POLICIES'];
const TESTED = ['pod-security', 'best-practices', 'other'];

function applying(policies: string, pods: number): readonly string[] {
  return ['apply', policies, '--resource', `pods-${pods}.yaml`];
}

/** Whole processes, from start to end; their totals are compared with those stored, and with Kyverno's when it is given. */
export const cli: Suite = {
  name: 'cli',
  summary: 'whole runs of the command line: CPU, wall, memory; against KYVERNO_CLI when that is a path',
  async run(report) {
    const folder = mkdtempSync(join(tmpdir(), 'vouchsafe-bench-'));
    try {
      await writeInputs(folder, COUNTS);
      for (const workload of [...WORKLOADS, ...testing()]) await measure(workload, folder, report);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

function testing(): readonly Workload[] {
  if (!LIBRARY) return [];
  const folders = TESTED.map((name) => join(LIBRARY, name)).filter((path) => existsSync(path));
  return [{ name: 'test-library', command: ['test', ...folders], rounds: 5, wall: { must: 800, lower: true } }];
}

async function measure({ name, command, rounds, ...goals }: Workload, folder: string, report: Report): Promise<void> {
  const own: ProgramRun[] = [];
  const others: ProgramRun[] = [];
  const kyverno = process.env['KYVERNO_CLI'];
  for (let round = 0; round < rounds; round += 1) {
    own.push(await runProgram([process.execPath, here('../../packages/cli/bin/vouchsafe.mjs'), ...command], folder));
    if (kyverno && round < 3) others.push(await runProgram([kyverno, ...command], folder));
  }
  checkTotals(name, own, others);
  for (const [figure, unit] of FIGURES) {
    const goal = goals[figure];
    if (!goal) continue;
    const value = median(own.map((run) => run[figure]));
    report(`${name}.${figure}`, value, unit, goal);
    if (others.length > 0) report(`${name}.${figure}-ratio`, median(others.map((run) => run[figure])) / value, '×');
  }
}

const FIGURES = [
  ['cpu', 's'],
  ['wall', 'ms'],
  ['peak', 'MB'],
] as const;

/** Speed counts only with the totals that are stored, and with those of the other program. */
function checkTotals(name: string, own: readonly ProgramRun[], others: readonly ProgramRun[]): void {
  const expected: Record<string, string> = JSON.parse(readFileSync(here('../data/cli.expected.json'), 'utf8'));
  const wanted = expected[name];
  for (const run of [...own, ...others]) {
    const totals = totalsOf(run);
    if (wanted !== undefined && totals !== wanted)
      throw new Error(`${name}: \`${totals}\` where \`${wanted}\` is expected`);
  }
}

function totalsOf({ stdout, exitCode }: ProgramRun): string {
  const [line] = stdout.match(/^pass: \d+, fail: \d+, warn: \d+, error: \d+, skip: \d+/m) ?? [];
  return line === undefined ? `exit ${exitCode}` : `${line}; exit ${exitCode}`;
}
