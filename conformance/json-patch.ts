import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { EvaluationError } from '../packages/engine/src/kernel/evaluation-error.ts';
import { isEqualJson, type Json } from '../packages/engine/src/kernel/json.ts';
import { applyJsonPatch, parseJsonPatch } from '../packages/engine/src/kernel/json-patch.ts';

export interface JsonPatchFailure {
  readonly file: string;
  readonly comment: string;
  readonly expected: string;
  readonly received: string;
}

export interface JsonPatchReport {
  readonly passed: number;
  readonly failed: number;
  readonly failures: readonly JsonPatchFailure[];
}

interface Case {
  readonly comment?: string;
  readonly doc: Json;
  readonly patch: Json;
  readonly expected?: Json;
  readonly error?: string;
  readonly disabled?: boolean;
}

/** Runs the cases of the json-patch-tests project in a folder, to the letter of RFC 6902. */
export function runJsonPatch(corpusFolder: string): JsonPatchReport {
  const failures: JsonPatchFailure[] = [];
  let passed = 0;
  for (const file of readdirSync(corpusFolder).filter((name) => name.endsWith('.json'))) {
    // The format of the corpus.
    const cases = JSON.parse(readFileSync(join(corpusFolder, file), 'utf8')) as readonly Case[];
    for (const { comment, doc, patch, expected, error, disabled } of cases) {
      if (disabled || doc === undefined) continue;
      const received = apply(doc, patch);
      const failed = received instanceof EvaluationError;
      const holds =
        error === undefined ? !failed && (expected === undefined || isEqualJson(received, expected)) : failed;
      if (holds) {
        passed++;
        continue;
      }
      failures.push({
        file,
        comment: comment ?? JSON.stringify(patch),
        expected: error === undefined ? JSON.stringify(expected) : `error: ${error}`,
        received: failed ? `error: ${received.message}` : JSON.stringify(received),
      });
    }
  }
  return { passed, failed: failures.length, failures };
}

function apply(document: Json, patch: Json): Json | EvaluationError {
  const operations = parseJsonPatch(patch);
  return operations instanceof EvaluationError ? operations : applyJsonPatch(document, operations);
}
