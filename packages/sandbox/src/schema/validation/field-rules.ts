import { equalJson, isJsonObject, type JsonValue, member, stringMember } from '../json/json-value.ts';
import { invalidCause, notSupportedCause, requiredCause } from '../model/field-cause.ts';
import type { StatusCause } from '../model/status-cause.ts';
import { portNameProblems, portNumberProblems } from './metadata.ts';
import { labelValueProblems, qualifiedNameProblems } from './name-syntax.ts';

/** Turns the texts of a name rule into causes. */
export function named(path: string, value: string, problems: readonly string[]): StatusCause[] {
  return problems.map((problem) => invalidCause(path, value, problem));
}

/** A required member that must be one of a few. */
export function oneOf(path: string, value: JsonValue | undefined, allowed: readonly string[]): StatusCause[] {
  if (typeof value !== 'string' || value === '') return [requiredCause(path)];
  return allowed.includes(value) ? [] : [notSupportedCause(path, value, allowed)];
}

/** A number that may not be below zero; absence is fine. */
export function nonNegative(path: string, value: JsonValue | undefined): StatusCause[] {
  return typeof value === 'number' && value < 0
    ? [invalidCause(path, value, 'must be greater than or equal to 0')]
    : [];
}

export function immutable(path: string, value: JsonValue | undefined, old: JsonValue | undefined): StatusCause[] {
  return equalJson(value ?? null, old ?? null) ? [] : [invalidCause(path, value ?? null, 'field is immutable')];
}

/** A port by number or by name. */
export function portOrName(path: string, port: JsonValue | undefined): StatusCause[] {
  if (typeof port === 'string') return named(path, port, portNameProblems(port));
  const number = typeof port === 'number' ? port : 0;
  return portNumberProblems(number).map((problem) => invalidCause(path, number, problem));
}

const OPERATORS = new Set(['In', 'NotIn', 'Exists', 'DoesNotExist']);

/** Problems of a label selector. */
export function selectorCauses(selector: JsonValue | undefined, path: string): StatusCause[] {
  const causes: StatusCause[] = [];
  const labels = member(selector, 'matchLabels');
  for (const key of Object.keys(isJsonObject(labels) ? labels : {})) {
    const value = stringMember(labels, key);
    causes.push(...named(`${path}.matchLabels`, key, qualifiedNameProblems(key)));
    causes.push(...named(`${path}.matchLabels`, value, labelValueProblems(value)));
  }
  const expressions = member(selector, 'matchExpressions');
  for (const [index, expression] of (Array.isArray(expressions) ? expressions : []).entries()) {
    causes.push(...expressionCauses(expression, `${path}.matchExpressions[${index}]`));
  }
  return causes;
}

function expressionCauses(expression: JsonValue, path: string): StatusCause[] {
  const key = stringMember(expression, 'key');
  const operator = stringMember(expression, 'operator');
  const values = member(expression, 'values');
  const count = Array.isArray(values) ? values.length : 0;
  const causes: StatusCause[] = [];
  if ((operator === 'In' || operator === 'NotIn') && count === 0) {
    causes.push(requiredCause(`${path}.values`, "must be specified when `operator` is 'In' or 'NotIn'"));
  } else if ((operator === 'Exists' || operator === 'DoesNotExist') && count > 0) {
    causes.push({
      reason: 'FieldValueForbidden',
      message: "Forbidden: may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
      field: `${path}.values`,
    });
  } else if (!OPERATORS.has(operator)) {
    causes.push(invalidCause(`${path}.operator`, operator, 'not a valid selector operator'));
  }
  return [...causes, ...named(`${path}.key`, key, qualifiedNameProblems(key))];
}

/** Whether labels satisfy a selector. An absent selector selects nothing, an empty one everything. */
export function selectorMatches(selector: JsonValue | undefined, labels: JsonValue | undefined): boolean {
  if (!isJsonObject(selector)) return false;
  const wanted = member(selector, 'matchLabels');
  for (const key of Object.keys(isJsonObject(wanted) ? wanted : {})) {
    if (member(labels, key) !== member(wanted, key)) return false;
  }
  const expressions = member(selector, 'matchExpressions');
  return (Array.isArray(expressions) ? expressions : []).every((expression) => expressionMatches(expression, labels));
}

function expressionMatches(expression: JsonValue, labels: JsonValue | undefined): boolean {
  const value = member(labels, stringMember(expression, 'key'));
  const values = member(expression, 'values');
  const isListed = Array.isArray(values) && value !== undefined && values.includes(value);
  switch (stringMember(expression, 'operator')) {
    case 'In':
      return isListed;
    case 'NotIn':
      return !isListed;
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    default:
      return false;
  }
}
