import type { Json } from '../../kernel/json.ts';

export type Comparison = '==' | '!=' | '<' | '<=' | '>' | '>=';

/** `sub` is `a.b` and `a[0]`: the right side sees the value of the left one. */
export type BinaryType = 'sub' | 'pipe' | 'or' | 'and' | 'projection' | 'value-projection';

/** A parsed expression. `depth` counts the levels below and including the node, so that limits hold before compiling. */
export type SyntaxNode =
  | { readonly type: 'current'; readonly depth: number }
  | { readonly type: 'literal'; readonly value: Json; readonly depth: number }
  | { readonly type: 'field'; readonly name: string; readonly depth: number }
  | { readonly type: 'index'; readonly index: number; readonly depth: number }
  | {
      readonly type: 'slice';
      readonly start: number | undefined;
      readonly stop: number | undefined;
      readonly step: number | undefined;
      readonly depth: number;
    }
  | { readonly type: 'flatten' | 'not' | 'reference'; readonly child: SyntaxNode; readonly depth: number }
  | {
      readonly type: BinaryType;
      readonly left: SyntaxNode;
      readonly right: SyntaxNode;
      readonly depth: number;
    }
  | {
      readonly type: 'filter';
      readonly left: SyntaxNode;
      readonly right: SyntaxNode;
      readonly condition: SyntaxNode;
      readonly depth: number;
    }
  | {
      readonly type: 'comparison';
      readonly operator: Comparison;
      readonly left: SyntaxNode;
      readonly right: SyntaxNode;
      readonly depth: number;
    }
  | { readonly type: 'list'; readonly members: readonly SyntaxNode[]; readonly depth: number }
  | {
      readonly type: 'hash';
      readonly entries: readonly (readonly [string, SyntaxNode])[];
      readonly depth: number;
    }
  | {
      readonly type: 'call';
      readonly name: string;
      readonly args: readonly SyntaxNode[];
      readonly offset: number;
      readonly depth: number;
    };

export const CURRENT: SyntaxNode = Object.freeze({ type: 'current', depth: 1 });

export function binary(type: BinaryType, left: SyntaxNode, right: SyntaxNode): SyntaxNode {
  return { type, left, right, depth: depthAbove([left, right]) };
}

export function unary(type: 'flatten' | 'not' | 'reference', child: SyntaxNode): SyntaxNode {
  return { type, child, depth: child.depth + 1 };
}

export function depthAbove(children: readonly SyntaxNode[]): number {
  let deepest = 0;
  for (const child of children) if (child.depth > deepest) deepest = child.depth;
  return deepest + 1;
}
