import { CelError } from '@vouchsafe/cel';
import type { FactKind } from '../../facts/fact-request.ts';
import { isJsonObject, member } from '../../kernel/json.ts';
import {
  type AuditAnnotations,
  compileAuditAnnotations,
  evaluateAuditAnnotations,
  WANT_ANY_TEXT,
} from '../../lang/cel/audit-annotations.ts';
import { traceExpressions } from '../../lang/cel/expression-trace.ts';
import { createFactHost, extendHost } from '../../lang/cel/fact-host.ts';
import { compilePolicyExceptions, exemptedResult, type PolicyExceptions } from '../../lang/cel/policy-exceptions.ts';
import {
  createPolicyLanguage,
  EXCEPTIONS,
  type PolicyExpression,
  type PolicyScope,
} from '../../lang/cel/policy-language.ts';
import { compileConditionList, compileVariables, conditionsHold } from '../../lang/cel/policy-parts.ts';
import {
  createActivation,
  extendActivation,
  type PolicyVariables,
  withVariables,
} from '../../lang/cel/policy-scope.ts';
import { compileConstraints, constraintSelectors } from '../../match/match-constraints.ts';
import type { CompiledRule, Phase, ResourceSelector, RuleInput, RuleOutcome } from '../../model/compiled-policy.ts';
import type { PolicyRef, RuleResult } from '../../model/decision.ts';
import { readFlag, readObject } from '../../model/read-json.ts';
import type { PolicyBody, PolicyCompilation, PolicyKind } from '../policy-kind.ts';
import { compileGenerateEntries, type GenerateEntry } from './generate-entries.ts';
import { createGenerator } from './generated-objects.ts';
import { triggerLabels } from './trigger-labels.ts';

const PHASES: ReadonlySet<Phase> = new Set<Phase>(['generate']);

/** GeneratingPolicy and NamespacedGeneratingPolicy (kyverno-cel §4.4): one `create` effect an object that ought to exist. */
export const generatingPolicies: PolicyKind = {
  kinds: ['GeneratingPolicy'],
  phases: PHASES,
  compile: compileGeneratingPolicy,
};

interface GeneratingParts {
  readonly conditions: readonly PolicyExpression[];
  readonly variables: PolicyVariables;
  readonly entries: readonly GenerateEntry[];
  readonly annotations: AuditAnnotations;
  readonly needs: ReadonlySet<FactKind>;
  readonly exceptions: PolicyExceptions;
  /** What each effect says beside its object. */
  readonly settings: { readonly synchronize?: boolean; readonly serverSideApply?: boolean };
}

function compileGeneratingPolicy(compilation: PolicyCompilation): PolicyBody {
  const constraints = compilation.policy.spec.matchConstraints;
  const matcher = constraints && compileConstraints(constraints);
  const parts = compileParts(compilation);
  return {
    rules: matcher ? [createRule(compilation, parts, matcher.matches)] : [],
    selectors: constraints ? constraintSelectors(constraints, PHASES).map((one) => withDeletion(one, parts)) : [],
    concerns: (request, phase) => phase === 'generate' && matcher?.concerns(request) === true,
    needs: new Set<FactKind>([...parts.needs, 'kind-mapping']),
  };
}

/** What is kept in step with its trigger goes with it, so that its deletion has to be heard of. */
function withDeletion(selector: ResourceSelector, { settings }: GeneratingParts): ResourceSelector {
  const { operations } = selector;
  if (settings.synchronize !== true || operations.includes('DELETE')) return selector;
  return { ...selector, operations: [...operations, 'DELETE'] };
}

