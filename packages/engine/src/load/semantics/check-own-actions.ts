import type { JsonObject } from '../../kernel/json.ts';
import { toFailureAction } from '../../model/failure-action.ts';
import { readObject, readObjects, readText } from '../../model/read-json.ts';
import type { Problems } from './problems.ts';

const STAYS = 'Audit stays in force for this rule, whatever spec.validationFailureAction says';

/**
 * A policy promoted as a whole whose rules say Audit themselves: these go on auditing (kyverno-core §4.2), which who flips
 * the one field takes for enforced.
 */
export function checkOwnActions(spec: JsonObject, problems: Problems): void {
  if (toFailureAction(readText(spec, 'validationFailureAction')) !== 'Enforce') return;
  for (const [index, rule] of readObjects(spec, 'rules').entries()) {
    const path = `spec.rules[${index}]`;
    const own: readonly (readonly [string, JsonObject | undefined])[] = [
      [`${path}.validate`, readObject(rule, 'validate')],
      ...readObjects(rule, 'verifyImages').map((entry, at) => [`${path}.verifyImages[${at}]`, entry] as const),
    ];
    for (const [place, holder] of own) {
      if (toFailureAction(readText(holder, 'failureAction')) !== 'Audit') continue;
      problems.warning(`${place}.failureAction`, STAYS, 'policy-invalid-value');
    }
  }
}
