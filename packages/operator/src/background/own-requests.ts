import { type CompiledPolicy, type PolicyRef, policyId } from '@vouchsafe/engine';
import { type JsonObject, memberAt } from '@vouchsafe/engine/kernel';
import type { StoredPolicy } from '../store/policy-store.ts';

/**
 * What of a policy our own requests may trigger, too: `true` for all of it, or the names of rules. Nothing unless it says
 * `skipBackgroundRequests: false`: what a policy makes would trigger others, and in the end itself.
 */
export function triggeredByOwn(document: JsonObject): true | ReadonlySet<string> | undefined {
  if (memberAt(document, 'spec', 'evaluation', 'skipBackgroundRequests') === false) return true;
  const rules = memberAt(document, 'spec', 'rules');
  const names = (Array.isArray(rules) ? rules : []).flatMap((rule) => {
    const name = memberAt(rule, 'name');
    const isHeeding = memberAt(rule, 'skipBackgroundRequests') === false && typeof name === 'string';
    return isHeeding ? [name, `autogen-${name}`, `autogen-cronjob-${name}`] : [];
  });
  return names.length === 0 ? undefined : new Set(names);
}

/** The same of one that is compiled. */
export function heedingRules(ref: PolicyRef, stored: readonly StoredPolicy[]): ReturnType<typeof triggeredByOwn> {
  const found = stored.find(({ compiled }) => compiled && policyId(compiled.ref) === policyId(ref));
  return found && triggeredByOwn(found.document);
}

/** What of policies a request of our own is about: MutatingPolicies do not undo what others have us do, unless they say so. */
export function heedingOwn(
  policies: readonly CompiledPolicy[],
  stored: readonly StoredPolicy[],
): readonly CompiledPolicy[] {
  return policies.filter(({ ref }) => !ref.kind.endsWith('MutatingPolicy') || heedingRules(ref, stored) === true);
}
