import type { Overload } from '../declare/function-declaration.ts';
import type { TypeDeclaration } from '../declare/type-declaration.ts';
import type { Expr } from '../syntax/ast.ts';
import type { CelType } from '../values/cel-type.ts';
import type { CelValue } from '../values/cel-value.ts';

/** What a name or call was found to mean. */
export type Reference =
  /** A variable of the activation or of an enclosing macro. */
  | { readonly kind: 'variable'; readonly name: string }
  | { readonly kind: 'constant'; readonly value: CelValue }
  /** Overloads that may apply; `namespaced` when the target was part of the function's name. */
  | {
      readonly kind: 'function';
      readonly name: string;
      readonly overloads: readonly Overload[];
      readonly namespaced: boolean;
    }
  | { readonly kind: 'struct'; readonly type: TypeDeclaration };

/** An expression with the types and meanings of its nodes, by node id. */
export interface CheckedExpr {
  readonly expr: Expr;
  readonly nodeCount: number;
  readonly types: readonly (CelType | undefined)[];
  readonly references: readonly (Reference | undefined)[];
  readonly resultType: CelType;
}
