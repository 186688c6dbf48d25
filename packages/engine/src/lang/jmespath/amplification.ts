import type { SyntaxNode } from './syntax-tree.ts';

/** Times an expression may repeat its input in its result. */
export const AMPLIFICATION_LIMIT = 1000;

/**
 * An upper bound of how often one part of the input can occur in the result: `[@, @] | [@, @]` gives 4. Lists made this
 * way share their parts, so they cost nothing to build, but everything that walks them afterwards takes exponential
 * time in the length of the expression; hence the limit.
 */
export function amplification(node: SyntaxNode): number {
  switch (node.type) {
    case 'literal':
    case 'not':
    case 'comparison':
      return 0;
    case 'current':
    case 'field':
    case 'index':
    case 'slice':
      return 1;
    case 'flatten':
    case 'reference':
      return amplification(node.child);
    case 'or':
    case 'and':
      return Math.max(amplification(node.left), amplification(node.right));
    case 'sub':
    case 'pipe':
    case 'projection':
    case 'value-projection':
    case 'filter':
      return Math.max(1, amplification(node.left)) * amplification(node.right);
    case 'list':
      return sum(node.members);
    case 'hash':
      return sum(node.entries.map(([, member]) => member));
    case 'call':
      return callAmplification(node.args);
  }
}

/** A function hands on its arguments at most once each; `map` applies a reference to every element. */
function callAmplification(args: readonly SyntaxNode[]): number {
  const values = args.filter((arg) => arg.type !== 'reference');
  const references = args.filter((arg) => arg.type === 'reference');
  return sum(values) * Math.max(1, sum(references));
}

function sum(nodes: readonly SyntaxNode[]): number {
  let total = 0;
  for (const node of nodes) total += amplification(node);
  return total;
}
