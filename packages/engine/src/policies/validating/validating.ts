import type { FactKind } from '../../facts/fact-request.ts';
import { compileAuditAnnotations } from '../../lang/cel/audit-annotations.ts';
import { createFactHost } from '../../lang/cel/fact-host.ts';
import { compilePolicyExceptions } from '../../lang/cel/policy-exceptions.ts';
import { createPolicyLanguage, EXCEPTIONS, type PolicyScope } from '../../lang/cel/policy-language.ts';
import { compileConditionList, compileVariables } from '../../lang/cel/policy-parts.ts';
import { createActivation } from '../../lang/cel/policy-scope.ts';
import { compileConstraints, constraintSelectors } from '../../match/match-constraints.ts';
import type { CompiledRule, Phase, RuleInput, RuleOutcome } from '../../model/compiled-policy.ts';
import type { FailureAction } from '../../model/decision.ts';
import type { PolicyBody, PolicyCompilation, PolicyKind } from '../policy-kind.ts';
import { judge, type ValidatingParts } from './judge.ts';
import { compileValidations } from './validations.ts';

const PHASES: ReadonlySet<Phase> = new Set(['validate']);

/** ValidatingPolicy and NamespacedValidatingPolicy (kyverno-cel §4.2). */
export const validatingPolicies: PolicyKind = {
  kinds: ['ValidatingPolicy'],
  phases: PHASES,
  compile: compileValidatingPolicy,
};

function compileValidatingPolicy(compilation: PolicyCompilation): PolicyBody {
  const constraints = compilation.policy.spec.matchConstraints;
  const matcher = constraints && compileConstraints(constraints);
  const parts = compileParts(compilation);
  return {
    rules: matcher ? [createRule(compilation, parts, matcher.matches)] : [],
    selectors: constraints ? constraintSelectors(constraints, PHASES) : [],
    concerns: (request, phase) => phase === 'validate' && matcher?.concerns(request) === true,
    needs: new Set<FactKind>(['resource']),
  };
}

function compileParts({ policy, exceptions, report }: PolicyCompilation): ValidatingParts {
  const { spec, ref } = policy;
  const { failurePolicy } = spec;
  const language = createPolicyLanguage({
    dialect: 'validating',
    namespace: ref.namespace,
    variables: { exceptions: EXCEPTIONS },
    report,
  });
  return {
    failurePolicy,
    // Conditions come first: they know no variables (kyverno-cel §2.6).
    conditions: compileConditionList(spec.matchConditions, 'spec.matchConditions', language),
    variables: compileVariables(spec.variables, 'spec.variables', language),
    validations: compileValidations(spec.written, language),
    // As in Kyverno, those of payloads are not looked at.
    annotations: spec.mode === 'JSON' ? [] : compileAuditAnnotations(spec.written, language),
    exceptions: compilePolicyExceptions(exceptions, language, { partial: true, reportResult: true, failurePolicy }),
  };
}

const NOT_MATCHED: RuleOutcome = Object.freeze({ results: [], effects: [] });

function createRule(
  { policy, host }: PolicyCompilation,
  parts: ValidatingParts,
  matches: (request: RuleInput['request']) => boolean,
): CompiledRule {
  const action: FailureAction = policy.spec.validationActions.includes('Deny') ? 'Enforce' : 'Audit';
  const told = policy.spec.validationActions.includes('Warn') ? { emitWarning: true } : {};
  return Object.freeze({
    name: '',
    type: 'Validation',
    phases: PHASES,
    action: () => action,
    evaluate: (input: RuleInput): RuleOutcome => {
      if (!matches(input.request)) return NOT_MATCHED;
      const scope: PolicyScope = {
        activation: createActivation(input),
        host: createFactHost(input, { policy: policy.ref, host }),
      };
      const verdict = judge(parts, scope, input.request.now);
      return { results: [{ rule: '', type: 'Validation', action, ...told, ...verdict }], effects: [] };
    },
  });
}
