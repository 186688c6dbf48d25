import { isEqualJson, isJsonArray, isJsonObject, type Json, type JsonObject } from '@vouchsafe/engine/kernel';

export interface Fixed {
  readonly document: JsonObject;
  readonly warnings: readonly string[];
}

/** A ClusterPolicy or Policy in today's words (kyverno-core §5.1, `fix policy`). Never changes what was given. */
export function fixPolicy(document: JsonObject): Fixed {
  const warnings: string[] = [];
  const spec = document['spec'];
  if (!isJsonObject(spec)) return { document, warnings };
  const rules = spec['rules'];
  const fixed: Record<string, Json> = { ...spec };
  const action = spec['validationFailureAction'];
  if (typeof action === 'string') fixed['validationFailureAction'] = titleOf(action);
  if (isJsonArray(rules)) fixed['rules'] = rules.map((rule) => (isJsonObject(rule) ? fixRule(rule, warnings) : rule));
  return { document: isEqualJson(fixed, spec) ? document : { ...document, spec: fixed }, warnings };
}

function titleOf(action: string): string {
  return action.toLowerCase() === 'enforce' ? 'Enforce' : 'Audit';
}

function fixRule(rule: JsonObject, warnings: string[]): JsonObject {
  const fixed: Record<string, Json> = { ...rule };
  for (const field of ['match', 'exclude'] as const) {
    const block = rule[field];
    if (isJsonObject(block)) fixed[field] = fixMatch(block, field, warnings);
  }
  const preconditions = rule['preconditions'];
  if (preconditions !== undefined) fixed['preconditions'] = fixConditions(preconditions, warnings);
  return fixed;
}

const INLINE = ['resources', 'subjects', 'roles', 'clusterRoles'];

function fixMatch(block: JsonObject, field: string, warnings: string[]): JsonObject {
  const inline = Object.entries(block).filter(([key, value]) => INLINE.includes(key) && !isEmpty(value));
  if (inline.length === 0) return block;
  warnings.push(`${field} uses old syntax, moving to any`);
  const any = block['any'];
  const rest = Object.entries(block).filter(([key]) => !INLINE.includes(key) && key !== 'any');
  return {
    ...Object.fromEntries(rest),
    any: [...(isJsonArray(any) ? any : []), Object.fromEntries(inline)],
  };
}

function isEmpty(value: Json): boolean {
  if (value === null) return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}

const OPERATORS: Readonly<Record<string, string>> = {
  Equal: 'Equals',
  NotEqual: 'NotEquals',
  In: 'AllIn',
  NotIn: 'AnyNotIn',
};

function fixConditions(conditions: Json, warnings: string[]): Json {
  if (isJsonArray(conditions)) return { all: conditions.map((condition) => fixCondition(condition, warnings)) };
  if (!isJsonObject(conditions)) return conditions;
  return Object.fromEntries(
    Object.entries(conditions).map(([key, list]) => [
      key,
      isJsonArray(list) ? list.map((condition) => fixCondition(condition, warnings)) : list,
    ]),
  );
}

function fixCondition(condition: Json, warnings: string[]): Json {
  if (!isJsonObject(condition)) return condition;
  const { operator } = condition;
  if (typeof operator !== 'string' || !Object.hasOwn(OPERATORS, operator)) return condition;
  warnings.push(`condition uses old operator \`${operator}\`, updating`);
  return { ...condition, operator: OPERATORS[operator] ?? operator };
}
