import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { isInCorpus, type RunOptions, type Section, type SectionReport } from '../section.ts';
import type { SuiteOutcome } from './run-suite.ts';
import { runSuites } from './run-suites.ts';
import { familyOf, type KindFamily, readSuites, type SuiteRecord } from './suite-index.ts';

/** The suites of `kyverno test`, by family of kinds. A case is a suite. */
export const CLI_SECTIONS: readonly Section[] = [
  {
    name: 'cli suites of legacy kinds',
    selector: 'cli',
    size: 321,
    run: (options) => runFamily('legacy', options),
    covers: isInCorpus,
  },
  {
    name: 'cli suites of kinds in CEL',
    selector: 'cli',
    size: 162,
    run: (options) => runFamily('cel', options),
    covers: isInCorpus,
  },
];

async function runFamily(family: KindFamily, options: RunOptions): Promise<SectionReport | undefined> {
  const { corpus, kinds, only, flipped } = options;
  if (kinds !== 'all' && kinds !== family) return { passed: 0, failures: [], notRun: 0, figures: [] };
  if (corpus === undefined || !existsSync(join(corpus, 'index.json'))) return undefined;
  const records = readSuites(corpus).filter(
    (record) => familyOf(record) === family && (only === undefined || idOf(record.path, flipped).includes(only)),
  );
  const wanted = flipped ? records.filter(({ expectFail }) => expectFail === false) : records;
  const outcomes = await runSuites(wanted, corpus, flipped);
  return toReport(wanted, outcomes, flipped);
}

function idOf(path: string, flipped: boolean): string {
  return `${flipped ? 'flipped' : 'cli'}:${path.replace(/\/kyverno-test\.yaml$/, '')}`;
}

function toReport(records: readonly SuiteRecord[], outcomes: readonly SuiteOutcome[], flipped: boolean): SectionReport {
  const run = outcomes.filter(({ notRun }) => !notRun);
  const failures = run
    .filter(({ held }) => !held)
    .map(({ path, problems }) => ({ id: idOf(path, flipped), detail: problems.join('\n') }));
  const passed = run.length - failures.length;
  return {
    passed,
    failures,
    notRun: outcomes.length - run.length,
    figures: [expectationsLine(run), ...kindLines(records, outcomes)],
  };
}

function expectationsLine(outcomes: readonly SuiteOutcome[]): string {
  const held = sum(outcomes.map(({ expectationsHeld }) => expectationsHeld));
  const all = sum(outcomes.map(({ expectations }) => expectations));
  return `expectations: ${held} of ${all} held${share(held, all)}`;
}

/** Suites held by the kinds of policies in them. */
function kindLines(records: readonly SuiteRecord[], outcomes: readonly SuiteOutcome[]): readonly string[] {
  const byKinds = Map.groupBy(outcomes, ({ path }) => kindsOf(records, path));
  return [...byKinds].map(([kinds, own]) => {
    const run = own.filter(({ notRun }) => !notRun);
    const held = run.filter((outcome) => outcome.held).length;
    const rest = own.length - run.length;
    return `${kinds}: ${held} of ${run.length} suites held${share(held, run.length)}${rest > 0 ? `, ${rest} not run` : ''}`;
  });
}

function kindsOf(records: readonly SuiteRecord[], path: string): string {
  return records.find((record) => record.path === path)?.kinds.join(' + ') ?? '';
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

export function share(part: number, whole: number): string {
  return whole === 0 ? '' : ` (${((part / whole) * 100).toFixed(1)} %)`;
}
