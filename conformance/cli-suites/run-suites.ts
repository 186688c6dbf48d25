import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { SuiteOutcome } from './run-suite.ts';
import type { SuiteRecord } from './suite-index.ts';
import type { WorkerSettings, WorkerTask } from './suite-worker.ts';

/** Longest time for one suite. */
const TIMEOUT_MS = 60_000;

/** Runs suites on a few threads, each loaded once, with more flags; outcomes are in the order of the records. */
export async function runSuites(
  records: readonly SuiteRecord[],
  corpus: string,
  flipped: boolean,
  flags: readonly string[] = [],
): Promise<readonly SuiteOutcome[]> {
  const outcomes = new Array<SuiteOutcome | undefined>(records.length);
  let next = 0;
  const lanes = Math.min(availableParallelism(), 4, records.length);
  await Promise.all(
    Array.from({ length: lanes }, async () => {
      let worker = startWorker({ corpus, flags });
      while (next < records.length) {
        const index = next++;
        const record = records[index];
        if (!record) break;
        const outcome = await ask(worker, { record, flipped });
        outcomes[index] = outcome ?? stuck(record);
        if (outcome) continue;
        await worker.terminate();
        worker = startWorker({ corpus, flags });
      }
      await worker.terminate();
    }),
  );
  return outcomes.filter((outcome) => outcome !== undefined);
}

function startWorker(workerData: WorkerSettings): Worker {
  return new Worker(new URL('./suite-worker.ts', import.meta.url), { workerData });
}

/** `undefined`: no answer in time. */
function ask(worker: Worker, task: WorkerTask): Promise<SuiteOutcome | undefined> {
  return new Promise((done, fail) => {
    const timer = setTimeout(() => finish(undefined), TIMEOUT_MS);
    function finish(outcome: SuiteOutcome | undefined): void {
      clearTimeout(timer);
      worker.off('message', finish);
      worker.off('error', fail);
      done(outcome);
    }
    worker.on('message', finish);
    worker.on('error', fail);
    worker.postMessage(task);
  });
}

function stuck({ path, expectations }: SuiteRecord): SuiteOutcome {
  const problems = [`no answer within ${TIMEOUT_MS / 1000} s`];
  return { path, held: false, notRun: false, expectationsHeld: 0, expectations, problems };
}
