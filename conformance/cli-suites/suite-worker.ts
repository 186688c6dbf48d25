import { parentPort, workerData } from 'node:worker_threads';
import { runFlipped, runSuite } from './run-suite.ts';
import type { SuiteRecord } from './suite-index.ts';

export interface WorkerTask {
  readonly record: SuiteRecord;
  readonly flipped: boolean;
}

export interface WorkerSettings {
  readonly corpus: string;
  /** Of the command, for every suite. */
  readonly flags: readonly string[];
}

const { corpus, flags } = workerData as WorkerSettings; // set by the pool

parentPort?.on('message', async ({ record, flipped }: WorkerTask) => {
  const run = flipped ? runFlipped : runSuite;
  try {
    parentPort?.postMessage(await run(record, corpus, flags));
  } catch (error) {
    parentPort?.postMessage({
      path: record.path,
      held: false,
      notRun: false,
      expectationsHeld: 0,
      expectations: record.expectations,
      problems: [`the runner failed: ${error instanceof Error ? (error.stack ?? '') : String(error)}`],
    });
  }
});
