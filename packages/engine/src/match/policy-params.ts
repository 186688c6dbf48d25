import type { FactTable } from '../facts/fact-table.ts';
import { EvaluationError } from '../kernel/evaluation-error.ts';
import { isJsonArray, isJsonObject, type JsonObject, member } from '../kernel/json.ts';
import { readText } from '../model/read-json.ts';
import { selectorText } from './selector-text.ts';

/** The parameter objects for an object of `namespace`, or why they cannot be told. */
export type ParamLookup = (namespace: string, facts: FactTable) => readonly JsonObject[] | string;

/** `paramKind` and `paramRef`: one object by name, or all that a selector selects (kyverno-cel §6.3, §10). */
export function compileParams(paramKind: JsonObject, paramRef: JsonObject): ParamLookup {
  const apiVersion = readText(paramKind, 'apiVersion') ?? '';
  const resourceKind = readText(paramKind, 'kind') ?? '';
  const name = readText(paramRef, 'name') ?? '';
  const given = readText(paramRef, 'namespace') ?? '';
  const selector = member(paramRef, 'selector');
  const labelSelector = isJsonObject(selector) ? selectorText(selector) : undefined;
  const denies = readText(paramRef, 'parameterNotFoundAction') === 'Deny';
  return (own, facts) => {
    const namespace = given || own;
    const request = { kind: 'resource', apiVersion, resourceKind, ...(namespace === '' ? {} : { namespace }) } as const;
    if (name !== '') {
      const fact = facts.get({ ...request, name });
      if (!fact.ok) return fact.message;
      return isJsonObject(fact.value) ? [fact.value] : [];
    }
    if (labelSelector instanceof EvaluationError) return labelSelector.message;
    const found = labelSelector === undefined ? [] : list(facts, { ...request, labelSelector });
    if (typeof found === 'string') return found;
    return found.length === 0 && denies ? 'no params found' : found;
  };
}

function list(facts: FactTable, request: Parameters<FactTable['get']>[0]): readonly JsonObject[] | string {
  const fact = facts.get(request);
  if (!fact.ok) return fact.message;
  return isJsonArray(fact.value) ? fact.value.filter(isJsonObject) : [];
}
