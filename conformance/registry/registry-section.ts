import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { heldAtSecondTry } from '../chainsaw/second-try.ts';
import { runScored } from '../sandbox/run-scored.ts';
import type { Score } from '../sandbox/tell-score.ts';
import { isInCorpus, type RunOptions, type Section, type SectionReport } from '../section.ts';

const PROGRAM = fileURLToPath(new URL('run-registry.ts', import.meta.url));
/** Each has a cluster, and stand-ins, of its own. */
const RUNNERS = 2;

/** What needs images: played against stand-ins on loopback, which have the facts of the real ones. */
export const REGISTRY_SECTIONS: readonly Section[] = [
  { name: 'cli suites with images', selector: 'registry', size: 5, run: runSuites, covers: isInCorpus },
  { name: 'cluster scenarios with images', selector: 'registry', size: 79, run: runScenarios, covers: isInCorpus },
];

async function runSuites(options: RunOptions): Promise<SectionReport | undefined> {
  const places = placesOf(options);
  if (places === undefined) return undefined;
  const score = await runScored(PROGRAM, [
    ...places,
    ...onlyOf(options),
    '--cli',
    ...(options.flipped ? ['--flipped'] : []),
  ]);
  return toReport([score], options.flipped ? 'flipped' : 'registry');
}

async function runScenarios(options: RunOptions): Promise<SectionReport | undefined> {
  const places = placesOf(options);
  if (places === undefined) return undefined;
  if (options.flipped) return { passed: 0, failures: [], notRun: 0, figures: [] };
  const shards = Array.from({ length: RUNNERS }, (_, index) => ['--shard', `${index + 1}/${RUNNERS}`]);
  const scores = await Promise.all(
    shards.map((shard) => runScored(PROGRAM, [...places, ...onlyOf(options), ...shard])),
  );
  const failed = scores.flatMap(({ failures }) => failures);
  const late = await heldAtSecondTry(failed, { program: PROGRAM, given: places, prefix: 'registry' });
  return toReport(scores, 'registry', late);
}

/** `undefined`: the data are not there. */
function placesOf({ corpus, support }: RunOptions): readonly string[] | undefined {
  if (corpus === undefined || !existsSync(join(corpus, 'chainsaw/scripts.json'))) return undefined;
  return ['--corpus', corpus, ...(support === undefined ? [] : ['--support', support])];
}

function onlyOf({ only }: RunOptions): readonly string[] {
  return only === undefined ? [] : ['--only', only.replace(/^(registry|flipped):/, '')];
}

function toReport(scores: readonly Score[], prefix: string, late: ReadonlySet<string> = new Set()): SectionReport {
  const notRun = scores.flatMap((score) => score.notRun ?? []);
  return {
    passed: scores.reduce((sum, { passed }) => sum + passed, 0) + late.size,
    failures: scores
      .flatMap(({ failures }) => failures)
      .filter(({ name }) => !late.has(name))
      .map(({ name, message }) => ({ id: `${prefix}:${name}`, detail: message })),
    notRun: notRun.length,
    figures: [
      ...notRun.map(({ name, message }) => `not playable: ${name}: ${message}`),
      ...[...late].map((name) => `held at the second try: ${name}`),
    ],
  };
}
