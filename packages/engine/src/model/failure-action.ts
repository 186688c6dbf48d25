import type { JsonObject } from '../kernel/json.ts';
import type { FailureAction } from './decision.ts';
import type { FailureActionOverride, LabelSelector } from './policy.ts';
import { readObject, readObjects, readText, readTextMap, readTexts } from './read-json.ts';

/** `Enforce` and `Audit` in either case; `undefined` for anything else. */
export function toFailureAction(text: string | undefined): FailureAction | undefined {
  if (text === 'Enforce' || text === 'enforce') return 'Enforce';
  if (text === 'Audit' || text === 'audit') return 'Audit';
  return undefined;
}

/** Overrides of a policy or rule; one without a valid action is ignored, as Kyverno ignores it. */
export function toFailureActionOverrides(object: JsonObject | undefined, key: string): FailureActionOverride[] {
  return readObjects(object, key).flatMap((override) => {
    const action = toFailureAction(readText(override, 'action'));
    if (!action) return [];
    const selector = readObject(override, 'namespaceSelector');
    return [
      {
        action,
        namespaces: readTexts(override, 'namespaces'),
        ...(selector ? { namespaceSelector: toLabelSelector(selector) } : {}),
      },
    ];
  });
}

export function toLabelSelector(selector: JsonObject): LabelSelector {
  return {
    matchLabels: readTextMap(selector, 'matchLabels'),
    matchExpressions: readObjects(selector, 'matchExpressions').map((expression) => {
      const key = readText(expression, 'key') ?? '';
      const operator = readText(expression, 'operator');
      // An unknown operator becomes `In` without values, which selects nothing.
      if (!isOperator(operator)) return { key, operator: 'In', values: [] };
      return { key, operator, values: readTexts(expression, 'values') };
    }),
  };
}

type SelectorOperator = NonNullable<LabelSelector['matchExpressions']>[number]['operator'];

function isOperator(text: string | undefined): text is SelectorOperator {
  return text === 'In' || text === 'NotIn' || text === 'Exists' || text === 'DoesNotExist';
}
