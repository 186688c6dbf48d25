import type { Diagnostic } from '../kernel/diagnostics/diagnostic.ts';
import type { EngineHost } from '../kernel/host.ts';
import { isJsonArray, type Json } from '../kernel/json.ts';
import { compileByOperation } from '../lang/conditions/by-operation.ts';
import { compileConditions } from '../lang/conditions/compile-conditions.ts';
import { compileContext } from '../lang/variables/compile-context.ts';
import { compileTemplate } from '../lang/variables/compile-template.ts';
import { createScope } from '../lang/variables/create-scope.ts';
import { compileMatch } from '../match/match-resources.ts';
import type { CompiledRule, Phase, RuleInput } from '../model/compiled-policy.ts';
import type { LegacyPolicy, PolicyException, Rule } from '../model/policy.ts';
import type { RuleKind } from '../rules/rule-kind.ts';
import type { ImageDefaults } from './engine.ts';
import { compileExceptions } from './exceptions.ts';
import { compileFailureAction } from './failure-action.ts';
import { createRule, type RuleParts } from './rule-pipeline.ts';
import { literalKinds } from './selectors.ts';

export interface RuleTools {
  readonly host: EngineHost;
  readonly ruleKinds: readonly RuleKind[];
  readonly images?: ImageDefaults;
  readonly maxContextSize?: number;
  readonly resolveRequestVariables?: boolean;
  readonly defersGenerated?: boolean;
}

export interface RulePlan {
  readonly policy: LegacyPolicy;
  readonly rule: Rule;
  readonly isFor: (phase: Phase, kind: string) => boolean;
  readonly exceptions: readonly PolicyException[];
  readonly report: (diagnostic: Diagnostic) => void;
}

/** Compiles a rule by its kind; `undefined`, with a diagnostic, when no kind reads it. */
export function compileRule(plan: RulePlan, tools: RuleTools): CompiledRule | undefined {
  const { policy, rule, report } = plan;
  const kind = tools.ruleKinds.find(({ reads }) => reads(rule));
  if (!kind) {
    report(unreadRule(rule));
    return undefined;
  }
  const { host, images } = tools;
  const body = kind.compile({ policy, rule, host, report, ...(images ? { images } : {}) });
  return createRule({
    ...compileParts(plan, tools),
    body,
    warnsAlways: kind.name === 'mutate' && policy.spec.emitWarning,
  });
}

/** A generate rule denies nothing, so the rest of its policy runs without it; any other rule nobody reads is an error. */
function unreadRule(rule: Rule): Diagnostic {
  return {
    code: 'policy-unsupported',
    severity: rule.generate ? 'warning' : 'error',
    message: `rule \`${rule.name}\` is of a kind that this version does not execute`,
    path: rule.path,
  };
}

/** All of a rule but its body. */
export function compileParts(plan: RulePlan, tools: RuleTools): Omit<RuleParts, 'body' | 'warnsAlways'> {
  const { policy, rule, isFor, exceptions, report } = plan;
  const { host } = tools;
  const at = (part: string): { host: EngineHost; report: typeof report; path: string } => ({
    host,
    report,
    path: `${rule.path}.${part}`,
  });
  const scoping = { ...tools, rule: rule.name };
  const preconditions = hasConditions(rule.preconditions)
    ? compileConditions(rule.preconditions, at('preconditions'))
    : undefined;
  return {
    name: rule.name,
    action: compileFailureAction(rule, policy.spec),
    match: compileMatch(rule.match, rule.exclude),
    kinds: literalKinds(rule),
    isFor,
    createScope: (input: RuleInput) => createScope(input, scoping),
    context: compileContext(rule.context, policy.ref, at('context')),
    preconditions,
    // Context entries may hide the operation.
    preconditionsOf:
      preconditions && rule.context.length === 0 ? compileByOperation(rule.preconditions, preconditions) : undefined,
    exceptions: compileExceptions(exceptions, policy.ref, rule.name, { host }),
    isPodSecurity: rule.validate?.['podSecurity'] !== undefined,
    reportProperties: compileProperties(rule, at('reportProperties')),
    source: policy.sources(rule.path),
  };
}

function hasConditions(conditions: Json | undefined): boolean {
  return conditions !== undefined && !(isJsonArray(conditions) && conditions.length === 0);
}

function compileProperties(
  { reportProperties }: Rule,
  tools: { readonly host: EngineHost },
): RuleParts['reportProperties'] {
  if (Object.keys(reportProperties).length === 0) return undefined;
  const written = { ...reportProperties };
  return { written, template: compileTemplate(written, tools) };
}
