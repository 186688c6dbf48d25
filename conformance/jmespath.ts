import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { EvaluationError } from '../packages/engine/src/kernel/evaluation-error.ts';
import type { EngineHost } from '../packages/engine/src/kernel/host.ts';
import { isEqualJson, type Json } from '../packages/engine/src/kernel/json.ts';
import { compileJmesPath, isJmesPathDiagnostic } from '../packages/engine/src/lang/jmespath/compile-jmespath.ts';

export interface JmesPathFailure {
  readonly file: string;
  readonly expression: string;
  readonly expected: string;
  readonly received: string;
}

export interface JmesPathReport {
  readonly passed: number;
  readonly failed: number;
  readonly failures: readonly JmesPathFailure[];
}

interface Suite {
  readonly given: Json;
  readonly cases: readonly { readonly expression: string; readonly result?: Json; readonly error?: string }[];
}

/** The suites need nothing of the host. */
const HOST: EngineHost = {
  hash: () => '',
  decodeCertificate: () => new EvaluationError('not available'),
  random: () => 0,
};

/**
 * Runs all suites of a folder in the format of the JMESPath compliance tests; `benchmarks.json` has no expectations.
 * As the dialect's own runner does, a missing key at the top counts as null, and any failure as the expected error.
 */
export function runJmesPath(corpusFolder: string): JmesPathReport {
  const failures: JmesPathFailure[] = [];
  let passed = 0;
  for (const file of readdirSync(corpusFolder).filter((name) => name.endsWith('.json') && name !== 'benchmarks.json')) {
    // The format of the corpus.
    const suites = JSON.parse(readFileSync(join(corpusFolder, file), 'utf8')) as readonly Suite[];
    for (const suite of suites) {
      for (const { expression, result, error } of suite.cases) {
        const expected = error === undefined ? JSON.stringify(result) : `error: ${error}`;
        const received = evaluate(expression, suite.given);
        const holds = error === undefined ? isExpected(received, result ?? null) : received instanceof EvaluationError;
        if (holds) passed++;
        else failures.push({ file, expression, expected, received: describe(received) });
      }
    }
  }
  return { passed, failed: failures.length, failures };
}

function evaluate(expression: string, given: Json): Json | EvaluationError {
  const compiled = compileJmesPath(expression, HOST);
  if (isJmesPathDiagnostic(compiled)) return new EvaluationError(compiled.reason);
  const result = compiled.evaluate(given);
  return result instanceof EvaluationError && result.notFound ? null : result;
}

function isExpected(received: Json | EvaluationError, result: Json): boolean {
  return !(received instanceof EvaluationError) && isEqualJson(received, result);
}

function describe(received: Json | EvaluationError): string {
  return received instanceof EvaluationError ? `error: ${received.message}` : JSON.stringify(received);
}
