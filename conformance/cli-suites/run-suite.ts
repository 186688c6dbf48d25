import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { flipManifest } from './flip-manifest.ts';
import { judge, readReports, type Verdict } from './judge.ts';
import { expectationsOf, type ManifestDocument, readManifest } from './manifest.ts';
import { runCommand } from './run-command.ts';
import type { SuiteRecord } from './suite-index.ts';

export interface SuiteOutcome {
  readonly path: string;
  /** Every expectation holds, none is missing, and the exit code is right. */
  readonly held: boolean;
  /** Some expectation is about a kind that the product does not run. */
  readonly notRun: boolean;
  readonly expectationsHeld: number;
  readonly expectations: number;
  /** One line a thing that is wrong. */
  readonly problems: readonly string[];
}

/** Runs one suite by its own manifest only, and judges what the command printed. */
export async function runSuite(record: SuiteRecord, corpus: string, flags: readonly string[]): Promise<SuiteOutcome> {
  const path = join(corpus, record.path);
  const documents = readManifest(path);
  const { exitCode, stdout, stderr } = await runCommand(
    ['test', path, '-o', 'json', '--detailed-results', ...(record.cliFlags ?? []), ...flags],
    dirname(path),
  );
  const verdicts = judgeAll(documents, stdout);
  const mustFail = record.expectFail === true;
  const exitIsRight = record.expectFail === null || (exitCode !== 0) === mustFail;
  const notRun = verdicts.some(({ outcome }) => outcome === 'not-run');
  const held = verdicts.filter(({ outcome }) => outcome === 'held').length;
  const problems = mustFail ? [] : verdicts.filter(({ outcome }) => outcome !== 'held').map(describe);
  if (!exitIsRight) problems.push(`exit code ${exitCode}; ${stderr.trim().split('\n').slice(0, 3).join(' | ')}`);
  const isHeld = exitIsRight && !notRun && problems.length === 0;
  return {
    path: record.path,
    held: isHeld,
    notRun,
    expectationsHeld: mustFail || record.expectFail === null ? (isHeld ? verdicts.length : 0) : held,
    expectations: verdicts.length,
    problems,
  };
}

function judgeAll(documents: readonly ManifestDocument[], stdout: string): readonly Verdict[] {
  const reports = readReports(stdout);
  let next = 0;
  return documents.flatMap((document) => {
    const expectations = expectationsOf(document);
    // The command says nothing of a manifest that expects nothing.
    return expectations.length === 0 ? [] : judge(expectations, reports[next++] ?? []);
  });
}

function describe({ expectation, resource, outcome, detail }: Verdict): string {
  const { policy, rule, result } = expectation;
  return `${policy}/${rule} ${resource} wants ${result}: ${outcome}: ${detail}`;
}

const BESIDE = [
  'clusterResources',
  'jsonPayload',
  'jsonPayloads',
  'httpPayloads',
  'envoyPayloads',
  'globalContextEntries',
];

/** Runs the flipped copy of a suite: each of its rows must be reported as failed. */
export async function runFlipped(record: SuiteRecord, corpus: string, flags: readonly string[]): Promise<SuiteOutcome> {
  const path = join(corpus, record.path);
  const documents = readManifest(path);
  const folder = await mkdtemp(join(tmpdir(), 'vouchsafe-flipped-'));
  try {
    // Some files are looked for beside the manifest, or must be there.
    if (documents.some((document) => BESIDE.some((key) => key in document)))
      await cp(dirname(path), folder, { recursive: true });
    const copy = join(folder, 'kyverno-test.yaml');
    await writeFile(copy, flipManifest(documents, path));
    const { stdout } = await runCommand(
      ['test', copy, '-o', 'json', '--detailed-results', ...(record.cliFlags ?? []), ...flags],
      folder,
    );
    const verdicts = judgeAll(readManifest(copy), stdout);
    const wrong = verdicts.filter(({ outcome }) => outcome !== 'failed');
    const notRun = verdicts.some(({ outcome }) => outcome === 'not-run');
    return {
      path: record.path,
      held: wrong.length === 0,
      notRun,
      expectationsHeld: verdicts.length - wrong.length,
      expectations: verdicts.length,
      problems: wrong.map(describe),
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
