/**
 * Plays cluster scenarios in chainsaw's format against a sandbox with the operator, one after another.
 *
 *   node conformance/chainsaw/run-chainsaw.ts --corpus <folder> [--only <part of a path>]… [--containing <part of a path>]
 *     [--shard 1/2] [--score <file>]
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { findTool } from '../../tools/tool-paths.ts';
import { tellScore } from '../sandbox/tell-score.ts';
import { createClusterPool } from './cluster-of-scenario.ts';
import { type Operation, objectOf, readTest } from './read-test.ts';
import { eventually, runOperation } from './run-operation.ts';
import type { ScriptRecord } from './run-script.ts';
import { createScenarioClient } from './scenario-client.ts';

interface Scenario {
  readonly path: string;
  readonly type: string;
  readonly runnable: boolean;
  readonly network: boolean;
  readonly tier?: string;
  readonly requires?: readonly string[];
  readonly repo?: string;
  readonly kyvernoConfig?: string | null;
  readonly kinds?: readonly string[];
}

/** Kinds whose policies work by schedules, which count in minutes. */
const SCHEDULED: ReadonlySet<string> = new Set([
  'CleanupPolicy',
  'ClusterCleanupPolicy',
  'DeletingPolicy',
  'NamespacedDeletingPolicy',
]);
const SCHEDULED_PATIENCE_SECONDS = 90;

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
const all = (JSON.parse(readFileSync(join(corpus, 'index.json'), 'utf8')) as Scenario[]).filter(
  ({ type }) => type === 'chainsaw',
);
const playable = all.filter(isPlayable);
const asked = playable.filter(
  ({ path }) => values.only.some((part) => path.includes(part)) && path.includes(values.containing),
);
const scenarios = asked.filter((_, index) => index % shards === shard - 1);
const scripts = readScripts();
const kubectl = findTool('kubectl');
const programs = 'missing' in kubectl ? {} : { kubectl: kubectl.path };
const pool = createClusterPool(values.support ?? join(corpus, '../support'));

const failures: { name: string; message: string }[] = [];
let passed = 0;
for (const scenario of scenarios) {
  const started = performance.now();
  const problem = await play(scenario).catch((error: unknown) =>
    error instanceof Error ? error.message : String(error),
  );
  if (problem === undefined) passed += 1;
  else failures.push({ name: scenario.path, message: problem });
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  if (values.verbose || problem !== undefined)
    console.log(`${problem ? 'FAIL' : 'ok  '} ${scenario.path} (${seconds} s)${problem ? `\n     ${problem}` : ''}`);
}
await pool.stop();
// What no shard plays is told once.
const left = { notPlayable: all.length - playable.length, notAsked: playable.length - asked.length };
tellScore({ passed, failures, ...(shard === 1 ? { figures: left } : {}) }, values.score);

/** With an API server alone and nothing outside. */
function isPlayable({ runnable, tier, requires = [] }: Scenario): boolean {
  return runnable && tier === 'api-server' && !requires.includes('internet');
}

async function play({ path, repo, requires = [], kyvernoConfig, kinds = [] }: Scenario): Promise<string | undefined> {
  const isScheduled = kinds.some((kind) => SCHEDULED.has(kind));
  const patience = 1000 * (isScheduled ? SCHEDULED_PATIENCE_SECONDS : Number(values.patience));
  const test = readTest(join(corpus, path));
  // The library of policies is tested on clusters that have all of them.
  const thirdParty = requires.includes('third-party-crds') || repo === 'kyverno/policies';
  const cluster = await pool.take({ kyvernoConfig: kyvernoConfig ?? null, thirdParty });
  const namespace = test.namespace ?? `chainsaw-${Math.random().toString(36).slice(2, 8)}`;
  const serverVersion = objectOf(JSON.parse(Buffer.from((await cluster.client.raw('/version')).body).toString('utf8')));
  const client = createScenarioClient(cluster.client, namespace);
  const own = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } };
  // Webhooks of what an earlier scenario left may refuse it for a moment.
  let problem = await eventually(patience, () => client.apply(own));
  if (problem !== undefined) return `the namespace of its own: ${problem}`;
  try {
    for (const operation of test.operations) {
      if (problem !== undefined && operation.phase === 'try') continue;
      const outcome = await runOperation(operation, {
        folder: test.folder,
        namespace,
        test: test.described,
        client,
        serverVersion,
        script: (one) => scriptOf(path, one),
        programs,
        kubeconfig: cluster.kubeconfig,
        patience,
        sleepScale: 0.2,
      });
      if (operation.phase === 'try') problem ??= outcome && `step ${operation.step + 1}: ${outcome}`;
    }
  } finally {
    await client.cleanUp();
  }
  return problem;
}

function readScripts(): ReadonlyMap<string, readonly (ScriptRecord & { step: number; phase: string; op: number })[]> {
  const file = join(corpus, 'chainsaw/scripts.json');
  const list = JSON.parse(readFileSync(file, 'utf8')) as {
    path: string;
    scripts: (ScriptRecord & { step: number; phase: string; op: number })[];
  }[];
  return new Map(list.map(({ path, scripts: own }) => [path.replace(/^[^/]+\//, ''), own]));
}

function scriptOf(path: string, { step, phase, index }: Operation): ScriptRecord | undefined {
  return scripts.get(path)?.find((one) => one.step === step && one.phase === phase && one.op === index);
}
