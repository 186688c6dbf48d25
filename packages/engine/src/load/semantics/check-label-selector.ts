import type { JsonObject } from '../../kernel/json.ts';
import { readObject, readObjects, readText, readTextMap, readTexts } from '../../model/read-json.ts';
import type { Problems } from './problems.ts';

const KEY = /^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
const VALUE = /^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/;
const OPERATORS = ['In', 'NotIn', 'Exists', 'DoesNotExist'];

/** The two selectors of `matchConstraints`, where they stand. */
export function checkConstraintSelectors(spec: JsonObject, problems: Problems): void {
  const constraints = readObject(spec, 'matchConstraints');
  for (const key of ['namespaceSelector', 'objectSelector']) {
    const selector = readObject(constraints, key);
    if (selector) checkLabelSelector(selector, `spec.matchConstraints.${key}`, problems);
  }
}

/**
 * What the API server has against a label selector of its own. Those of `matchConstraints` end up in webhook
 * configurations, which it refuses as a whole, and with them the webhooks of all other policies.
 */
function checkLabelSelector(selector: JsonObject, path: string, problems: Problems): void {
  for (const [key, value] of Object.entries(readTextMap(selector, 'matchLabels'))) {
    checkKey(key, `${path}.matchLabels`, problems);
    checkValue(value, `${path}.matchLabels.${key}`, problems);
  }
  for (const [index, expression] of readObjects(selector, 'matchExpressions').entries()) {
    checkExpression(expression, `${path}.matchExpressions[${index}]`, problems);
  }
}

function checkExpression(expression: JsonObject, path: string, problems: Problems): void {
  checkKey(readText(expression, 'key') ?? '', `${path}.key`, problems);
  const operator = readText(expression, 'operator') ?? '';
  const values = readTexts(expression, 'values');
  if (!OPERATORS.includes(operator)) {
    const hint = `use one of ${OPERATORS.join(', ')}`;
    problems.error(`${path}.operator`, `\`${operator}\` is not a valid label selector operator`, undefined, hint);
  } else if (operator.endsWith('In') && values.length === 0) {
    problems.error(`${path}.values`, 'must be specified when `operator` is `In` or `NotIn`', 'policy-missing-field');
  } else if (!operator.endsWith('In') && values.length > 0) {
    problems.error(`${path}.values`, 'may not be specified when `operator` is `Exists` or `DoesNotExist`');
  }
  for (const [index, value] of values.entries()) checkValue(value, `${path}.values[${index}]`, problems);
}

function checkKey(key: string, path: string, problems: Problems): void {
  if (!KEY.test(key)) problems.error(path, `\`${key}\` is not a valid label key`);
}

function checkValue(value: string, path: string, problems: Problems): void {
  if (VALUE.test(value)) return;
  const hint =
    'label values are at most 63 letters, digits, `-`, `_` and `.`; wildcards are for policies of kyverno.io';
  problems.error(path, `\`${value}\` is not a valid label value`, undefined, hint);
}
