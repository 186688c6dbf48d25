import type { CompiledPolicy, CompiledRule, Phase, RulesOfShape } from '../model/compiled-policy.ts';
import type { EvaluationRequest } from '../model/request.ts';

/** Most remembered shapes of a policy; a cluster has a few hundred, so only hostile requests reach it. */
const REMEMBERED = 1024;

/**
 * The rules of a policy that can concern a request in a phase: most of what autogen adds is about other kinds, and most
 * rules match by kind and operation alone. Those are judged at the first request of a shape, and do not ask again.
 */
export function createRulesFor(rules: readonly CompiledRule[]): NonNullable<CompiledPolicy['rulesFor']> {
  const shapes = new Map<string, RulesOfShape>();
  return (request, phase, shape) => {
    let found = shapes.get(shape);
    if (found === undefined) {
      found = ofShape(rules.flatMap((rule) => concerning(rule, request, phase) ?? []));
      if (shapes.size >= REMEMBERED) shapes.clear();
      shapes.set(shape, found);
    }
    return found;
  };
}

function ofShape(rules: readonly CompiledRule[]): RulesOfShape {
  const passes = rules.flatMap((rule) => rule.ofShape?.passes ?? []);
  return Object.freeze({ rules: Object.freeze(rules), passes: passes.length === rules.length ? passes : undefined });
}

function concerning(rule: CompiledRule, request: EvaluationRequest, phase: Phase): CompiledRule | undefined {
  if (!rule.phases.has(phase) || rule.kinds?.has(request.kind.kind) === false) return undefined;
  if (!rule.ofShape) return rule;
  return rule.ofShape.matches(request, phase) ? { ...rule, evaluate: rule.ofShape.evaluate } : undefined;
}
