import { join } from 'node:path';
import type { ClusterPool } from './cluster-of-scenario.ts';
import { objectOf, readTest } from './read-test.ts';
import { eventually, runOperation } from './run-operation.ts';
import { createScenarioClient } from './scenario-client.ts';
import type { Scenario, ScriptFinder } from './scenario-index.ts';

export interface Stage {
  readonly corpus: string;
  readonly scripts: ScriptFinder;
  readonly pool: ClusterPool;
  readonly programs: Readonly<Record<string, string>>;
  /** Seconds that what is to come true may take. */
  readonly patience: number;
}

/** Kinds whose policies work by schedules, which count in minutes. */
const SCHEDULED: ReadonlySet<string> = new Set([
  'CleanupPolicy',
  'ClusterCleanupPolicy',
  'DeletingPolicy',
  'NamespacedDeletingPolicy',
]);
const SCHEDULED_PATIENCE_SECONDS = 90;

/** Plays a scenario on a cluster of the pool; what does not hold, `undefined` when all does. */
export async function playScenario(scenario: Scenario, stage: Stage): Promise<string | undefined> {
  const { path, repo, requires = [], kyvernoConfig, kinds = [] } = scenario;
  const isScheduled = kinds.some((kind) => SCHEDULED.has(kind));
  const patience = 1000 * (isScheduled ? SCHEDULED_PATIENCE_SECONDS : stage.patience);
  const test = readTest(join(stage.corpus, path));
  // The library of policies is tested on clusters that have all of them.
  const thirdParty = requires.includes('third-party-crds') || repo === 'kyverno/policies';
  const cluster = await stage.pool.take({ kyvernoConfig: kyvernoConfig ?? null, thirdParty });
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
        script: (one) => stage.scripts(path, one),
        programs: stage.programs,
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
