import { FactTable } from '../facts/fact-table.ts';
import type { JsonObject } from '../kernel/json.ts';
import type { RuleInput } from '../model/compiled-policy.ts';
import type { LegacyPolicy, Rule } from '../model/policy.ts';
import { toLegacyPolicy } from '../model/policy-document.ts';
import type { EvaluationRequest } from '../model/request.ts';

export interface WrittenRule {
  /** What the rule says besides its name `r` and that it is about Pods. */
  readonly rule: JsonObject;
  readonly spec?: JsonObject;
  /** Makes it a Policy of this namespace. */
  readonly namespace?: string | undefined;
}

/** A policy `p` of one rule, and that rule. */
export function policyOfRule({ rule, spec = {}, namespace }: WrittenRule): {
  readonly policy: LegacyPolicy;
  readonly rule: Rule;
} {
  const written = { name: 'r', match: { any: [{ resources: { kinds: ['Pod'] } }] }, ...rule };
  const document = {
    apiVersion: 'kyverno.io/v1',
    kind: namespace === undefined ? 'ClusterPolicy' : 'Policy',
    metadata: { name: 'p', ...(namespace === undefined ? {} : { namespace }) },
    spec: { rules: [written], ...spec },
  };
  const policy = toLegacyPolicy(document, () => undefined);
  const [only] = policy.spec.rules;
  if (!only) throw new Error('no rule');
  return { policy, rule: only };
}

/** What a rule looks at for a request, in the phase `validate` and with nothing known unless told. */
export function inputOf(
  request: EvaluationRequest,
  { phase = 'validate', facts = new FactTable() }: Partial<Pick<RuleInput, 'phase' | 'facts'>> = {},
): RuleInput {
  return { request, resource: request.resource ?? request.oldResource ?? {}, phase, facts, trace: undefined };
}
