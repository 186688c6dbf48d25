import type { CelValue } from '../values/cel-value.ts';

/** Where a node stands: offsets in UTF-16 units, end exclusive, and the offset that errors about it point at. */
export interface Place {
  readonly start: number;
  readonly end: number;
  readonly position: number;
}

interface NodeBase extends Place {
  /** Unique within an expression, counted from 1. */
  readonly id: number;
}

export interface Literal extends NodeBase {
  readonly kind: 'literal';
  readonly value: CelValue;
}

export interface Ident extends NodeBase {
  readonly kind: 'ident';
  readonly name: string;
}

/** `operand.field`, or `has(operand.field)` when `test`. */
export interface Select extends NodeBase {
  readonly kind: 'select';
  readonly operand: Expr;
  readonly field: string;
  readonly test: boolean;
}

/** A function, method or operator; operators have names such as `_+_`. `_&&_` and `_||_` take two or more. */
export interface Call extends NodeBase {
  readonly kind: 'call';
  readonly name: string;
  readonly target: Expr | undefined;
  readonly args: readonly Expr[];
}

export interface ListElement {
  readonly value: Expr;
  readonly optional: boolean;
}

export interface ListExpr extends NodeBase {
  readonly kind: 'list';
  readonly elements: readonly ListElement[];
}

export interface MapEntry {
  readonly position: number;
  readonly key: Expr;
  readonly value: Expr;
  readonly optional: boolean;
}

export interface MapExpr extends NodeBase {
  readonly kind: 'map';
  readonly entries: readonly MapEntry[];
}

export interface FieldEntry {
  readonly position: number;
  readonly name: string;
  readonly value: Expr;
  readonly optional: boolean;
}

export interface StructExpr extends NodeBase {
  readonly kind: 'struct';
  readonly typeName: string;
  readonly fields: readonly FieldEntry[];
}

export type ComprehensionForm =
  | 'all'
  | 'exists'
  | 'existsOne'
  | 'filter'
  | 'map'
  | 'transformList'
  | 'transformMap'
  | 'transformMapEntry';

/**
 * A macro over a list or map, kept whole so that it becomes one loop. With two variables the first is the index or
 * key. `filter` is the condition of `filter`, `map` and the transforms; `step` the predicate or result.
 */
export interface Comprehension extends NodeBase {
  readonly kind: 'comprehension';
  readonly form: ComprehensionForm;
  readonly range: Expr;
  readonly variables: readonly string[];
  readonly filter: Expr | undefined;
  readonly step: Expr;
}

/** `cel.bind(variable, init, body)`; `init` is evaluated when first asked for. */
export interface Bind extends NodeBase {
  readonly kind: 'bind';
  readonly variable: string;
  readonly init: Expr;
  readonly body: Expr;
}

export type Expr = Literal | Ident | Select | Call | ListExpr | MapExpr | StructExpr | Comprehension | Bind;

/** The dotted name that a chain of selections spells, with its leading dot if it has one. */
export function qualifiedName(expr: Expr): string | undefined {
  if (expr.kind === 'ident') return expr.name;
  if (expr.kind !== 'select' || expr.test) return undefined;
  const operand = qualifiedName(expr.operand);
  return operand === undefined ? undefined : `${operand}.${expr.field}`;
}

/** The direct parts of a node, in the order they are written. */
export function childrenOf(expr: Expr): readonly Expr[] {
  switch (expr.kind) {
    case 'select':
      return [expr.operand];
    case 'call':
      return expr.target === undefined ? expr.args : [expr.target, ...expr.args];
    case 'list':
      return expr.elements.map(({ value }) => value);
    case 'map':
      return expr.entries.flatMap(({ key, value }) => [key, value]);
    case 'struct':
      return expr.fields.map(({ value }) => value);
    case 'comprehension':
      return expr.filter === undefined ? [expr.range, expr.step] : [expr.range, expr.filter, expr.step];
    case 'bind':
      return [expr.init, expr.body];
    default:
      return [];
  }
}

/** Visits all nodes, parents first; what a visit returns is passed to the visits of the parts. */
export function forEachExpr<Context>(
  expr: Expr,
  context: Context,
  visit: (expr: Expr, context: Context) => Context,
): void {
  const inner = visit(expr, context);
  for (const child of childrenOf(expr)) forEachExpr(child, inner, visit);
}
