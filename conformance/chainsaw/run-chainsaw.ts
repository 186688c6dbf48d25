/**
 * Plays cluster scenarios in chainsaw's format against a sandbox with the operator, one after another.
 *
 *   node conformance/chainsaw/run-chainsaw.ts --corpus <folder> [--only <part of a path>]… [--containing <part of a path>]
 *     [--shard 1/2] [--score <file>]
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { findTool } from '../../tools/tool-paths.ts';
import { tellScore } from '../sandbox/tell-score.ts';
import { createClusterPool } from './cluster-of-scenario.ts';
import { playScenario, type Stage } from './play-scenario.ts';
import { readScenarios, readScripts, type Scenario } from './scenario-index.ts';

const { values } = parseArgs({
  options: {
    corpus: { type: 'string' },
    support: { type: 'string' },
    only: { type: 'string', multiple: true, default: [''] },
    containing: { type: 'string', default: '' },
    shard: { type: 'string', default: '1/1' },
    score: { type: 'string' },
    patience: { type: 'string', default: '12' },
    verbose: { type: 'boolean', default: false },
  },
});
if (values.corpus === undefined) throw new Error('--corpus <folder> is needed');
const corpus = values.corpus;
const [shard = 1, shards = 1] = values.shard.split('/').map(Number);
const all = readScenarios(corpus);
const playable = all.filter(isPlayable);
const asked = playable.filter(
  ({ path }) => values.only.some((part) => path.includes(part)) && path.includes(values.containing),
);
const kubectl = findTool('kubectl');
const stage: Stage = {
  corpus,
  scripts: readScripts(corpus),
  pool: createClusterPool(values.support ?? join(corpus, '../support')),
  programs: 'missing' in kubectl ? {} : { kubectl: kubectl.path },
  patience: Number(values.patience),
};

const failures: { name: string; message: string }[] = [];
let passed = 0;
for (const scenario of asked.filter((_, index) => index % shards === shard - 1)) {
  const started = performance.now();
  const problem = await playScenario(scenario, stage).catch((error: unknown) =>
    error instanceof Error ? error.message : String(error),
  );
  if (problem === undefined) passed += 1;
  else failures.push({ name: scenario.path, message: problem });
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  if (values.verbose || problem !== undefined)
    console.log(`${problem ? 'FAIL' : 'ok  '} ${scenario.path} (${seconds} s)${problem ? `\n     ${problem}` : ''}`);
}
await stage.pool.stop();
// What no shard plays is told once; scenarios with images are a section of their own.
const elsewhere = all.filter(({ tier }) => tier === 'registry').length;
const left = { notPlayable: all.length - playable.length - elsewhere, notAsked: playable.length - asked.length };
tellScore({ passed, failures, ...(shard === 1 ? { figures: left } : {}) }, values.score);

/** With an API server alone and nothing outside. */
function isPlayable({ runnable, tier, requires = [] }: Scenario): boolean {
  return runnable && tier === 'api-server' && !requires.includes('internet');
}
