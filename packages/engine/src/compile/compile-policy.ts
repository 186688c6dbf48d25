import type { FactKind } from '../facts/fact-request.ts';
import { type Diagnostic, isError } from '../kernel/diagnostics/diagnostic.ts';
import type { JsonObject } from '../kernel/json.ts';
import type { CompiledPolicy, CompiledRule, Phase } from '../model/compiled-policy.ts';
import type { FailureAction, Standing } from '../model/decision.ts';
import { isInScope } from '../model/object-scope.ts';
import type { LegacyPolicy, PolicyException, Rule } from '../model/policy.ts';
import { readObject, readObjects } from '../model/read-json.ts';
import type { EvaluationRequest } from '../model/request.ts';
import { toRule } from '../model/rule-document.ts';
import { generateAutogenRules, isAutogenName } from './autogen.ts';
import { compileRule, type RuleTools } from './compile-rule.ts';
import { deferRule } from './deferred-rule.ts';
import type { Compilation } from './engine.ts';
import { factNeeds } from './fact-needs.ts';
import { type ActionResolver, canEnforce } from './failure-action.ts';
import { compilePolicyConditions } from './policy-conditions.ts';
import { createRulesFor } from './rules-for.ts';
import { compileSelectors, toSelectors } from './selectors.ts';

/** A rule to compile, and when it is looked at: autogen is computed kind by kind in validate, for all kinds elsewhere. */
interface PlannedRule {
  readonly rule: Rule;
  /** Of one that autogen made: the place of the rule it was made from. */
  readonly source?: number;
  readonly isFor: (phase: Phase, kind: string) => boolean;
}

type CompiledPlan = PlannedRule & { readonly compiled: CompiledRule };

/** For a generated rule the one it was made from, which is compiled before it. */
function sourceOf({ source }: PlannedRule, compiled: readonly CompiledPlan[]): CompiledRule | undefined {
  return source === undefined ? undefined : compiled[source]?.compiled;
}

const ALWAYS = (): boolean => true;

/** Compiles a ClusterPolicy or Policy with the rules autogen adds. A policy with an error does not run at all. */
export function compileLegacyPolicy(
  policy: LegacyPolicy,
  exceptions: readonly PolicyException[],
  tools: RuleTools,
): Compilation {
  const diagnostics: Diagnostic[] = [];
  const report = (diagnostic: Diagnostic): void => {
    diagnostics.push(withRange(diagnostic, policy));
  };
  const matchConditions = compilePolicyConditions(policy, report);
  const written = readObjects(readObject(policy.document, 'spec'), 'rules');
  const generated = generateAutogenRules(written, policy.annotations);
  const compiled: CompiledPlan[] = [];
  for (const plan of planRules(policy, written.length, generated)) {
    const whole = { policy, ...plan, exceptions, report };
    const source = tools.defersGenerated && diagnostics.length === 0 ? sourceOf(plan, compiled) : undefined;
    const body = (source && deferRule(whole, tools, source)) ?? compileRule(whole, tools);
    if (body) compiled.push({ ...plan, compiled: body });
  }
  if (diagnostics.some(isError)) return { diagnostics };
  const rules = compiled.map((entry) => ({ rule: entry.rule, phases: entry.compiled.phases }));
  const needs = new Set<FactKind>();
  for (const rule of written) factNeeds(rule, needs);
  return {
    compiled: assemble(
      policy,
      compiled,
      rules,
      needs,
      generated.map(({ document }) => document),
      matchConditions,
    ),
    diagnostics,
  };
}

function withRange(diagnostic: Diagnostic, policy: LegacyPolicy): Diagnostic {
  const range = diagnostic.range ?? policy.sources(diagnostic.path ?? '');
  return range ? { ...diagnostic, range } : diagnostic;
}

/**
 * The rules in Kyverno's order: those written, then what autogen made of each. When something was generated, rules that
 * a user named `autogen-…` are dropped: in validate for the kinds it was generated for, elsewhere always.
 */
function planRules(
  policy: LegacyPolicy,
  count: number,
  generated: ReturnType<typeof generateAutogenRules>,
): readonly PlannedRule[] {
  const covered = new Set(generated.flatMap(({ controllers }) => [...controllers]));
  const own = policy.spec.rules.slice(0, count).map((rule): PlannedRule => {
    const isDropped = generated.length > 0 && isAutogenName(rule.name);
    return { rule, isFor: isDropped ? (phase, kind) => phase === 'validate' && !covered.has(kind) : ALWAYS };
  });
  const added = generated.map(({ source, controllers, document }): PlannedRule => {
    const rule = toRule(document, `spec.rules[${source}]`);
    return { rule, source, isFor: (phase, kind) => phase !== 'validate' || controllers.has(kind) };
  });
  return [...own, ...added];
}

function assemble(
  policy: LegacyPolicy,
  compiled: readonly CompiledPlan[],
  rules: readonly { readonly rule: Rule; readonly phases: ReadonlySet<Phase> }[],
  needs: ReadonlySet<FactKind>,
  autogenRules: readonly JsonObject[],
  matchConditions: CompiledPolicy['matchConditions'],
): CompiledPolicy {
  const { ref, spec, annotations, labels } = policy;
  const selects = compileSelectors(rules);
  const own = Object.freeze(compiled.map((entry) => entry.compiled));
  return Object.freeze({
    ref,
    failurePolicy: spec.failurePolicy,
    canEnforce: rules.some(({ rule }) => canEnforce(rule, spec)),
    background: spec.background,
    admission: spec.admission,
    applyRules: spec.applyRules,
    timeoutSeconds: spec.timeoutSeconds,
    selectors: Object.freeze(rules.flatMap(({ rule, phases }) => toSelectors(rule, phases))),
    matches: (request: EvaluationRequest, phase: Phase) => isInScope(ref, request) && selects(request, phase),
    ...(ref.namespace === undefined ? {} : { inScope: (request: EvaluationRequest) => isInScope(ref, request) }),
    ...(matchConditions ? { matchConditions } : {}),
    standing: createStanding(own, spec.emitWarning),
    rules: own,
    rulesFor: createRulesFor(own),
    needs,
    autogenRules: Object.freeze(autogenRules),
    annotations,
    labels,
    emitWarning: spec.emitWarning,
  });
}

/** In validate: enforcing or verifying images takes part, `emitWarning` warns, the rest is for reports. */
function createStanding(rules: readonly CompiledRule[], emitWarning: boolean): CompiledPolicy['standing'] {
  const validating = rules.filter(({ phases }) => phases.has('validate'));
  const takesPart = validating.some(({ type, action }) => type === 'ImageVerify' || constantOf(action) === 'Enforce');
  const varying = validating.map(({ action }) => action).filter((action) => constantOf(action) === undefined);
  const otherwise: Standing = emitWarning ? 'warn' : 'audit';
  const constant = takesPart ? 'enforce' : otherwise;
  if (takesPart || varying.length === 0) {
    return Object.assign((_: EvaluationRequest, phase: Phase) => (phase === 'validate' ? constant : 'enforce'), {
      isConstant: true,
    });
  }
  return (request, phase) => {
    if (phase !== 'validate') return 'enforce';
    return varying.some((action) => action(request) === 'Enforce') ? 'enforce' : otherwise;
  };
}

function constantOf(action: ActionResolver): FailureAction | undefined {
  return action.constant;
}
