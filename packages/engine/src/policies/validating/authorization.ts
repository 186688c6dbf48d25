import { AUTHORIZATION_TYPES, type AuthorizationMode, CelError, celTypes, readVerdict } from '@vouchsafe/cel';
import { checkRequestOf } from '../../lang/cel/check-request.ts';
import { traceExpressions } from '../../lang/cel/expression-trace.ts';
import { createFactHost } from '../../lang/cel/fact-host.ts';
import {
  createPolicyLanguage,
  type PolicyExpression,
  type PolicyLanguage,
  type PolicyScope,
  type WantedType,
} from '../../lang/cel/policy-language.ts';
import { compileConditionList, compileVariables, conditionsHold } from '../../lang/cel/policy-parts.ts';
import { type PolicyVariables, withVariables } from '../../lang/cel/policy-scope.ts';
import type { CelPolicySpec } from '../../model/cel-policy.ts';
import type { CompiledRule, RuleInput, RuleOutcome } from '../../model/compiled-policy.ts';
import type { FailureAction, FailurePolicy, RuleResult } from '../../model/decision.ts';
import { readObjects, readText } from '../../model/read-json.ts';
import type { EvaluationRequest } from '../../model/request.ts';
import type { PolicyBody, PolicyCompilation } from '../policy-kind.ts';
import { PHASES } from './create-rule.ts';

/** A policy of mode `Envoy` or `HTTP`, compiled. */
interface AuthorizationParts {
  readonly failurePolicy: FailurePolicy;
  readonly conditions: readonly PolicyExpression[];
  readonly variables: PolicyVariables;
  /** Each gives an answer, or null when it has none. */
  readonly answers: readonly PolicyExpression[];
}

type Verdict = Pick<RuleResult, 'status' | 'message'>;

const NO_MATCH: Verdict = Object.freeze({ status: 'skip', message: 'request does not match' });
const ALLOWED: Verdict = Object.freeze({ status: 'pass', message: 'request allowed' });
const NOT_MATCHED: RuleOutcome = Object.freeze({ results: [], effects: [] });

/**
 * A policy that an authorization server is asked for (kyverno-cel §8.2): it judges the CheckRequests of its mode, which are
 * payloads of the command line, and nothing else. Constraints, messages and exceptions are not looked at.
 */
export function compileForAuthorization(compilation: PolicyCompilation, mode: AuthorizationMode): PolicyBody {
  const { policy, report } = compilation;
  if (policy.ref.namespace !== undefined) {
    const message = `policies of mode \`${mode}\` are ValidatingPolicies, in no namespace`;
    report({ code: 'policy-unsupported', severity: 'error', message, path: 'spec.evaluation.mode' });
  }
  const language = createPolicyLanguage({
    dialect: mode === 'Envoy' ? 'envoy' : 'http',
    namespace: undefined,
    variables: { object: AUTHORIZATION_TYPES[mode].request },
    report,
  });
  const parts = compileParts(policy.spec, language, mode);
  const matches = ({ payload, checkedBy }: EvaluationRequest): boolean => payload === true && checkedBy === mode;
  return {
    rules: [createAuthorizationRule(compilation, parts, mode, matches)],
    selectors: [],
    concerns: (request, phase) => phase === 'validate' && matches(request),
    needs: language.needs,
  };
}

/** Conditions come first: they know no variables. */
function compileParts(spec: CelPolicySpec, language: PolicyLanguage, mode: AuthorizationMode): AuthorizationParts {
  const { failurePolicy, matchConditions, variables, written } = spec;
  const { response } = AUTHORIZATION_TYPES[mode];
  const wanted: WantedType = {
    types: [response, celTypes.NULL_TYPE],
    message: `rule response output is expected to be of type ${response.name}`,
  };
  return {
    failurePolicy,
    conditions: compileConditionList(matchConditions, 'spec.matchConditions', language),
    variables: compileVariables(variables, 'spec.variables', language),
    answers: readObjects(written, 'validations').flatMap(
      (item, index) =>
        language.compile(readText(item, 'expression') ?? '', `spec.validations[${index}].expression`, wanted) ?? [],
    ),
  };
}

function createAuthorizationRule(
  { policy, host }: PolicyCompilation,
  parts: AuthorizationParts,
  mode: AuthorizationMode,
  matches: (request: EvaluationRequest) => boolean,
): CompiledRule {
  const { name } = policy.ref;
  const action: FailureAction = policy.spec.validationActions.includes('Deny') ? 'Enforce' : 'Audit';
  return Object.freeze({
    name,
    type: 'Validation',
    phases: PHASES,
    action: () => action,
    evaluate: (input: RuleInput): RuleOutcome => {
      const isMatched = matches(input.request);
      input.trace?.({ rule: name, step: 'match', outcome: isMatched ? 'yes' : 'no', detail: `requests of ${mode}` });
      if (!isMatched) return NOT_MATCHED;
      const scope: PolicyScope = {
        activation: { object: checkRequestOf(mode, input.resource) },
        host: createFactHost(input, { policy: policy.ref, host }),
      };
      const verdict = input.trace
        ? traceExpressions(scope, name, input.trace, (traced) => judge(parts, traced))
        : judge(parts, scope);
      return { results: [{ rule: name, type: 'Validation', action, ...verdict }], effects: [] };
    },
  });
}

/** The first answer decides. What fails decides nothing where `failurePolicy` says so. */
function judge(parts: AuthorizationParts, scope: PolicyScope): Verdict {
  const verdict = decide(parts, scope);
  if (!(verdict instanceof CelError)) return verdict;
  return parts.failurePolicy === 'Ignore' ? NO_MATCH : { status: 'error', message: verdict.message };
}

function decide({ conditions, variables, answers }: AuthorizationParts, bare: PolicyScope): Verdict | CelError {
  const matched = conditionsHold(conditions, bare);
  if (matched instanceof CelError) return matched;
  if (!matched) return NO_MATCH;
  const scope = withVariables(bare, variables);
  for (const answer of answers) {
    const value = answer.evaluate(scope);
    if (value instanceof CelError) return value;
    if (value === null) continue;
    const verdict = readVerdict(value);
    if (verdict instanceof CelError) return verdict;
    if (verdict.isAllowed) return ALLOWED;
    const why = 'reason' in verdict ? `, reason: ${verdict.reason}` : ` with status code ${verdict.statusCode}`;
    return { status: 'fail', message: `request denied${why}` };
  }
  return NO_MATCH;
}
