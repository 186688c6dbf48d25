import { EvaluationError } from '../kernel/evaluation-error.ts';
import { isJsonArray, isJsonObject, type Json, member } from '../kernel/json.ts';

/** A label selector as the query of a list request writes it: `a=b,c in (d,e),!f`. Empty when there is none. */
export function selectorText(selector: Json | undefined): string | EvaluationError {
  if (!isJsonObject(selector)) return '';
  const terms: string[] = [];
  const labels = member(selector, 'matchLabels');
  for (const [key, value] of isJsonObject(labels) ? Object.entries(labels) : []) {
    const text = labelText(value);
    if (isSyntax(key) || text === undefined) return invalid({ [key]: value });
    terms.push(`${key}=${text}`);
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

/** A value that a label may have; undefined for any other. Objects are not asked for a text: they may lie. */
function labelText(value: Json): string | undefined {
  if (typeof value === 'object') return undefined;
  const text = String(value);
  return isSyntax(text) ? undefined : text;
}

/** No label holds these, and in the query they would be more than a label. */
function isSyntax(text: string): boolean {
  return /[,()!=<>\s]/.test(text);
}

function expressionText(expression: Json): string | undefined {
  if (!isJsonObject(expression)) return undefined;
  const { key, operator, values } = expression;
  const texts = isJsonArray(values) ? values.map(labelText) : [];
  if (typeof key !== 'string' || isSyntax(key) || texts.includes(undefined)) return undefined;
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
