import { type GoldenCase, type Outcome, runGoldenCase } from '../golden-case.ts';

/** What a dedicated worker has of its scope. */
interface WorkerScope {
  onmessage: ((event: { readonly data: readonly GoldenCase[] }) => void) | null;
  postMessage(message: WorkerAnswer): void;
}

/** One outcome a case, in order, or what was thrown. */
export type WorkerAnswer =
  | { readonly ok: true; readonly outcomes: readonly Outcome[] }
  | { readonly ok: false; readonly message: string };

// In a worker, the global object is its scope.
const scope = globalThis as unknown as WorkerScope;

scope.onmessage = ({ data }) => {
  runAll(data).then(
    (outcomes) => scope.postMessage({ ok: true, outcomes }),
    (error: unknown) =>
      scope.postMessage({ ok: false, message: error instanceof Error ? `${error.stack}` : 'unknown' }),
  );
};

async function runAll(cases: readonly GoldenCase[]): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const golden of cases) outcomes.push(await runGoldenCase(golden));
  return outcomes;
}
