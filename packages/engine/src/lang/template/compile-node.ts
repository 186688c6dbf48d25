import { CelError, type CelResult, toJson, typeOf } from '@vouchsafe/cel';
import { type Document, isAlias, isMap, isScalar, isSeq, type Node, type Pair, type Scalar, type YAMLMap } from 'yaml';
import { EvaluationError } from '../../kernel/evaluation-error.ts';
import { defineMember, type Json } from '../../kernel/json.ts';
import type { PolicyExpression, PolicyScope } from '../cel/policy-language.ts';
import { checkedDocument } from '../jmespath/go-json.ts';
import { formatGoFloat } from './format-go-float.ts';
import { PlaceholderProblem, scanPlaceholders, type TemplateSegment } from './scan-placeholders.ts';

/** A part of a template: JSON, once the expressions in it are evaluated. */
export interface Piece {
  /** It is one placeholder and nothing else, so its type is known only then. */
  readonly isWhole: boolean;
  readonly isMap: boolean;
  readonly evaluate: (scope: PolicyScope) => Json | CelError;
}

export interface NodeTools {
  readonly document: Document.Parsed;
  readonly interpolates: boolean;
  readonly compile: (expression: string) => PolicyExpression | undefined;
  readonly problem: (offset: number, message: string) => void;
}

const DEPTH_LIMIT = 100;
/** Aliases that one document may follow; each stands for a walk of its own. */
const ALIAS_LIMIT = 100;

/**
 * The piece of a node, `undefined` when it holds no placeholder: it is then read as plain YAML. In what holds one, keys
 * are taken as written, and merge keys are refused (kyverno-cel §4.4).
 */
export function compileNode(root: Node, tools: NodeTools): Piece | undefined {
  const budget = { aliases: 0 };
  return tools.interpolates ? visit(root, 0, budget, tools) : undefined;
}

interface Budget {
  aliases: number;
}

function visit(node: unknown, depth: number, budget: Budget, tools: NodeTools): Piece | undefined {
  if (depth > DEPTH_LIMIT) {
    tools.problem(offsetOf(node), `the document is nested deeper than ${DEPTH_LIMIT} levels`);
    return undefined;
  }
  if (isAlias(node)) {
    budget.aliases += 1;
    if (budget.aliases === ALIAS_LIMIT + 1) tools.problem(offsetOf(node), `more than ${ALIAS_LIMIT} aliases`);
    if (budget.aliases > ALIAS_LIMIT) return undefined;
    const target = node.resolve(tools.document);
    if (target === undefined) {
      tools.problem(offsetOf(node), `unknown anchor "${node.source}"`);
      return undefined;
    }
    // One more level for each, so that an anchor which holds itself ends at the limit.
    return visit(target, depth + 1, budget, tools);
  }
  if (isScalar(node)) return visitScalar(node, tools);
  if (isSeq(node)) return visitList(node.items, depth, budget, tools);
  return isMap(node) ? visitMap(node, depth, budget, tools) : undefined;
}

function visitScalar(node: Scalar, tools: NodeTools): Piece | undefined {
  if (typeof node.value !== 'string' || !node.value.includes('((')) return undefined;
  const segments = scanPlaceholders(node.value);
  if (segments instanceof PlaceholderProblem) {
    tools.problem(offsetOf(node), segments.message);
    return undefined;
  }
  const compiled = segments.map((segment) => compileSegment(segment, tools));
  const [first] = compiled;
  if (compiled.length === 1 && typeof first === 'object') return splice(first);
  return { isWhole: false, isMap: false, evaluate: (scope) => interpolate(compiled, scope) };
}

type CompiledSegment = string | PolicyExpression | undefined;

function compileSegment(segment: TemplateSegment, { compile }: NodeTools): CompiledSegment {
  return segment.kind === 'text' ? segment.text : compile(segment.expression);
}

function splice(expression: PolicyExpression): Piece {
  return {
    isWhole: true,
    isMap: false,
    evaluate: (scope) => {
      const value = expression.evaluate(scope);
      if (value instanceof CelError) return failed(expression, value);
      const json = toSpliced(value);
      return json instanceof CelError ? failed(expression, json) : json;
    },
  };
}

/** Integers stay numbers, as far as JSON holds them; those of maps and lists went through doubles upstream, too. */
function toSpliced(value: Exclude<CelResult, CelError>): Json | CelError {
  if (typeof value === 'bigint') return Number(value);
  if (typeOf(value).name === 'uint') {
    const json = toJson(value);
    return typeof json === 'number' ? json : new CelError(`uint value ${String(json)} overflows int64`);
  }
  return toJson(value);
}

