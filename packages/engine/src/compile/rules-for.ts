import type { CompiledPolicy, CompiledRule, Phase } from '../model/compiled-policy.ts';

/** Most remembered kinds of a policy and phase; a cluster has a few hundred, so only hostile requests reach it. */
const REMEMBERED = 512;

/**
 * The rules of a policy that can concern a kind in a phase: most of what autogen adds is about other kinds. Computed at
 * the first request about a kind.
 */
export function createRulesFor(rules: readonly CompiledRule[]): NonNullable<CompiledPolicy['rulesFor']> {
  const phases = new Map<Phase, Map<string, readonly CompiledRule[]>>();
  return (phase, kind) => {
    const known = phases.get(phase)?.get(kind);
    if (known) return known;
    const found = rules.filter((rule) => rule.phases.has(phase) && (rule.kinds?.has(kind) ?? true));
    let kinds = phases.get(phase);
    if (!kinds || kinds.size >= REMEMBERED) {
      kinds = new Map();
      phases.set(phase, kinds);
    }
    kinds.set(kind, found);
    return found;
  };
}
