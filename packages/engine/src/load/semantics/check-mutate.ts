import { type JsonObject, member } from '../../kernel/json.ts';
import { readFlag, readObjects, readText } from '../../model/read-json.ts';
import { checkConditions } from './check-conditions.ts';
import { checkContext } from './check-context.ts';
import type { RulePlace } from './check-rule.ts';
import type { Problems } from './problems.ts';

/** The body of a mutate rule (kyverno-core §4.4.5, §4.4.10). */
export function checkMutate(
  mutate: JsonObject,
  { path: rulePath, spec, namespace }: RulePlace,
  problems: Problems,
): void {
  const path = `${rulePath}.mutate`;
  const targets = readObjects(mutate, 'targets');
  const onUpdate =
    readFlag(mutate, 'mutateExistingOnPolicyUpdate') ?? readFlag(spec, 'mutateExistingOnPolicyUpdate') ?? false;
  if (onUpdate && targets.length === 0) {
    const rule = rulePath.replace('spec.', '');
    const message = `${rule}.mutate.targets has to be specified when mutateExistingOnPolicyUpdate is set`;
    problems.error('spec.mutateExistingOnPolicyUpdate', message, 'policy-missing-field');
  }
  const foreach = readObjects(mutate, 'foreach');
  const [merge, patch] = [isGiven(mutate, 'patchStrategicMerge'), Boolean(readText(mutate, 'patchesJson6902'))];
  if (foreach.length > 0 && (merge || patch)) {
    problems.error(
      path,
      'only one of `foreach`, `patchStrategicMerge`, or `patchesJson6902` is allowed',
      'policy-conflict',
    );
  } else if (merge && patch) {
    problems.error(path, 'only one of `patchStrategicMerge` or `patchesJson6902` is allowed', 'policy-conflict');
  }
  for (const [index, target] of targets.entries()) {
    checkTargetNamespace(target, `${path}.targets[${index}].namespace`, namespace, problems);
    checkContext(readObjects(target, 'context'), `${path}.targets[${index}].context`, problems);
    checkConditions(member(target, 'preconditions'), `${path}.targets[${index}].preconditions`, problems);
  }
  for (const [index, entry] of foreach.entries()) checkForeach(entry, `${path}.foreach[${index}]`, problems, 0);
}

/** A policy of a namespace changes what is there; variables are refused, too, as upstream, since nobody knows what they come to. */
function checkTargetNamespace(
  target: JsonObject,
  path: string,
  expected: string | undefined,
  problems: Problems,
): void {
  const given = readText(target, 'namespace') ?? '';
  if (expected === undefined || given === '' || given === expected) return;
  const message = 'This field can be ignored or should have value of the namespace where the policy is being created';
  problems.error(path, message, 'policy-conflict');
}

function isGiven(object: JsonObject, key: string): boolean {
  const value = member(object, key);
  return value !== undefined && value !== null;
}

const NESTING = 8;

function checkForeach(foreach: JsonObject, path: string, problems: Problems, depth: number): void {
  if (depth > NESTING) {
    problems.error(path, `foreach is nested deeper than ${NESTING} levels`);
    return;
  }
  checkContext(readObjects(foreach, 'context'), `${path}.context`, problems);
  checkConditions(member(foreach, 'preconditions'), `${path}.preconditions`, problems);
  const nested = readObjects(foreach, 'foreach');
  const [merge, patch] = [isGiven(foreach, 'patchStrategicMerge'), Boolean(readText(foreach, 'patchesJson6902'))];
  if (nested.length > 0 && (merge || patch)) {
    problems.error(path, 'a nested foreach cannot contain other declarations', 'policy-conflict');
  } else if (merge && patch) {
    problems.error(path, 'only one of `patchStrategicMerge` or `patchesJson6902` is allowed', 'policy-conflict');
  }
  for (const [index, inner] of nested.entries()) checkForeach(inner, `${path}.foreach[${index}]`, problems, depth + 1);
}
