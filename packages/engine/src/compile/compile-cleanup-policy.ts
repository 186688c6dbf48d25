import type { FactKind } from '../facts/fact-request.ts';
import { type Diagnostic, isError } from '../kernel/diagnostics/diagnostic.ts';
import { EvaluationError } from '../kernel/evaluation-error.ts';
import { parseSchedule } from '../kernel/schedule/parse-schedule.ts';
import { type Conditions, compileConditions } from '../lang/conditions/compile-conditions.ts';
import { type ContextEntries, compileContext } from '../lang/variables/compile-context.ts';
import { createScope } from '../lang/variables/create-scope.ts';
import { compileMatch, type MatchPredicate } from '../match/match-resources.ts';
import { deletion } from '../model/cleanup-plan.ts';
import type { CleanupPolicy } from '../model/cleanup-policy.ts';
import type { CompiledPolicy, CompiledRule, Phase, RuleInput, RuleOutcome } from '../model/compiled-policy.ts';
import type { EvaluationRequest } from '../model/request.ts';
import type { RuleTools } from './compile-rule.ts';
import type { Compilation } from './engine.ts';
import { factNeeds } from './fact-needs.ts';
import { createRulesFor } from './rules-for.ts';
import { selectorsOf } from './selectors.ts';

const PHASES: ReadonlySet<Phase> = new Set<Phase>(['delete']);

/** Compiles a CleanupPolicy or ClusterCleanupPolicy: match, exclude, context and conditions are those of rules. */
export function compileCleanupPolicy(policy: CleanupPolicy, tools: RuleTools): Compilation {
  const { spec, ref } = policy;
  const diagnostics: Diagnostic[] = [];
  const report = (diagnostic: Diagnostic): void => {
    const range = diagnostic.range ?? policy.sources(diagnostic.path ?? '');
    diagnostics.push(range ? { ...diagnostic, range } : diagnostic);
  };
  const at = (path: string) => ({ host: tools.host, report, path });
  const parts: CleanupParts = {
    match: compileMatch(spec.match, spec.exclude, 'cleanup'),
    context: compileContext(spec.context, ref, at('spec.context')),
    conditions: spec.conditions === undefined ? undefined : compileConditions(spec.conditions, at('spec.conditions')),
  };
  const schedule = parseSchedule(spec.schedule, 'standard');
  if (typeof schedule === 'string') {
    const message = `schedule spec in the cleanupPolicy is not in proper cron format: ${schedule}`;
    report({ code: 'policy-invalid-value', severity: 'error', message, path: 'spec.schedule' });
  }
  if (typeof schedule === 'string' || diagnostics.some(isError)) return { diagnostics };
  const rules = Object.freeze([createRule(policy, parts, tools)]);
  const compiled: CompiledPolicy = Object.freeze({
    ref,
    failurePolicy: 'Ignore',
    canEnforce: false,
    background: true,
    admission: false,
    applyRules: 'All',
    timeoutSeconds: undefined,
    selectors: Object.freeze(selectorsOf(spec.match, PHASES)),
    matches: (request: EvaluationRequest, phase: Phase) => phase === 'delete' && isInScope(policy, request),
    standing: () => 'audit',
    rules,
    rulesFor: createRulesFor(rules),
    needs: factNeeds({ context: [...spec.context] }, new Set<FactKind>()),
    autogenRules: [],
    annotations: policy.annotations,
    labels: policy.labels,
    emitWarning: false,
    cleanup: { schedule, propagationPolicy: spec.propagationPolicy },
  } satisfies CompiledPolicy);
  return { compiled, diagnostics };
}

interface CleanupParts {
  readonly match: MatchPredicate;
  readonly context: ContextEntries;
  readonly conditions: Conditions | undefined;
}

const NOT_MATCHED: RuleOutcome = Object.freeze({ results: [], effects: [] });

function createRule({ ref }: CleanupPolicy, parts: CleanupParts, tools: RuleTools): CompiledRule {
  const { match, context, conditions } = parts;
  return Object.freeze({
    name: ref.name,
    type: 'Deletion',
    phases: PHASES,
    action: () => 'Audit',
    evaluate: (input: RuleInput): RuleOutcome => {
      if (!match.matches(input.request, input.resource)) return NOT_MATCHED;
      const root = createScope(input, { ...tools, rule: ref.name }).with({ target: input.resource });
      const held = conditions?.evaluate(context.attach(root, input.facts));
      if (held instanceof EvaluationError) return deletion(ref.name, held.message, input.request);
      return deletion(ref.name, held?.value ?? true, input.request);
    },
  });
}

/** A CleanupPolicy is about objects of its namespace. */
function isInScope({ ref }: CleanupPolicy, { namespace, kind }: EvaluationRequest): boolean {
  if (ref.namespace === undefined) return true;
  return namespace === ref.namespace && !(kind.kind === 'Namespace' && kind.group === '');
}