function compileParts({ policy, exceptions, report }: PolicyCompilation): GeneratingParts {
  const { spec, ref } = policy;
  const language = createPolicyLanguage({
    dialect: 'generating',
    namespace: ref.namespace,
    variables: { exceptions: EXCEPTIONS },
    report,
  });
  return {
    // In upstream's order: conditions know no variables (kyverno-cel §2.6).
    conditions: compileConditionList(spec.matchConditions, 'spec.matchConditions', language),
    variables: compileVariables(spec.variables, 'spec.variables', language),
    entries: compileGenerateEntries(policy, language),
    needs: language.needs,
    settings: {
      ...(readFlag(readObject(readObject(spec.written, 'evaluation'), 'synchronize'), 'enabled')
        ? { synchronize: true }
        : {}),
      ...(readFlag(spec.written, 'useServerSideApply') ? { serverSideApply: true } : {}),
    },
    annotations: compileAuditAnnotations(spec.written, language, WANT_ANY_TEXT),
    exceptions: compilePolicyExceptions(exceptions, language, {
      partial: true,
      reportResult: true,
      failurePolicy: 'Fail',
    }),
  };
}

const NOT_MATCHED: RuleOutcome = Object.freeze({ results: [], effects: [] });

function createRule(
  compilation: PolicyCompilation,
  parts: GeneratingParts,
  matches: (request: RuleInput['request']) => boolean,
): CompiledRule {
  const { policy } = compilation;
  return Object.freeze({
    name: policy.ref.name,
    type: 'Generation',
    phases: PHASES,
    action: () => 'Audit',
    evaluate: (input: RuleInput) => {
      if (!matches(input.request)) return NOT_MATCHED;
      const { host } = compilation;
      const bare = { activation: createActivation(input), host: createFactHost(input, { policy: policy.ref, host }) };
      return traceExpressions(bare, policy.ref.name, input.trace, (scope) => judge(policy.ref, parts, input, scope));
    },
  } as const);
}

function judge(ref: PolicyRef, parts: GeneratingParts, input: RuleInput, bare: PolicyScope): RuleOutcome {
  const found = parts.exceptions.find(bare, input.request.now);
  if (found instanceof CelError) return failed(ref.name, found);
  if (found.exemption) return { results: [settle({ ...exemptedResult(found.exemption) })], effects: [] };
  const activation = extendActivation(bare.activation, { exceptions: found.allowed });
  const matched = conditionsHold(parts.conditions, { ...bare, activation });
  if (matched instanceof CelError) return failed(ref.name, matched);
  if (!matched) return NOT_MATCHED;
  const generator = createGenerator({
    policy: ref,
    isClusterScoped: (apiVersion, kind) => isClusterScoped(apiVersion, kind, input),
    labels: triggerLabels(ref, input),
  });
  const scope = withVariables(
    { ...bare, activation, host: extendHost(bare.host, { generate: generator.apply }) },
    parts.variables,
  );
  for (const entry of parts.entries) {
    const problem = entry(scope, generator);
    if (problem) return failed(ref.name, problem);
  }
  const properties = evaluateAuditAnnotations(parts.annotations, scope);
  if (properties instanceof CelError) return failed(ref.name, properties);
  const told = Object.keys(properties).length > 0 ? { properties } : {};
  return {
    results: [settle({ rule: ref.name, status: 'pass', message: 'policy evaluated successfully', ...told })],
    effects: generator.objects().map((resource) => ({ kind: 'create', resource, rule: ref.name, ...parts.settings })),
  };
}

function settle(result: Pick<RuleResult, 'rule' | 'status' | 'message'> & Partial<RuleResult>): RuleResult {
  return { type: 'Generation', action: 'Audit', ...result };
}

/** Nothing of what was generated before the error is kept. */
function failed(rule: string, { message }: CelError): RuleOutcome {
  return {
    results: [settle({ rule, status: 'error', message: `failed to evaluate policy: ${message}` })],
    effects: [],
  };
}

/** What only a cluster knows; among files a kind nobody knows is taken as namespaced, as Kyverno's CLI does. */
function isClusterScoped(apiVersion: string, kind: string, { facts, request }: RuleInput): boolean | CelError {
  const fact = facts.get({ kind: 'kind-mapping', apiVersion, resourceKind: kind });
  if (fact.ok) return isJsonObject(fact.value) && member(fact.value, 'namespaced') === false;
  if (request.standIns !== undefined) return false;
  return new CelError(`failed to map kind to resource: ${fact.message}`);
}
