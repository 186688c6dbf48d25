import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CaseFailure, RunOptions, Section, SectionReport } from './section.ts';

/** The sets of data that judge one part of the product each. A runner that is not there leaves its cases not run. */
export const DATA_SECTIONS: readonly Section[] = [
  {
    name: 'jmespath, standard',
    selector: 'jmespath',
    size: 892,
    run: (options) => runJmesPathSet('standard', options),
  },
  {
    name: 'jmespath, dialect of the engine',
    selector: 'jmespath',
    size: 862,
    run: (options) => runJmesPathSet('kyverno-fork', options),
  },
  { name: 'json-patch', selector: 'json-patch', size: 60, run: runJsonPatchSet },
  { name: 'pod-security', selector: 'pod-security', size: 3140, run: runPodSecuritySet },
  { name: 'sigstore', selector: 'sigstore', size: 49, run: runSigstoreSet },
  { name: 'cel-spec', selector: 'cel-spec', size: 2279, run: runCelSpec },
  {
    name: 'sandbox, raw requests',
    selector: 'sandbox',
    size: 103,
    run: (options) => replay('run-probes.ts', [['probes', 'equalBodies']], options),
  },
  {
    name: 'sandbox, admission',
    selector: 'sandbox',
    size: 64,
    run: (options) =>
      replay(
        'run-admission.ts',
        [
          ['outcomes', 'equalOutcomes'],
          ['reviews', 'equalReviews'],
        ],
        options,
      ),
  },
];

/** The folder of a set below the corpus; `undefined` when it or the runner is missing. */
function setFolder({ corpus }: RunOptions, runner: string, ...path: readonly string[]): string | undefined {
  if (corpus === undefined || !existsSync(new URL(runner, import.meta.url))) return undefined;
  const folder = join(corpus, ...path);
  return existsSync(folder) ? folder : undefined;
}

function report(
  passed: number,
  failures: readonly CaseFailure[],
  { only }: RunOptions,
  figures: readonly string[] = [],
): SectionReport {
  return { passed, failures: failures.filter(({ id }) => only === undefined || id.includes(only)), notRun: 0, figures };
}

async function runJmesPathSet(dialect: string, options: RunOptions): Promise<SectionReport | undefined> {
  const folder = setFolder(options, './jmespath.ts', 'jmespath', dialect);
  if (folder === undefined) return undefined;
  const { runJmesPath } = await import('./jmespath.ts');
  const { passed, failures } = runJmesPath(folder);
  const cases = failures.map(({ file, expression, expected, received }) => ({
    id: `jmespath:${dialect}/${file}:${expression}`,
    detail: `expected ${expected}, got ${received}`,
  }));
  return report(passed, cases, options);
}

async function runJsonPatchSet(options: RunOptions): Promise<SectionReport | undefined> {
  const folder = setFolder(options, './json-patch.ts', 'json-patch');
  if (folder === undefined) return undefined;
  const { runJsonPatch } = await import('./json-patch.ts');
  const { passed, failures } = runJsonPatch(folder);
  const cases = failures.map(({ file, comment, expected, received }) => ({
    id: `json-patch:${file}:${comment}`,
    detail: `expected ${expected}, got ${received}`,
  }));
  return report(passed, cases, options);
}

async function runPodSecuritySet(options: RunOptions): Promise<SectionReport | undefined> {
  const folder = setFolder(options, './pod-security.ts', 'pod-security');
  if (folder === undefined) return undefined;
  const { runPodSecurity } = await import('./pod-security.ts');
  const { passed, failures } = runPodSecurity(folder);
  const cases = failures.map((line) => ({ id: `pod-security:${line.split(': ')[0] ?? line}`, detail: line }));
  return report(passed, cases, options);
}

async function runSigstoreSet(options: RunOptions): Promise<SectionReport | undefined> {
  const folder = setFolder(options, './sigstore.ts', 'sigstore');
  if (folder === undefined) return undefined;
  const { runSigstore } = await import('./sigstore.ts');
  const { passed, failures } = await runSigstore(folder);
  const cases = failures.map(({ name, message }) => ({ id: `sigstore:${name}`, detail: message }));
  return report(passed, cases, options);
}

async function runCelSpec(options: RunOptions): Promise<SectionReport | undefined> {
  // Its data are a package, not a part of the corpus.
  const { runCelSpec: run } = await import('./cel-spec.ts');
  const { passed, failures, skipped } = run();
  const cases = failures.map(({ section, name, expression, expected, received }) => ({
    id: `cel-spec:${section}/${name}`,
    detail: `${expression}: expected ${expected}, got ${received}`,
  }));
  const left = Object.entries(skipped).map(([reason, count]) => `left out: ${count} (${reason})`);
  return report(passed, cases, options, left);
}

/** How the last line of one of the sandbox' runners counts: pairs of how many there are and how many are equal. */
type Score = readonly (readonly [string, string])[];

/** The sandbox' own runners are programs whose last line is their score. */
async function replay(program: string, score: Score, options: RunOptions): Promise<SectionReport | undefined> {
  const { recordings } = options;
  const file = fileURLToPath(new URL(`./sandbox/${program}`, import.meta.url));
  if (recordings === undefined || !existsSync(recordings) || !existsSync(file)) return undefined;
  const lines = (await runProgram(file, ['--recordings', recordings])).trimEnd().split('\n');
  const figures = readFigures(lines.at(-1) ?? '');
  const all = sum(score.map(([total]) => figures[total] ?? 1));
  const passed = sum(score.map(([, equal]) => figures[equal] ?? 0));
  const id = `sandbox:${program.replace(/^run-|\.ts$/g, '')}`;
  const failures = Array.from({ length: all - passed }, (_, at) => {
    const detail = lines[at] ?? '';
    return { id: `${id}:${/^([\w-]+):/.exec(detail)?.[1] ?? at + 1}`, detail };
  });
  return report(passed, failures, options, [lines.at(-1) ?? '']);
}

function readFigures(line: string): Readonly<Record<string, number>> {
  try {
    return JSON.parse(line) as Readonly<Record<string, number>>; // the runners print an object of numbers
  } catch {
    return {};
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

function runProgram(file: string, args: readonly string[]): Promise<string> {
  return new Promise((done, fail) => {
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', file, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString('utf8');
    });
    child.stderr.on('data', (chunk: Buffer) => {
      output += chunk.toString('utf8');
    });
    child.on('error', fail);
    child.on('close', () => done(output));
  });
}
