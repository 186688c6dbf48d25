import type { RuleResult } from '@vouchsafe/engine';
import type { JsonObject } from '@vouchsafe/engine/kernel';
import type { PolicyResponse } from '../../evaluation/evaluate-resource.ts';
import type { KindTable } from '../../inputs/kind-table.ts';
import type { TestExpectation } from '../../inputs/test-manifest.ts';
import { type Comparison, compareWithFile } from './compare-object.ts';

export interface CheckOptions {
  readonly expectation: TestExpectation;
  /** What the paths of the manifest are relative to. */
  readonly folder: string;
  readonly kinds: KindTable;
  /** Rows as Kyverno has them, where ours are stricter on purpose. */
  readonly asKyverno: boolean;
}

export interface CheckOutcome {
  readonly holds: boolean;
  readonly reason: string;
  readonly message: string;
}

/**
 * Compares the object with the expected one, where the manifest gives one, then the status. `undefined`: the row is dropped,
 * as Kyverno does when the file holds no such object.
 */
export function checkWithObject(
  response: PolicyResponse,
  result: RuleResult,
  object: JsonObject,
  options: CheckOptions,
): CheckOutcome | undefined {
  const patched = checkPatched(object, options);
  if (patched === 'no such object') return options.asKyverno ? undefined : checkStatus(response, result, options);
  return patched ?? checkGenerated(object, options) ?? checkStatus(response, result, options);
}

/** The status as a report would hold it: a failure of a policy that is not scored is a warning. */
export function checkStatus(
  { policy }: PolicyResponse,
  { status, message }: RuleResult,
  { expectation }: CheckOptions,
): CheckOutcome {
  const isUnscored = policy.annotations['policies.kyverno.io/scored'] === 'false';
  const reported = status === 'fail' && isUnscored ? 'warn' : status;
  const holds = reported === expectation.result;
  return { holds, message, reason: holds ? 'Ok' : `Want ${expectation.result}, got ${reported}` };
}

const LEGEND = '(- only in expected, + only in actual)';

function checkPatched(
  object: JsonObject,
  { expectation, folder, kinds }: CheckOptions,
): CheckOutcome | 'no such object' | undefined {
  const { patchedResources, failOnMissingResources } = expectation;
  if (patchedResources === '') return undefined;
  const comparison = compareWithFile(object, patchedResources, folder, kinds, 'PatchedResources');
  if (comparison.outcome === 'absent' && !failOnMissingResources) return 'no such object';
  return toFailure(comparison, "Patched resource didn't match the patched resource in the test result");
}

function checkGenerated(object: JsonObject, { expectation, folder, kinds }: CheckOptions): CheckOutcome | undefined {
  const { generatedResources } = expectation;
  if (generatedResources.length === 0) return undefined;
  const comparisons = generatedResources.map((file) =>
    compareWithFile(object, file, folder, kinds, 'GeneratedResource'),
  );
  if (comparisons.some(({ outcome }) => outcome === 'equal')) return undefined;
  const telling = comparisons.find(({ outcome }) => outcome === 'different') ?? comparisons[0];
  const title =
    generatedResources.length === 1
      ? "Patched resource didn't match the generated resource in the test result"
      : "Generated resource didn't match any of the expected generated resources in the test result";
  return telling && toFailure(telling, title);
}

function toFailure(comparison: Comparison, title: string): CheckOutcome | undefined {
  if (comparison.outcome === 'equal') return undefined;
  if (comparison.outcome === 'different') {
    return { holds: false, reason: 'Resource diff', message: `${title}\n${LEGEND}\n\n${comparison.diff}` };
  }
  return { holds: false, reason: 'Resource error', message: comparison.message };
}
