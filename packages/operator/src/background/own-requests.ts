import { type JsonObject, memberAt } from '@vouchsafe/engine/kernel';

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
