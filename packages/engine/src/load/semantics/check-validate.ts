import { isJsonArray, type JsonObject, member } from '../../kernel/json.ts';
import { readList, readObject, readObjects, readText } from '../../model/read-json.ts';
import { checkPatternAnchors } from './check-anchors.ts';
import { checkCel } from './check-cel.ts';
import { checkConditions } from './check-conditions.ts';
import { checkContext } from './check-context.ts';
import { checkExcludedControls } from './check-excluded-controls.ts';
import type { Problems } from './problems.ts';

const BODIES = ['pattern', 'anyPattern', 'deny', 'podSecurity', 'manifests', 'foreach', 'cel', 'assert'] as const;
const FOREACH_BODIES = ['pattern', 'anyPattern', 'deny', 'foreach'] as const;

/** The body of a validate rule (kyverno-core §4.4.10). */
export function checkValidate(rule: JsonObject, validate: JsonObject, rulePath: string, problems: Problems): void {
  const path = `${rulePath}.validate`;
  const bodies = BODIES.filter((key) => isGiven(validate, key));
  if (bodies.length === 0) {
    problems.error(path, 'one of pattern, anyPattern, deny, foreach, cel must be specified', 'policy-missing-field');
  } else if (bodies.length > 1) {
    problems.error(path, 'only one of pattern, anyPattern, deny, foreach, cel can be specified', 'policy-conflict');
  }
  if (isGiven(validate, 'cel') && readList(rule, 'context').length > 0) {
    problems.error(
      `${rulePath}.context`,
      'context variables are not supported for CEL expressions in validate rules',
      'policy-conflict',
    );
  }
  const cel = readObject(validate, 'cel');
  if (cel) checkCel(cel, `${path}.cel`, problems);
  checkPatternAnchors(member(validate, 'pattern'), `${path}.pattern`, problems);
  checkPatternAnchors(member(validate, 'anyPattern'), `${path}.anyPattern`, problems);
  checkAnyPattern(validate, path, problems);
  checkDeny(validate, path, problems);
  for (const [index, foreach] of readObjects(validate, 'foreach').entries()) {
    checkForeach(foreach, `${path}.foreach[${index}]`, problems);
  }
  const podSecurity = readObject(validate, 'podSecurity');
  const excludes = readObjects(podSecurity, 'exclude');
  checkExcludedControls(excludes, `${path}.podSecurity.exclude`, readText(podSecurity, 'level'), problems);
}

function isGiven(object: JsonObject, key: string): boolean {
  const value = member(object, key);
  return value !== undefined && value !== null && !(isJsonArray(value) && value.length === 0);
}

function checkAnyPattern(body: JsonObject, path: string, problems: Problems): void {
  const anyPattern = member(body, 'anyPattern');
  if (anyPattern !== undefined && anyPattern !== null && !isJsonArray(anyPattern)) {
    problems.error(`${path}.anyPattern`, 'failed to deserialize anyPattern, expect array', 'policy-wrong-type');
  }
}

function checkDeny(body: JsonObject, path: string, problems: Problems): void {
  const deny = readObject(body, 'deny');
  if (deny) checkConditions(member(deny, 'conditions'), `${path}.deny.conditions`, problems);
}

/** How deep foreach may be nested; upstream has no bound, and no policy needs three. */
const NESTING = 8;

function checkForeach(foreach: JsonObject, path: string, problems: Problems, depth = 0): void {
  if (depth > NESTING) {
    problems.error(path, `foreach is nested deeper than ${NESTING} levels`);
    return;
  }
  if (!readText(foreach, 'list')) problems.error(`${path}.list`, 'foreach.list is required', 'policy-missing-field');
  const bodies = FOREACH_BODIES.filter((key) => isGiven(foreach, key));
  const names = 'pattern, anyPattern, deny, or a nested foreach';
  if (bodies.length === 0) problems.error(path, `one of ${names} must be specified`, 'policy-missing-field');
  else if (bodies.length > 1) problems.error(path, `only one of ${names} can be specified`, 'policy-conflict');
  checkContext(readObjects(foreach, 'context'), `${path}.context`, problems);
  checkConditions(member(foreach, 'preconditions'), `${path}.preconditions`, problems);
  checkAnyPattern(foreach, path, problems);
  checkDeny(foreach, path, problems);
  for (const [index, nested] of readObjects(foreach, 'foreach').entries()) {
    checkForeach(nested, `${path}.foreach[${index}]`, problems, depth + 1);
  }
}
