import { isEqualJson, isJsonObject, type JsonObject, memberAt } from '@vouchsafe/engine/kernel';
import { rulesOf } from './named-targets.ts';

/** What may change without another target: what is there follows, or nothing of it is asked. */
const MUTABLE: ReadonlySet<string> = new Set([
  'synchronize',
  'data',
  'foreach',
  'orphanDownstreamOnPolicyDelete',
  'generateExisting',
]);
const WARNING =
  'no synchronization will be performed to the old target resource upon policy updates: changes in the generate rule pattern could result in stale targets';

/** Kyverno's warning for an update after which some generate rule makes other objects: those it made before stay as they are. */
export function warnOfStaleTargets(before: JsonObject | undefined, after: JsonObject): readonly string[] {
  if (!before) return [];
  const now = patternsOf(after);
  const isKept = (pattern: JsonObject) => now.some((other) => isEqualJson(pattern, other));
  return patternsOf(before).every(isKept) ? [] : [WARNING];
}

function patternsOf(document: JsonObject): readonly JsonObject[] {
  return rulesOf(document).flatMap((rule) => {
    const generate = memberAt(rule, 'generate');
    if (!isJsonObject(generate)) return [];
    return [Object.fromEntries(Object.entries(generate).filter(([key]) => !MUTABLE.has(key)))];
  });
}
