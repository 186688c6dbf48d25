import { isJsonObject, type JsonObject, member } from '../../kernel/json.ts';
import type { Scope } from '../../lang/variables/scope.ts';
import type { RuleInput } from '../../model/compiled-policy.ts';
import type { LegacyPolicy, Rule } from '../../model/policy.ts';
import type { RuleBodyOutcome, RuleEvaluation } from '../rule-kind.ts';

/** A rule applied to one object as it stands. */
type Judge = (input: RuleInput, scope: Scope) => RuleBodyOutcome | undefined;

/**
 * Whether the old object may excuse the new one: only where the rule or the policy enforces (overrides do not count),
 * unless `allowExistingViolations` is off. Rules with preconditions never excuse: upstream's quirk
 * (kyverno-core §2.9, §7.4).
 */
export function excusesExisting(policy: LegacyPolicy, rule: Rule): boolean {
  const validate = rule.validate ?? {};
  const own = member(validate, 'failureAction');
  const action = typeof own === 'string' ? own : policy.spec.failureAction;
  const isEnforced = action.toLowerCase() === 'enforce';
  return isEnforced && member(validate, 'allowExistingViolations') !== false && rule.preconditions === undefined;
}

/** Skips a failure that the old object shows too, judged as if it were created now. */
export function excuseExisting(
  outcome: RuleBodyOutcome | undefined,
  evaluation: RuleEvaluation,
  judge: Judge,
): RuleBodyOutcome | undefined {
  const { input, scope } = evaluation;
  const { operation, oldResource } = input.request;
  if (outcome?.status !== 'fail' || operation !== 'UPDATE' || !oldResource) return outcome;
  if (!evaluation.matchesOldObject?.()) return outcome;
  const before = judge(asCreated(input, oldResource), scopeOfCreation(scope, oldResource));
  if (before?.status !== 'fail') return outcome;
  return { status: 'skip', message: 'skipping the rule evaluation as pre-existing violations are allowed' };
}

function asCreated(input: RuleInput, resource: JsonObject): RuleInput {
  return {
    ...input,
    resource,
    request: { ...input.request, operation: 'CREATE', resource, oldResource: undefined },
  };
}

/** Context entries loaded for the new object keep their values, as upstream. */
function scopeOfCreation(scope: Scope, resource: JsonObject): Scope {
  return scope.withLazy('request', () => {
    const request = scope.lookup('request');
    const known = isJsonObject(request) ? request : {};
    return { ...known, operation: 'CREATE', object: resource, oldObject: null };
  });
}
