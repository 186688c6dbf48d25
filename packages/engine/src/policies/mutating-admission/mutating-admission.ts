import type { FactKind } from '../../facts/fact-request.ts';
import type { JsonObject } from '../../kernel/json.ts';
import {
  type CompiledAdmissionMutation,
  compileAdmissionMutation,
  type MutationVerdict,
} from '../../lang/cel/admission-mutation.ts';
import { withScanner } from '../../lang/cel/admission-surroundings.ts';
import { compileConstraints, constraintSelectors, MATCH_EVERYTHING } from '../../match/match-constraints.ts';
import { type CompiledBinding, compileBindings } from '../../match/policy-bindings.ts';
import type { CompiledRule, Phase, RuleInput, RuleOutcome } from '../../model/compiled-policy.ts';
import type { RuleResult } from '../../model/decision.ts';
import { readObject } from '../../model/read-json.ts';
import type { EvaluationRequest } from '../../model/request.ts';
import type { PolicyBody, PolicyCompilation, PolicyKind } from '../policy-kind.ts';

const PHASES: ReadonlySet<Phase> = new Set(['mutate']);

/** Kubernetes' MutatingAdmissionPolicy, for files: in a cluster the API server applies it (kyverno-cel §6.4). */
export const mutatingAdmissionPolicies: PolicyKind = {
  kinds: ['MutatingAdmissionPolicy'],
  phases: PHASES,
  compile: compileMutatingAdmissionPolicy,
};

function compileMutatingAdmissionPolicy({ policy, bindings, report }: PolicyCompilation): PolicyBody {
  const { written, matchConstraints } = policy.spec;
  const paramKind = readObject(written, 'paramKind');
  const compiled = compileAdmissionMutation(written, report);
  const constraints = matchConstraints ?? MATCH_EVERYTHING;
  const matcher = compileConstraints(constraints);
  const bound = compileBindings(bindings, paramKind);
  return {
    rules: [createRule(policy.ref.name, compiled, bound, matcher.matches)],
    selectors: constraintSelectors(constraints, PHASES),
    concerns: (request, phase) => phase === 'mutate' && matcher.concerns(request),
    needs: new Set<FactKind>(paramKind || compiled.reads('namespaceObject') ? ['resource'] : []),
  };
}

const NOT_MATCHED: RuleOutcome = Object.freeze({ results: [], effects: [] });

function createRule(
  name: string,
  compiled: CompiledAdmissionMutation,
  bindings: readonly CompiledBinding[],
  matches: (request: EvaluationRequest) => boolean,
): CompiledRule {
  return Object.freeze({
    name,
    type: 'Mutation',
    phases: PHASES,
    action: () => 'Enforce',
    evaluate: (input: RuleInput) => {
      const { request } = input;
      if (request.resource === undefined || request.payload === true || !matches(request)) return NOT_MATCHED;
      const asking: RuleInput = { ...input, request: withScanner(request) };
      return chain(name, compiled, bindings.filter(candidateFor(request)), asking);
    },
  } as const);
}

function candidateFor(request: EvaluationRequest): (binding: CompiledBinding) => boolean {
  return (binding) => binding.matches(request);
}

/** Each binding, and each of its parameters, sees the object as the one before left it; an error ends the chain. */
function chain(
  rule: string,
  compiled: CompiledAdmissionMutation,
  bindings: readonly CompiledBinding[],
  input: RuleInput,
): RuleOutcome {
  let object: JsonObject = input.resource;
  let result: RuleResult | undefined;
  for (const binding of bindings) {
    const settle = (verdict: Pick<RuleResult, 'status' | 'message'>): RuleResult => ({
      rule,
      type: 'Mutation',
      action: 'Enforce',
      ...verdict,
      ...(binding.name === '' ? {} : { properties: { mapBinding: binding.name } }),
    });
    const params = binding.params(input, input.request.namespace);
    if (typeof params === 'string') return { results: [settle({ status: 'error', message: params })], effects: [] };
    for (const param of params) {
      const verdict = compiled.mutate(object, param, input);
      if (verdict.kind === 'error') return { results: [settle(toResult(verdict))], effects: [] };
      if (verdict.kind === 'mutated') ({ object } = verdict);
      result = settle(toResult(verdict));
    }
  }
  if (!result) return NOT_MATCHED;
  const results = [result];
  return object === input.resource ? { results, effects: [] } : { results, effects: [], resource: object };
}

function toResult(verdict: MutationVerdict): Pick<RuleResult, 'status' | 'message'> {
  switch (verdict.kind) {
    case 'mutated':
      return { status: 'pass', message: 'mutation is successfully applied' };
    case 'not-matched':
      return { status: 'skip', message: "match conditions aren't met" };
    case 'error':
      return { status: 'error', message: verdict.message };
  }
}
