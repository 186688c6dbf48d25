import { CelError } from '@vouchsafe/cel';
import type { FactKind } from '../../facts/fact-request.ts';
import { type AuditAnnotations, evaluateAuditAnnotations } from '../../lang/cel/audit-annotations.ts';
import { exemptedResult, type PolicyExceptions } from '../../lang/cel/policy-exceptions.ts';
import type { PolicyExpression, PolicyScope } from '../../lang/cel/policy-language.ts';
import { conditionsHold } from '../../lang/cel/policy-parts.ts';
import { extendActivation, type PolicyVariables, withVariables } from '../../lang/cel/policy-scope.ts';
import { type Failure, findFailure, type Validation } from '../../lang/cel/validations.ts';
import type { FailurePolicy, RuleResult } from '../../model/decision.ts';

/** A ValidatingPolicy, or one of the variants that autogen makes of it, compiled. */
export interface ValidatingParts {
  readonly failurePolicy: FailurePolicy;
  readonly conditions: readonly PolicyExpression[];
  readonly variables: PolicyVariables;
  readonly validations: readonly Validation[];
  readonly annotations: AuditAnnotations;
  readonly exceptions: PolicyExceptions;
  /** The kinds of facts they can ask for. */
  readonly needs: ReadonlySet<FactKind>;
}

/** What a result says beside what all results of the policy say. */
export type Verdict = Pick<RuleResult, 'status' | 'message'> & Partial<RuleResult>;

const SKIPPED: Verdict = Object.freeze({ status: 'skip', message: 'skip' });
/** All validations hold, and there is nothing else to say. */
export const PASSED: Verdict = Object.freeze({ status: 'pass', message: 'success' });

/**
 * Judges one object that the constraints match: exceptions, conditions, validations, annotations (kyverno-cel §4.2).
 *
 * @param now milliseconds since the epoch
 */
export function judge(parts: ValidatingParts, bare: PolicyScope, now: number): Verdict {
  const { failurePolicy, conditions, variables, validations, annotations, exceptions } = parts;
  const found = exceptions.find(bare, now);
  if (found instanceof CelError) return notEvaluated(found);
  if (found.exemption) return exemptedResult(found.exemption);
  const outer = { ...bare, activation: extendActivation(bare.activation, { exceptions: found.allowed }) };
  const matched = conditionsHold(conditions, outer);
  if (matched instanceof CelError) return failurePolicy === 'Ignore' ? SKIPPED : notEvaluated(matched);
  if (!matched) return SKIPPED;
  const scope = withVariables(outer, variables);
  const failure = findFailure(validations, scope);
  if (failure?.status === 'error') return toVerdict(failure, {});
  const properties = annotations.length === 0 ? {} : evaluateAuditAnnotations(annotations, scope);
  if (properties instanceof CelError) return notEvaluated(properties);
  if (failure) return toVerdict(failure, properties);
  return annotations.length === 0 ? PASSED : { ...PASSED, properties };
}

function toVerdict({ status, message, index }: Failure, properties: Readonly<Record<string, string>>): Verdict {
  return { status, message, properties: { 'cel.validationIndex': String(index), ...properties } };
}

function notEvaluated({ message }: CelError): Verdict {
  return { status: 'error', message: `failed to load context: ${message}`, rule: 'evaluation' };
}
