import { CelError, readVariable } from '@vouchsafe/cel';
import type { FactKind } from '../../facts/fact-request.ts';
import { parseSchedule } from '../../kernel/schedule/parse-schedule.ts';
import { createFactHost } from '../../lang/cel/fact-host.ts';
import { compilePolicyExceptions, type PolicyExceptions } from '../../lang/cel/policy-exceptions.ts';
import {
  createPolicyLanguage,
  EXCEPTIONS,
  type PolicyExpression,
  type PolicyScope,
} from '../../lang/cel/policy-language.ts';
import { compileConditionList, compileVariables, conditionsHold } from '../../lang/cel/policy-parts.ts';
import { createActivation, type PolicyVariables, withVariables } from '../../lang/cel/policy-scope.ts';
import { compileConstraints, constraintSelectors } from '../../match/match-constraints.ts';
import { toNamedExpressions } from '../../model/cel-policy-document.ts';
import { type CleanupPlan, deletion, toPropagationPolicy } from '../../model/cleanup-plan.ts';
import type { CompiledRule, Phase, RuleInput, RuleOutcome } from '../../model/compiled-policy.ts';
import { readText } from '../../model/read-json.ts';
import type { PolicyBody, PolicyCompilation, PolicyKind } from '../policy-kind.ts';

const PHASES: ReadonlySet<Phase> = new Set<Phase>(['delete']);

/** DeletingPolicy and NamespacedDeletingPolicy (kyverno-cel §4.5): a `delete` effect for what matches and meets the conditions. */
export const deletingPolicies: PolicyKind = {
  kinds: ['DeletingPolicy'],
  phases: PHASES,
  compile: compileDeletingPolicy,
};

interface DeletingParts {
  readonly variables: PolicyVariables;
  readonly conditions: readonly PolicyExpression[];
  readonly exceptions: PolicyExceptions;
  readonly needs: ReadonlySet<FactKind>;
}

function compileDeletingPolicy(compilation: PolicyCompilation): PolicyBody {
  const constraints = compilation.policy.spec.matchConstraints;
  // Whatever operations the rules name, they are about what exists.
  const matcher = constraints && compileConstraints(constraints, { anyOperation: true });
  const parts = compileParts(compilation);
  const cleanup = toPlan(compilation);
  return {
    rules: matcher ? [createRule(compilation, parts, matcher.matches)] : [],
    selectors: constraints ? constraintSelectors(constraints, PHASES) : [],
    concerns: (request, phase) => phase === 'delete' && matcher?.concerns(request) === true,
    needs: parts.needs,
    ...(cleanup ? { cleanup } : {}),
  };
}

function toPlan({ policy: { spec }, report }: PolicyCompilation): CleanupPlan | undefined {
  const schedule = parseSchedule(readText(spec.written, 'schedule') ?? '', 'cronexpr');
  if (typeof schedule !== 'string') {
    return { schedule, propagationPolicy: toPropagationPolicy(readText(spec.written, 'deletionPropagationPolicy')) };
  }
  const message = `schedule spec in the deletingPolicy is not in proper cron format: ${schedule}`;
  report({ code: 'policy-invalid-value', severity: 'error', message, path: 'spec.schedule' });
  return undefined;
}

function compileParts({ policy, exceptions, report }: PolicyCompilation): DeletingParts {
  const { spec, ref } = policy;
  const language = createPolicyLanguage({
    dialect: 'deleting',
    namespace: ref.namespace,
    variables: { exceptions: EXCEPTIONS },
    report,
  });
  const variables = compileVariables(spec.variables, 'spec.variables', language);
  return {
    variables,
    needs: language.needs,
    // Unlike those of other kinds they know the variables (kyverno-cel §2.6).
    conditions: compileConditionList(toNamedExpressions(spec.written, 'conditions'), 'spec.conditions', language),
    exceptions: compilePolicyExceptions(exceptions, language, {
      partial: false,
      reportResult: false,
      failurePolicy: 'Fail',
    }),
  };
}

const NOT_MATCHED: RuleOutcome = Object.freeze({ results: [], effects: [] });

function createRule(
  { policy, host }: PolicyCompilation,
  parts: DeletingParts,
  matches: (request: RuleInput['request']) => boolean,
): CompiledRule {
  const { ref } = policy;
  return Object.freeze({
    name: ref.name,
    type: 'Deletion',
    phases: PHASES,
    action: () => 'Audit',
    evaluate: (input: RuleInput) => {
      if (!matches(input.request)) return NOT_MATCHED;
      const outer = { activation: createTargetActivation(input), host: createFactHost(input, { policy: ref, host }) };
      const scope = withVariables(outer, parts.variables);
      return deletion(ref.name, isDoomed(parts, scope, input.request.now), input.request);
    },
  } as const);
}

/** Nobody asks, so there is no request and no old object to look at (kyverno-cel §2.3). */
function createTargetActivation(input: RuleInput): PolicyScope['activation'] {
  const all = createActivation(input);
  return {
    get object() {
      return readVariable(all, 'object');
    },
    get namespaceObject() {
      return readVariable(all, 'namespaceObject');
    },
  };
}

/** What is excepted stays, and so does what cannot be told: the text then says why. */
function isDoomed({ exceptions, conditions }: DeletingParts, scope: PolicyScope, now: number): boolean | string {
  const found = exceptions.find(scope, now);
  if (found instanceof CelError) return found.message;
  if (found.exemption) return false;
  const held = conditionsHold(conditions, scope);
  return held instanceof CelError ? held.message : held;
}
