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
    size: 900,
    run: (options) => runJmesPathSet('standard', options),
  },
  {
    name: 'jmespath, dialect of the engine',
    selector: 'jmespath',
    size: 854,
    run: (options) => runJmesPathSet('kyverno-fork', options),
  },
  { name: 'json-patch', selector: 'json-patch', size: 60, run: runJsonPatchSet },
  { name: 'pod-security', selector: 'pod-security', size: 3140, run: runPodSecuritySet },
  { name: 'sigstore', selector: 'sigstore', size: 100, run: runSigstoreSet },
  { name: 'cel-spec', selector: 'cel-spec', size: 2000, run: runCelSpec },
  { name: 'sandbox, raw requests', selector: 'sandbox', size: 60, run: (options) => replay('run-probes.ts', options) },
  { name: 'sandbox, admission', selector: 'sandbox', size: 30, run: (options) => replay('run-admission.ts', options) },
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

/** What every runner that may not exist yet gives. */
interface RunnerReport {
  readonly passed: number;
  readonly failures: readonly { readonly name: string; readonly message: string }[];
}

async function runCelSpec(options: RunOptions): Promise<SectionReport | undefined> {
  const runner = new URL('./cel-spec.ts', import.meta.url);
  if (!existsSync(runner)) return undefined;
  // Loaded by address: the file may not be there.
  const { runCelSpec: run } = (await import(runner.href)) as { runCelSpec: () => Promise<RunnerReport> | RunnerReport };
  const { passed, failures } = await run();
  const cases = failures.map(({ name, message }) => ({ id: `cel-spec:${name}`, detail: message }));
  return report(passed, cases, options);
}

const SCORE = /(\d+) of (\d+)/;

/** The sandbox' own runners are programs whose last line is their score. */
async function replay(program: string, options: RunOptions): Promise<SectionReport | undefined> {
  const { recordings } = options;
  const file = fileURLToPath(new URL(`./sandbox/${program}`, import.meta.url));
  if (recordings === undefined || !existsSync(recordings) || !existsSync(file)) return undefined;
  const lines = (await runProgram(file, ['--recordings', recordings])).trimEnd().split('\n');
  const score = SCORE.exec(lines.at(-1) ?? '');
  const passed = Number(score?.[1] ?? 0);
  const failed = Number(score?.[2] ?? passed + 1) - passed;
  const id = `sandbox:${program.replace(/^run-|\.ts$/g, '')}`;
  const failures = Array.from({ length: failed }, (_, at) => ({ id: `${id}:${at + 1}`, detail: lines[at] ?? '' }));
  return report(passed, failures, options, [lines.at(-1) ?? '']);
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
