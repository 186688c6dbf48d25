import { EvaluationError } from '../../kernel/evaluation-error.ts';
import { formatPlainNumber } from '../../kernel/go-number.ts';
import { defineMember, isJsonArray, isJsonObject, type Json } from '../../kernel/json.ts';
import { removeAnchors } from '../../model/anchor.ts';
import { scalarOperator } from '../pattern/scalar-pattern.ts';
import { appendLeafPath } from './leaf-path.ts';

// `$(…)` at the start, or after a character that is no backslash.
const REFERENCE = /^\$\(.[^ ]*\)|[^\\]\$\(.[^ ]*\)/g;
const ESCAPED = /\\\$\(.[^ ]*\)/g;

/**
 * Replaces the references `$(./../other)` of a document by the leaves they name, anchors ignored (kyverno-core §2.5).
 * Answers the document itself when it has none.
 */
export function resolveReferences(document: Json): Json | EvaluationError {
  return holdsReference(document) ? resolveNode(document, document, '') : document;
}

function holdsReference(node: Json): boolean {
  if (typeof node === 'string') return node.includes('$(');
  if (isJsonArray(node)) return node.some(holdsReference);
  return isJsonObject(node) && Object.entries(node).some(([key, value]) => key.includes('$(') || holdsReference(value));
}

function resolveNode(node: Json, document: Json, path: string): Json | EvaluationError {
  if (typeof node === 'string') return resolveText(node, document, path);
  if (isJsonArray(node)) {
    const items: Json[] = [];
    for (const [index, item] of node.entries()) {
      const resolved = resolveNode(item, document, appendLeafPath(path, index));
      if (resolved instanceof EvaluationError) return resolved;
      items.push(resolved);
    }
    return items;
  }
  if (!isJsonObject(node)) return node;
  const members: Record<string, Json> = {};
  for (const [key, value] of Object.entries(node)) {
    const name = resolveText(key, document, path);
    if (name instanceof EvaluationError) return name;
    const resolved = resolveNode(value, document, appendLeafPath(path, key));
    if (resolved instanceof EvaluationError) return resolved;
    defineMember(members, name, resolved);
  }
  return members;
}

function resolveText(text: string, document: Json, path: string): string | EvaluationError {
  if (!text.includes('$(')) return text;
  let failure: EvaluationError | undefined;
  const replaced = text.replace(REFERENCE, (found) => {
    const prefix = found.startsWith('$(') ? '' : found.slice(0, 1);
    const value = failure ?? resolveReference(found.slice(prefix.length), document, path);
    if (value instanceof EvaluationError) {
      failure = value;
      return found;
    }
    return `${prefix}${value}`;
  });
  return failure ?? replaced.replace(ESCAPED, (found) => found.slice(1));
}

function resolveReference(reference: string, document: Json, path: string): string | EvaluationError {
  const inner = reference.replace(/^[$()]+|[$()]+$/g, '');
  const operator = scalarOperator(inner);
  const target = inner.slice(operator.length);
  if (target === '') return unresolved(reference, path, 'expected path, found empty reference');
  const value = leafAt(document, target.startsWith('/') ? target : joinPath(path, target), '');
  if (operator !== '') {
    if (typeof value === 'string') return `${operator}${value}`;
    if (typeof value === 'number') return `${operator}${formatPlainNumber(value)}`;
    const found = value === undefined || value === null ? '<nil>' : String(value);
    return unresolved(reference, path, `incorrect expression: operator ${operator} does not match with value ${found}`);
  }
  if (value === undefined || value === null) {
    return new EvaluationError(`got nil resolved variable ${reference} at path ${path}: <nil>`);
  }
  if (typeof value === 'string') return value;
  return new EvaluationError(`NotResolvedReferenceErr,reference ${reference} not resolved at path ${path}`);
}

function unresolved(reference: string, path: string, reason: string): EvaluationError {
  return new EvaluationError(`failed to resolve ${reference} at path ${path}: ${reason}`);
}

/** The leaf whose path without anchors is `wanted`; the last one when several are. */
function leafAt(node: Json, wanted: string, path: string): Json | undefined {
  if (typeof node !== 'object' || node === null) return removeAnchors(path) === wanted ? node : undefined;
  let found: Json | undefined;
  for (const [key, value] of Object.entries(node)) {
    found = leafAt(value, wanted, appendLeafPath(path, key)) ?? found;
  }
  return found;
}

/** `base/path` with `.` and `..` taken out. */
function joinPath(base: string, path: string): string {
  const segments: string[] = [];
  for (const segment of `${base}/${path}`.split('/')) {
    if (segment === '..') segments.pop();
    else if (segment !== '' && segment !== '.') segments.push(segment);
  }
  return `/${segments.join('/')}`;
}
