import { type Diagnostic, isError } from '../kernel/diagnostics/diagnostic.ts';
import type { CompiledRule, RuleInput } from '../model/compiled-policy.ts';
import type { RuleBody } from '../rules/rule-kind.ts';
import { compileParts, compileRule, type RulePlan, type RuleTools } from './compile-rule.ts';
import { compileFailureAction } from './failure-action.ts';
import { createRule } from './rule-pipeline.ts';
import { literalKinds } from './selectors.ts';

/**
 * A rule that autogen made, compiled when a first object of its kinds comes. The rule it was made from compiled without
 * a word, so this one will as well; should it not, then it errs wherever it matches.
 *
 * @param source the compiled rule it was made from
 * @returns `undefined` for a rule that has to be compiled at once: one of another kind than validate, or for any kind
 */
export function deferRule(plan: RulePlan, tools: RuleTools, source: CompiledRule): CompiledRule | undefined {
  const { rule, policy } = plan;
  const kinds = literalKinds(rule);
  if (!rule.validate || source.type !== 'Validation' || !kinds) return undefined;
  let known: CompiledRule | undefined;
  const compiled = (): CompiledRule => {
    known ??= compileLate(plan, tools, source);
    return known;
  };
  return Object.freeze({
    name: rule.name,
    type: source.type,
    phases: source.phases,
    action: compileFailureAction(rule, policy.spec),
    kinds,
    get ofShape() {
      return compiled().ofShape;
    },
    evaluate: (input: RuleInput) => compiled().evaluate(input),
  });
}

function compileLate(plan: RulePlan, tools: RuleTools, { type, phases }: CompiledRule): CompiledRule {
  const diagnostics: Diagnostic[] = [];
  const compiled = compileRule({ ...plan, report: (diagnostic) => diagnostics.push(diagnostic) }, tools);
  const error = diagnostics.find(isError);
  if (compiled && !error) return compiled;
  const message = error?.message ?? 'the rule cannot be compiled';
  const body: RuleBody = { type, phases, evaluate: () => ({ status: 'error', message }) };
  const parts = compileParts({ ...plan, report: () => undefined }, tools);
  return createRule({ ...parts, body, warnsAlways: false });
}
