import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runScored } from '../sandbox/run-scored.ts';
import type { Score } from '../sandbox/tell-score.ts';
import { isInCorpus, type RunOptions, type Section, type SectionReport } from '../section.ts';
import { heldAtSecondTry } from './second-try.ts';

const PROGRAM = fileURLToPath(new URL('run-chainsaw.ts', import.meta.url));
const SCENARIOS = 'chainsaw/kyverno/test/conformance/chainsaw';
/** What runs unless all is asked for: folders whose scenarios together take a few minutes. */
const USUAL: readonly string[] = [
  `${SCENARIOS}/autogen/`,
  `${SCENARIOS}/background-only/`,
  `${SCENARIOS}/configs/`,
  `${SCENARIOS}/deferred/`,
  `${SCENARIOS}/events/`,
  `${SCENARIOS}/exceptions/`,
  `${SCENARIOS}/filter/`,
  `${SCENARIOS}/generate-validating-admission-policy/`,
  `${SCENARIOS}/globalcontext/`,
  `${SCENARIOS}/generate/validation/`,
  `${SCENARIOS}/mutate/`,
  `${SCENARIOS}/policy-validation/`,
  `${SCENARIOS}/rbac/`,
  `${SCENARIOS}/reports/`,
  `${SCENARIOS}/validate/`,
  `${SCENARIOS}/webhooks/`,
  'chainsaw/policies/best-practices/',
  'chainsaw/policies/pod-security/',
];
/** Each has a cluster of its own. */
const RUNNERS = 2;

/** Cluster scenarios in chainsaw's format: the usual ones, or all that the sandbox can play. */
export const CHAINSAW_SECTION: Section = {
  name: 'cluster scenarios',
  selector: 'chainsaw',
  size: 1061,
  run: playScenarios,
  covers: (id, options) =>
    isInCorpus(id, options) && (options.everyScenario || USUAL.some((folder) => id.includes(folder))),
};

async function playScenarios(options: RunOptions): Promise<SectionReport | undefined> {
  const { corpus, support, only, everyScenario } = options;
  const folders = everyScenario ? [] : USUAL;
  if (corpus === undefined || !existsSync(join(corpus, 'chainsaw/scripts.json'))) return undefined;
  const places = ['--corpus', corpus, ...(support === undefined ? [] : ['--support', support])];
  const given = [
    ...places,
    ...folders.flatMap((folder) => ['--only', folder]),
    ...(only === undefined ? [] : ['--containing', only.replace(/^chainsaw:/, '')]),
  ];
  const shards = Array.from({ length: RUNNERS }, (_, index) => `${index + 1}/${RUNNERS}`);
  const scores = await Promise.all(shards.map((shard) => runScored(PROGRAM, [...given, '--shard', shard])));
  const sum = (of: (score: Score) => number): number => scores.reduce((total, score) => total + of(score), 0);
  const notAsked = sum(({ figures }) => figures?.['notAsked'] ?? 0);
  const failed = scores.flatMap(({ failures }) => failures);
  const late = await heldAtSecondTry(failed, { program: PROGRAM, given: places, prefix: 'chainsaw' });
  return {
    passed: sum(({ passed }) => passed) + late.size,
    failures: failed
      .filter(({ name }) => !late.has(name))
      .map(({ name, message }) => ({ id: `chainsaw:${name}`, detail: message })),
    notRun: sum(({ figures }) => figures?.['notPlayable'] ?? 0) + notAsked,
    figures: [
      ...(notAsked > 0 ? [`${notAsked} more are played with \`--chainsaw\``] : []),
      ...[...late].map((name) => `held at the second try: ${name}`),
    ],
  };
}
