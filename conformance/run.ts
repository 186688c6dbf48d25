/**
 * `npm run conformance`: judges the product by the data of its peers, from outside.
 *
 *   npm run conformance -- --corpus DIR [--support DIR] [--recordings DIR] [--kinds legacy|cel|all]
 *     [--cli] [--jmespath] [--json-patch] [--pod-security] [--sigstore] [--cel-spec] [--admission-policies] [--sandbox] [--chainsaw]
 *     [--registry] [--only TEXT] [--flipped] [--summary FILE] [-v]
 *
 * Without a selector everything runs whose data are at hand; of the cluster scenarios the usual ones. Fails when a case does not hold that known-gaps.json does
 * not list, and when one that it lists does.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { CLI_SECTIONS, share } from './cli-suites/cli-sections.ts';
import { DATA_SECTIONS } from './data-sections.ts';
import { readKnownGaps, splitFailures } from './known-gaps.ts';
import { REGISTRY_SECTIONS } from './registry/registry-section.ts';
import type { CaseFailure, RunOptions, Section, SectionReport } from './section.ts';

const SECTIONS: readonly Section[] = [...CLI_SECTIONS, ...DATA_SECTIONS];
/** Those with suites whose expectations can be turned around. */
const FLIPPED_SECTIONS: readonly Section[] = [...CLI_SECTIONS, ...REGISTRY_SECTIONS];
const SELECTORS = [...new Set(SECTIONS.map(({ selector }) => selector))];

const { values } = parseArgs({
  options: {
    corpus: { type: 'string' },
    support: { type: 'string' },
    recordings: { type: 'string' },
    kinds: { type: 'string', default: 'all' },
    only: { type: 'string' },
    flipped: { type: 'boolean', default: false },
    summary: { type: 'string' },
    verbose: { type: 'boolean', short: 'v', default: false },
    cli: { type: 'boolean' },
    jmespath: { type: 'boolean' },
    'json-patch': { type: 'boolean' },
    'pod-security': { type: 'boolean' },
    sigstore: { type: 'boolean' },
    'cel-spec': { type: 'boolean' },
    'admission-policies': { type: 'boolean' },
    sandbox: { type: 'boolean' },
    chainsaw: { type: 'boolean', default: false },
    registry: { type: 'boolean' },
  },
});

const kinds = values.kinds;
if (kinds !== 'legacy' && kinds !== 'cel' && kinds !== 'all') throw new Error('--kinds is legacy, cel or all');
const options: RunOptions = {
  corpus: folder('corpus'),
  support: folder('support'),
  recordings: folder('recordings'),
  kinds,
  only: values.only,
  flipped: values.flipped,
  everyScenario: values.chainsaw,
};

/** An option's folder, absolute: suites run in folders of their own. */
function folder(option: 'corpus' | 'support' | 'recordings'): string | undefined {
  const path = values[option];
  if (path === undefined) return undefined;
  if (!existsSync(path)) throw new Error(`--${option}: no such folder: ${path}`);
  return resolve(path);
}

/** The sections asked for: by their selector; by `--kinds` and `--flipped` the suites; else all. */
function wantedSections(): readonly Section[] {
  const given: Readonly<Record<string, unknown>> = values;
  const selected = SELECTORS.filter((selector) => given[selector] === true);
  if (selected.length > 0) return SECTIONS.filter(({ selector }) => selected.includes(selector));
  if (kinds !== 'all') return CLI_SECTIONS;
  return values.flipped ? FLIPPED_SECTIONS : SECTIONS;
}

interface Totals {
  passed: number;
  failed: number;
  known: number;
  notRun: number;
}

const totals: Totals = { passed: 0, failed: 0, known: 0, notRun: 0 };
const gaps = readKnownGaps();
const failedIds = new Set<string>();
const ranSelectors = new Set<string>();

for (const section of wantedSections()) {
  const report = await section.run(options);
  if (report) tell(section, report);
  else {
    totals.notRun += section.size;
    console.log(`${section.name}: about ${section.size} cases were not run: no data or no runner`);
  }
}

function tell({ name, selector }: Section, report: SectionReport): void {
  const { unexpected, known } = splitFailures(report.failures, gaps);
  const ran = report.passed + report.failures.length;
  if (ran + report.notRun === 0) return;
  ranSelectors.add(selector);
  for (const { id } of report.failures) failedIds.add(id);
  totals.passed += report.passed;
  totals.failed += unexpected.length;
  totals.known += known.length;
  totals.notRun += report.notRun;
  console.log(`${name}: ${report.passed} of ${ran} hold${share(report.passed, ran)}`);
  for (const figure of report.figures) console.log(`  ${figure}`);
  if (report.notRun > 0) console.log(`  ${report.notRun} cases were not run`);
  if (known.length > 0) console.log(`  ${known.length} known gaps`);
  for (const failure of unexpected) console.log(`  FAIL ${describe(failure)}`);
}

function describe({ id, detail }: CaseFailure): string {
  if (!values.verbose) return id;
  return `${id}\n${detail
    .split('\n')
    .map((line) => `       ${line}`)
    .join('\n')}`;
}

/** A gap of what was run that no longer fails: the list is out of date, and the next regression would hide behind it. */
function closedGaps(): readonly string[] {
  if (options.only !== undefined || kinds !== 'all') return [];
  return gaps
    .map(({ id }) => id)
    .filter((id) => {
      const selector = id.startsWith('flipped:') ? 'cli' : (id.split(':')[0] ?? '');
      const section = SECTIONS.find((one) => one.selector === selector);
      if (section?.covers?.(id, options) === false) return false;
      return ranSelectors.has(selector) && id.startsWith('flipped:') === options.flipped && !failedIds.has(id);
    });
}

const closed = closedGaps();
for (const id of closed) console.log(`the gap is closed, take it off known-gaps.json: ${id}`);
if (totals.notRun > 0) console.log(`${totals.notRun} cases were not run`);
console.log(`${totals.passed} passed, ${totals.failed} failed, ${totals.known} known gaps`);
if (values.summary !== undefined) {
  writeFileSync(values.summary, `${JSON.stringify({ passed: totals.passed, failed: totals.failed })}\n`);
}
process.exitCode = totals.failed > 0 || closed.length > 0 ? 1 : 0;
