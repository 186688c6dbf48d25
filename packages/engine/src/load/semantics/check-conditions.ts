import { isJsonArray, isJsonObject, type Json, type JsonObject, member } from '../../kernel/json.ts';
import { appendDocumentPath } from '../../kernel/json-path.ts';
import { readText } from '../../model/read-json.ts';
import type { Problems } from './problems.ts';

const OPERATORS: readonly string[] = [
  'Equal',
  'Equals',
  'NotEqual',
  'NotEquals',
  'In',
  'AnyIn',
  'AllIn',
  'NotIn',
  'AnyNotIn',
  'AllNotIn',
  'GreaterThanOrEquals',
  'GreaterThan',
  'LessThanOrEquals',
  'LessThan',
  'DurationGreaterThanOrEquals',
  'DurationGreaterThan',
  'DurationLessThanOrEquals',
  'DurationLessThan',
];

const REPLACED: Readonly<Record<string, string>> = { In: '["AllIn" "AnyIn"]', NotIn: '["AllNotIn" "AnyNotIn"]' };

/** `{any, all}` or the legacy list of conditions (kyverno-core §4.4.10). */
export function checkConditions(conditions: Json | undefined, path: string, problems: Problems): void {
  if (isJsonArray(conditions)) {
    checkList(conditions, path, problems);
    return;
  }
  if (!isJsonObject(conditions)) {
    if (conditions !== undefined && conditions !== null) {
      problems.error(path, 'expected `any` and `all`, or a list of conditions', 'policy-wrong-type');
    }
    return;
  }
  for (const key of Object.keys(conditions)) {
    const list = member(conditions, key);
    if (key !== 'any' && key !== 'all') {
      problems.error(appendDocumentPath(path, key), `unknown field \`${key}\``, 'policy-unknown-field');
    } else if (isJsonArray(list)) checkList(list, `${path}.${key}`, problems);
    else if (list !== null) problems.error(`${path}.${key}`, 'expected a list of conditions', 'policy-wrong-type');
  }
}

/** A list of `{any, all}` blocks, as attestations have them. */
export function checkConditionBlocks(blocks: readonly Json[], path: string, problems: Problems): void {
  for (const [index, block] of blocks.entries()) checkConditions(block, `${path}[${index}]`, problems);
}

function checkList(list: readonly Json[], path: string, problems: Problems): void {
  for (const [index, condition] of list.entries()) {
    const place = `${path}[${index}]`;
    if (isJsonObject(condition)) checkCondition(condition, place, problems);
    else problems.error(place, 'expected a condition with `key`, `operator` and `value`', 'policy-wrong-type');
  }
}

function checkCondition(condition: JsonObject, path: string, problems: Problems): void {
  const operator = readText(condition, 'operator') ?? '';
  const key = member(condition, 'key');
  const value = member(condition, 'value');
  if (key === undefined || key === null || value === undefined || value === null || operator === '') {
    const message = 'entered value of `key`, `value` or `operator` is missing or misspelled';
    problems.error(path, message, 'policy-missing-field');
    return;
  }
  // Upstream dispatches operators without regard to letter case, so the check does too.
  if (!OPERATORS.some((known) => known.toLowerCase() === operator.toLowerCase())) {
    const valid = OPERATORS.map((known) => JSON.stringify(known)).join(' ');
    problems.error(`${path}.operator`, `entered value of \`operator\` is invalid. valid values: [${valid}]`);
  }
  const replacement = REPLACED[operator];
  if (replacement) {
    const message = `Operator ${operator} has been deprecated and will be removed soon. Use these instead: ${replacement}`;
    problems.warning(`${path}.operator`, message);
  }
  if (typeof key === 'string' && key.replaceAll(' ', '') === '{{request.operation}}') {
    checkRequestOperation(value, `${path}.value`, problems);
  }
}

const REQUEST_OPERATIONS = ['CREATE', 'UPDATE', 'DELETE', 'CONNECT'];

function checkRequestOperation(value: Json, path: string, problems: Problems): void {
  for (const item of isJsonArray(value) ? value : [value]) {
    if (typeof item !== 'string' || REQUEST_OPERATIONS.includes(item)) continue;
    if (!isJsonArray(value) && item.startsWith('{{') && item.endsWith('}}')) continue;
    const allowed = `[${REQUEST_OPERATIONS.join(', ')}]`;
    problems.error(
      path,
      `unknown value '${item}' found under the 'value' field. Only the following values are allowed: ${allowed}`,
    );
  }
}
