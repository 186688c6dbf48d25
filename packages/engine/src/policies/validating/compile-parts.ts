import { compileAuditAnnotations } from '../../lang/cel/audit-annotations.ts';
import { compilePolicyExceptions } from '../../lang/cel/policy-exceptions.ts';
import { createPolicyLanguage, EXCEPTIONS } from '../../lang/cel/policy-language.ts';
import { compileConditionList, compileVariables } from '../../lang/cel/policy-parts.ts';
import { compileValidations } from '../../lang/cel/validations.ts';
import type { CelPolicySpec } from '../../model/cel-policy.ts';
import type { PolicyCompilation } from '../policy-kind.ts';
import type { ValidatingParts } from './judge.ts';

/** Compiles the expressions of a spec: the policy's own, or that of a variant. */
export function compileParts(
  { policy, exceptions, report }: PolicyCompilation,
  { failurePolicy, matchConditions, variables, mode, written }: CelPolicySpec,
): ValidatingParts {
  const language = createPolicyLanguage({
    dialect: 'validating',
    namespace: policy.ref.namespace,
    variables: { exceptions: EXCEPTIONS },
    report,
  });
  return {
    failurePolicy,
    // Conditions come first: they know no variables (kyverno-cel §2.6).
    conditions: compileConditionList(matchConditions, 'spec.matchConditions', language),
    variables: compileVariables(variables, 'spec.variables', language),
    validations: compileValidations(written, language),
    // As in Kyverno, those of payloads are not looked at.
    annotations: mode === 'JSON' ? [] : compileAuditAnnotations(written, language),
    exceptions: compilePolicyExceptions(exceptions, language, { partial: true, reportResult: true, failurePolicy }),
    needs: language.needs,
  };
}
