import type { CompiledPolicy, CompiledRule, Phase } from '../model/compiled-policy.ts';
import type { EvaluationRequest } from '../model/request.ts';

/** Most remembered shapes of a policy and phase; a cluster has a few hundred, so only hostile requests reach it. */
const REMEMBERED = 512;

/**
 * The rules of a policy that can concern a request in a phase: most of what autogen adds is about other kinds, and most
 * rules match by kind and operation alone. Those are judged at the first request of a shape, and do not ask again.
 */
export function createRulesFor(rules: readonly CompiledRule[]): NonNullable<CompiledPolicy['rulesFor']> {
  const phases = new Map<Phase, Map<string, readonly CompiledRule[]>>();
  return (request, phase, shape) => {
    const known = phases.get(phase)?.get(shape);
    if (known) return known;
    const found = Object.freeze(rules.flatMap((rule) => concerning(rule, request, phase) ?? []));
    let shapes = phases.get(phase);
    if (!shapes || shapes.size >= REMEMBERED) {
      shapes = new Map();
      phases.set(phase, shapes);
    }
    shapes.set(shape, found);
    return found;
  };
}

function concerning(rule: CompiledRule, request: EvaluationRequest, phase: Phase): CompiledRule | undefined {
  if (!rule.phases.has(phase) || rule.kinds?.has(request.kind.kind) === false) return undefined;
  if (!rule.ofShape) return rule;
  return rule.ofShape.matches(request, phase) ? { ...rule, evaluate: rule.ofShape.evaluate } : undefined;
}