function failed({ text }: PolicyExpression, { message }: CelError): CelError {
  return new CelError(`failed to evaluate placeholder "${text}": ${message}`);
}

function interpolate(segments: readonly CompiledSegment[], scope: PolicyScope): string | CelError {
  let text = '';
  for (const segment of segments) {
    const part = typeof segment === 'object' ? embed(segment, scope) : (segment ?? '');
    if (part instanceof CelError) return part;
    text += part;
  }
  return text;
}

const EMBEDDABLE: ReadonlySet<string> = new Set(['string', 'bool', 'int', 'double']);

function embed(expression: PolicyExpression, scope: PolicyScope): string | CelError {
  const value = expression.evaluate(scope);
  if (value instanceof CelError) return failed(expression, value);
  const { name } = typeOf(value);
  if (!EMBEDDABLE.has(name)) {
    const hint = 'use a whole-value placeholder for structured results';
    return new CelError(
      `placeholder "${expression.text}" embedded in a string must evaluate to a scalar, got ${name}; ${hint}`,
    );
  }
  const json = toJson(value);
  return name === 'double' && typeof json === 'number' ? formatGoFloat(json) : String(json);
}

function visitList(items: readonly unknown[], depth: number, budget: Budget, tools: NodeTools): Piece | undefined {
  const pieces = items.map((item) => visit(item, depth + 1, budget, tools));
  if (pieces.every((piece) => piece === undefined)) return undefined;
  const parts = pieces.map((piece, index) => piece ?? constant(items[index], tools));
  return {
    isWhole: false,
    isMap: false,
    evaluate: (scope) => {
      const list: Json[] = [];
      for (const [index, part] of parts.entries()) {
        const value = part.evaluate(scope);
        if (value instanceof CelError) return new CelError(`item ${index}: ${value.message}`);
        list.push(value);
      }
      return list;
    },
  };
}

function visitMap(map: YAMLMap, depth: number, budget: Budget, tools: NodeTools): Piece | undefined {
  for (const pair of map.items) checkKey(pair, tools);
  const pieces = map.items.map(({ value }) => visit(value, depth + 1, budget, tools));
  if (pieces.every((piece) => piece === undefined)) return undefined;
  const parts = map.items.map(
    (pair, index) => [keyOf(pair, tools), pieces[index] ?? constant(pair.value, tools)] as const,
  );
  return {
    isWhole: false,
    isMap: true,
    evaluate: (scope) => {
      const object: Record<string, Json> = {};
      for (const [key, part] of parts) {
        const value = part.evaluate(scope);
        if (value instanceof CelError) return new CelError(`field "${key}": ${value.message}`);
        defineMember(object, key, value);
      }
      return object;
    },
  };
}

function checkKey({ key }: Pair, { problem }: NodeTools): void {
  if (!isScalar(key) || typeof key.value !== 'string' || !key.value.includes('((')) return;
  const hint = 'use a whole-value placeholder on the parent field instead (e.g. labels: (( variables.labels )))';
  problem(offsetOf(key), `placeholders are not supported in mapping keys; ${hint}`);
}

/** The key as it is written: `on` and `1` stay these texts. */
function keyOf({ key }: Pair, { problem }: NodeTools): string {
  if (!isScalar(key)) {
    problem(offsetOf(key), 'mapping keys must be scalars');
    return '';
  }
  const text = key.source ?? String(key.value);
  if (text === '<<') problem(offsetOf(key), 'merge keys (<<) are not supported beside placeholders');
  return text;
}

/** A part without placeholders, read once as plain YAML. */
function constant(node: unknown, { document, problem }: NodeTools): Piece {
  const value = toPlain(node, document);
  if (value instanceof EvaluationError) problem(offsetOf(node), value.message);
  const json = value instanceof EvaluationError ? null : value;
  return { isWhole: false, isMap: false, evaluate: () => json };
}

function toPlain(node: unknown, document: Document.Parsed): Json | EvaluationError {
  if (!isScalar(node) && !isMap(node) && !isSeq(node) && !isAlias(node)) return null;
  try {
    return checkedDocument(node.toJS(document, { maxAliasCount: 100 }) ?? null);
  } catch (error) {
    return new EvaluationError(error instanceof Error ? (error.message.split('\n', 1)[0] ?? '') : '');
  }
}

function offsetOf(node: unknown): number {
  return isMap(node) || isSeq(node) || isScalar(node) || isAlias(node) ? (node.range?.[0] ?? 0) : 0;
}
