import { EvaluationError } from '../kernel/evaluation-error.ts';
import { isJsonArray, isJsonObject, type Json, member } from '../kernel/json.ts';
import { type Conditions, compileConditions } from '../lang/conditions/compile-conditions.ts';
import type { TemplateTools } from '../lang/variables/compile-template.ts';
import type { Scope } from '../lang/variables/scope.ts';
import { compilePart } from '../match/kind-selector.ts';
import { compileMatch, type MatchPredicate } from '../match/match-resources.ts';
import type { RuleInput } from '../model/compiled-policy.ts';
import { type PolicyRef, policyKey } from '../model/decision.ts';
import type { PolicyException } from '../model/policy.ts';
import type { PodSecurityException } from '../rules/rule-kind.ts';

/** The exceptions of one rule. */
export interface CompiledException {
  readonly key: string;
  readonly podSecurity: PolicyException['podSecurity'];
  readonly match: MatchPredicate;
  readonly conditions: Conditions | undefined;
}

/** Those exceptions that name the policy and, wildcards allowed, the rule as it is evaluated (kyverno-core §2.10). */
export function compileExceptions(
  exceptions: readonly PolicyException[],
  policy: PolicyRef,
  rule: string,
  tools: TemplateTools,
): readonly CompiledException[] {
  const key = policyKey(policy);
  return exceptions
    .filter((exception) =>
      exception.exceptions.some(
        ({ policyName, ruleNames }) => policyName === key && ruleNames.some((name) => compilePart(name)(rule)),
      ),
    )
    .map((exception) => ({
      key: exception.key,
      podSecurity: exception.podSecurity,
      match: compileMatch(exception.match, undefined, 'exception'),
      conditions: compileExceptionConditions(exception.conditions, tools),
    }));
}

/** An empty `any` of an exception asks for nothing, unlike that of a rule. */
function compileExceptionConditions(conditions: Json | undefined, tools: TemplateTools): Conditions | undefined {
  if (!isJsonObject(conditions)) return undefined;
  const any = member(conditions, 'any');
  const all = member(conditions, 'all') ?? [];
  const asked = isJsonArray(any) && any.length > 0 ? { any, all } : { all };
  return compileConditions(asked, tools);
}

/** Those that are about the object and whose conditions hold; one whose conditions cannot be told is none. */
export function findExceptions(
  exceptions: readonly CompiledException[],
  { request, resource }: RuleInput,
  scope: Scope,
): readonly CompiledException[] {
  if (exceptions.length === 0) return NONE;
  return exceptions.filter(({ match, conditions }) => {
    if (!match.matches(request, resource)) return false;
    if (!conditions) return true;
    const outcome = conditions.evaluate(scope);
    return !(outcome instanceof EvaluationError) && outcome.value;
  });
}

const NONE: readonly CompiledException[] = [];

export interface Excepted {
  /** The rule is skipped with this text. */
  readonly skip?: string;
  readonly keys: readonly string[];
  /** The rule is evaluated, with these exclusions for what it finds. */
  readonly podSecurity: readonly PodSecurityException[];
}

/** What the exceptions found mean for the rule; upstream's texts differ by rule kind, and lack a blank. */
export function applyExceptions(found: readonly CompiledException[], isPodSecurity: boolean): Excepted {
  const keys = found.map(({ key }) => key);
  if (!isPodSecurity)
    return { keys, podSecurity: [], skip: `rule is skipped due to policy exceptions${keys.join(', ')}` };
  if (found.some(({ podSecurity }) => podSecurity.length === 0)) {
    return { keys, podSecurity: [], skip: `rule is skipped due to policy exception ${keys.join(', ')}` };
  }
  return { keys, podSecurity: found.map(({ key, podSecurity }) => ({ key, exclude: podSecurity })) };
}
