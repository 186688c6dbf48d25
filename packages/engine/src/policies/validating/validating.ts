import { CelError } from '@vouchsafe/cel';
import type { FactKind } from '../../facts/fact-request.ts';
import type { JsonObject } from '../../kernel/json.ts';
import { createFactHost } from '../../lang/cel/fact-host.ts';
import {
  createPolicyLanguage,
  EXCEPTIONS,
  type PolicyExpression,
  type PolicyLanguage,
  type PolicyScope,
  WANT_BOOL,
  WANT_STRING,
} from '../../lang/cel/policy-language.ts';
import { compileConditionList, compileVariables, conditionsHold } from '../../lang/cel/policy-parts.ts';
import {
  createActivation,
  extendActivation,
  type PolicyVariables,
  withVariables,
} from '../../lang/cel/policy-scope.ts';
import { compileConstraints, constraintSelectors } from '../../match/match-constraints.ts';
import type { CelPolicy } from '../../model/cel-policy.ts';
import type { CompiledRule, Phase, RuleInput, RuleOutcome } from '../../model/compiled-policy.ts';
import type { FailureAction, RuleResult } from '../../model/decision.ts';
import { readObjects, readText } from '../../model/read-json.ts';
import type { PolicyBody, PolicyCompilation, PolicyKind } from '../policy-kind.ts';

const PHASES: ReadonlySet<Phase> = new Set(['validate']);

/** ValidatingPolicy and NamespacedValidatingPolicy (kyverno-cel §4.2). */
export const validatingPolicies: PolicyKind = {
  kinds: ['ValidatingPolicy'],
  phases: PHASES,
  compile: compileValidatingPolicy,
};

interface Validation {
  readonly expression: PolicyExpression;
  readonly message: string;
  readonly messageExpression: PolicyExpression | undefined;
}

interface CompiledParts {
  readonly conditions: readonly PolicyExpression[];
  readonly variables: PolicyVariables;
  readonly validations: readonly Validation[];
}

function compileValidatingPolicy(compilation: PolicyCompilation): PolicyBody {
  const { policy, report } = compilation;
  const { spec, ref } = policy;
  const language = createPolicyLanguage({
    dialect: 'validating',
    namespace: ref.namespace,
    variables: { exceptions: EXCEPTIONS },
    report,
  });
  const parts: CompiledParts = {
    // Conditions come first: they know no variables (kyverno-cel §2.6).
    conditions: compileConditionList(spec.matchConditions, 'spec.matchConditions', language),
    variables: compileVariables(spec.variables, 'spec.variables', language),
    validations: compileValidations(spec.written, language),
  };
  const constraints = spec.matchConstraints;
  const matcher = constraints && compileConstraints(constraints);
  return {
    rules: matcher ? [createRule(compilation, parts, matcher.matches)] : [],
    selectors: constraints ? constraintSelectors(constraints, PHASES) : [],
    concerns: (request, phase) => phase === 'validate' && matcher?.concerns(request) === true,
    needs: new Set<FactKind>(['resource']),
  };
}

function compileValidations(spec: JsonObject, language: PolicyLanguage): readonly Validation[] {
  return readObjects(spec, 'validations').flatMap((item, index) => {
    const path = `spec.validations[${index}]`;
    const expression = language.compile(readText(item, 'expression') ?? '', `${path}.expression`, WANT_BOOL);
    const told = readText(item, 'messageExpression') ?? '';
    const messageExpression =
      told === '' ? undefined : language.compile(told, `${path}.messageExpression`, WANT_STRING);
    return expression ? [{ expression, message: readText(item, 'message') ?? '', messageExpression }] : [];
  });
}

const NOT_MATCHED: RuleOutcome = Object.freeze({ results: [], effects: [] });

function createRule(
  { policy, host }: PolicyCompilation,
  parts: CompiledParts,
  matches: (request: RuleInput['request']) => boolean,
): CompiledRule {
  const action = actionOf(policy);
  const emitWarning = policy.spec.validationActions.includes('Warn');
  const settle = (result: Pick<RuleResult, 'status' | 'message'> & Partial<RuleResult>): RuleOutcome => ({
    results: [{ rule: '', type: 'Validation', action, ...(emitWarning ? { emitWarning } : {}), ...result }],
    effects: [],
  });
  return Object.freeze({
    name: '',
    type: 'Validation',
    phases: PHASES,
    action: () => action,
    evaluate: (input: RuleInput) => {
      if (!matches(input.request)) return NOT_MATCHED;
      const activation = extendActivation(createActivation(input), {
        exceptions: { allowedImages: [], allowedValues: [] },
      });
      const scope: PolicyScope = { activation, host: createFactHost(input, { policy: policy.ref, host }) };
      return judge(policy, parts, scope, settle);
    },
  } as const);
}

function actionOf({ spec }: CelPolicy): FailureAction {
  return spec.validationActions.includes('Deny') ? 'Enforce' : 'Audit';
}

function judge(
  { spec }: CelPolicy,
  { conditions, variables, validations }: CompiledParts,
  outer: PolicyScope,
  settle: (result: Pick<RuleResult, 'status' | 'message'> & Partial<RuleResult>) => RuleOutcome,
): RuleOutcome {
  const matched = conditionsHold(conditions, outer);
  if (matched instanceof CelError) {
    if (spec.failurePolicy === 'Ignore') return settle({ status: 'skip', message: 'skip' });
    return settle({ status: 'error', message: `failed to load context: ${matched.message}`, rule: 'evaluation' });
  }
  if (!matched) return settle({ status: 'skip', message: 'skip' });
  const scope = withVariables(outer, variables);
  for (const [index, validation] of validations.entries()) {
    const value = validation.expression.evaluate(scope);
    if (value === true) continue;
    const properties = { 'cel.validationIndex': String(index) };
    if (value instanceof CelError) return settle({ status: 'error', message: `error: ${value.message}`, properties });
    return settle({ status: 'fail', message: messageOf(validation, index, scope), properties });
  }
  return settle({ status: 'pass', message: 'success' });
}

/** A `messageExpression` takes the message's place, also when it fails (kyverno-cel §4.2). */
function messageOf({ message, messageExpression }: Validation, index: number, scope: PolicyScope): string {
  const fallback = `CEL expression validation failed at index ${index}`;
  if (!messageExpression) return message || fallback;
  const told = messageExpression.evaluate(scope);
  if (told instanceof CelError) return `failed to evaluate message expression: ${told.message}`;
  return typeof told === 'string' && told !== '' ? told : fallback;
}
