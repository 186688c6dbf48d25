import { isJsonObject, type Json, member } from '../kernel/json.ts';
import { compileWildcard, hasWildcard } from '../kernel/wildcard.ts';
import type { LabelSelector } from '../model/policy.ts';

/** A predicate on labels as they stand in an object's metadata; absent labels are none. */
export type LabelPredicate = (labels: Json | undefined) => boolean;

/**
 * Kubernetes' label selector, with Kyverno's wildcards in `matchLabels` (kyverno-core §2.2): a pair with a wildcard
 * holds when some label matches both its key and its value. An unknown operator, or `In` without values, selects nothing.
 */
export function compileLabelSelector(selector: LabelSelector): LabelPredicate {
  const predicates = [
    ...Object.entries(selector.matchLabels ?? {}).map(([key, value]) => compilePair(key, value)),
    ...(selector.matchExpressions ?? []).map(compileExpression),
  ];
  const [only] = predicates;
  if (predicates.length === 1 && only) return only;
  return (labels) => predicates.every((holds) => holds(labels));
}

function compilePair(key: string, value: string): LabelPredicate {
  if (!hasWildcard(key) && !hasWildcard(value)) return (labels) => labelOf(labels, key) === value;
  return compileAnyPair(key, value);
}

/** True when some pair of strings matches both wildcards: annotations and labels of a filter. */
export function compileAnyPair(key: string, value: string): LabelPredicate {
  const keyMatches = compileWildcard(key);
  const valueMatches = compileWildcard(value);
  return (pairs) => {
    if (!isJsonObject(pairs)) return false;
    for (const name of Object.keys(pairs)) {
      const text = pairs[name];
      if (typeof text === 'string' && keyMatches(name) && valueMatches(text)) return true;
    }
    return false;
  };
}

function compileExpression(expression: NonNullable<LabelSelector['matchExpressions']>[number]): LabelPredicate {
  const { key, operator } = expression;
  const values = new Set(expression.values ?? []);
  switch (operator) {
    case 'In':
      return (labels) => isAmong(labelOf(labels, key), values);
    case 'NotIn':
      return (labels) => values.size > 0 && !isAmong(labelOf(labels, key), values);
    case 'Exists':
      return (labels) => labelOf(labels, key) !== undefined;
    case 'DoesNotExist':
      return (labels) => labelOf(labels, key) === undefined;
    default:
      return () => false;
  }
}

function isAmong(text: string | undefined, values: ReadonlySet<string>): boolean {
  return text !== undefined && values.has(text);
}

function labelOf(labels: Json | undefined, key: string): string | undefined {
  if (!isJsonObject(labels)) return undefined;
  const value = member(labels, key);
  return typeof value === 'string' ? value : undefined;
}
