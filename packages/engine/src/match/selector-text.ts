import { EvaluationError } from '../kernel/evaluation-error.ts';
import { isJsonArray, isJsonObject, type Json, member } from '../kernel/json.ts';

/** A label selector as the query of a list request writes it: `a=b,c in (d,e),!f`. Empty when there is none. */
export function selectorText(selector: Json | undefined): string | EvaluationError {
  if (!isJsonObject(selector)) return '';
  const terms: string[] = [];
  const labels = member(selector, 'matchLabels');
  for (const [key, value] of isJsonObject(labels) ? Object.entries(labels) : []) {
    if (isSyntax(key) || isSyntax(String(value))) return invalid({ [key]: value });
    terms.push(`${key}=${String(value)}`);
  }
  const expressions = member(selector, 'matchExpressions');
  for (const expression of isJsonArray(expressions) ? expressions : []) {
    const term = expressionText(expression);
    if (term === undefined) return invalid(expression);
    terms.push(term);
  }
  return terms.join(',');
}

function invalid(part: Json): EvaluationError {
  return new EvaluationError(`invalid label selector: ${JSON.stringify(part)}`);
}

/** No label holds these, and in the query they would be more than a label. */
function isSyntax(text: string): boolean {
  return /[,()!=<>\s]/.test(text);
}

function expressionText(expression: Json): string | undefined {
  if (!isJsonObject(expression)) return undefined;
  const { key, operator, values } = expression;
  const texts = isJsonArray(values) ? values.map(String) : [];
  if (typeof key !== 'string' || isSyntax(key) || texts.some(isSyntax)) return undefined;
  const list = `(${texts.join(',')})`;
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
