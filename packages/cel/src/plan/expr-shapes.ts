import type { Expr } from '../syntax/ast.ts';

/** Whether the original treats an expression as an attribute, which is charged for once whatever its length. */
export function isAttribute(expr: Expr): boolean {
  if (expr.kind === 'ident') return true;
  if (expr.kind === 'select') return !expr.test;
  return expr.kind === 'call' && ATTRIBUTE_CALLS.has(expr.name);
}

const ATTRIBUTE_CALLS = new Set(['_[_]', '_[?_]', '_?._', '_?_:_']);

/** Whether a value is known when planning: literals, and lists, maps and conversions of such. */
export function isConstant(expr: Expr): boolean {
  switch (expr.kind) {
    case 'literal':
      return true;
    case 'list':
      return expr.elements.every(({ value, optional }) => !optional && isConstant(value));
    case 'map':
      return expr.entries.every(({ key, value, optional }) => !optional && isConstant(key) && isConstant(value));
    case 'call':
      return FOLDED_CALLS.has(expr.name) && expr.target === undefined && expr.args.every(isConstant);
    default:
      return false;
  }
}

/** Conversions of constants are done when planning, as in the original. */
const FOLDED_CALLS = new Set('bool bytes double duration dyn int string timestamp type uint'.split(' '));
