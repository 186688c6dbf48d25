import { EvaluationError } from '../kernel/evaluation-error.ts';
import { isJsonArray, isJsonObject, type Json, member } from '../kernel/json.ts';

/** A label selector as the query of a list request writes it: `a=b,c in (d,e),!f`. Empty when there is none. */
export function selectorText(selector: Json | undefined): string | EvaluationError {
  if (!isJsonObject(selector)) return '';
  const terms: string[] = [];
  const labels = member(selector, 'matchLabels');
  if (isJsonObject(labels)) for (const [key, value] of Object.entries(labels)) terms.push(`${key}=${String(value)}`);
  const expressions = member(selector, 'matchExpressions');
  for (const expression of isJsonArray(expressions) ? expressions : []) {
    const term = expressionText(expression);
    if (term === undefined) return new EvaluationError(`invalid label selector: ${JSON.stringify(expression)}`);
    terms.push(term);
  }
  return terms.join(',');
}

function expressionText(expression: Json): string | undefined {
  if (!isJsonObject(expression)) return undefined;
  const { key, operator, values } = expression;
  if (typeof key !== 'string') return undefined;
  const list = isJsonArray(values) ? `(${values.map(String).join(',')})` : '()';
  switch (operator) {
    case 'In':
      return `${key} in ${list}`;
    case 'NotIn':
      return `${key} notin ${list}`;
    case 'Exists':
      return key;
    case 'DoesNotExist':
      return `!${key}`;
    default:
      return undefined;
  }
}
