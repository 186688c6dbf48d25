import { parseJmesPath } from './parser.ts';
import type { SyntaxNode } from './syntax-tree.ts';
import { SyntaxFailure } from './token.ts';

/** The tree of an expression; `undefined` for a text that is none, where somebody else says why. */
export function parseQuietly(text: string): SyntaxNode | undefined {
  try {
    return parseJmesPath(text);
  } catch (error) {
    if (error instanceof SyntaxFailure) return undefined;
    throw error;
  }
}
