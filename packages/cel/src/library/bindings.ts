import type { CelLibrary } from '../declare/library.ts';
import type { Expr } from '../syntax/ast.ts';
import { type Macro, MacroIssue, type NodeFactory } from '../syntax/macro.ts';

function isNamespace(expr: Expr | undefined): boolean {
  return expr?.kind === 'ident' && expr.name === 'cel';
}

const BIND: Macro = {
  name: 'bind',
  receiver: true,
  arity: 3,
  expand(make, [variable, init, body], target) {
    if (!isNamespace(target) || init === undefined || body === undefined) return undefined;
    if (variable?.kind !== 'ident' || variable.name.startsWith('.')) {
      return new MacroIssue(variable?.position ?? 0, 'cel.bind() variable names must be simple identifiers');
    }
    return make.bind(variable.name, init, body);
  },
};

/** `cel.bind(name, value, expr)`. */
export function bindingsLibrary(): CelLibrary {
  return { name: 'bindings', macros: [BIND] };
}

const BLOCK: Macro = {
  name: 'block',
  receiver: true,
  arity: 2,
  expand(make, [slots, body], target) {
    if (!isNamespace(target) || body === undefined) return undefined;
    if (slots?.kind !== 'list') {
      return new MacroIssue(slots?.position ?? 0, 'cel.block requires the first arg to be a list literal');
    }
    return slots.elements.reduceRight<Expr>(
      (inner, { value }, index) => make.bind(`@index${index}`, value, inner),
      body,
    );
  },
};

/** A macro that names a variable by numbers: `cel.index(1)`, `cel.iterVar(0, 1)`. */
function numbered(name: string, arity: number, toName: (numbers: readonly number[]) => string): Macro {
  return {
    name,
    receiver: true,
    arity,
    expand(make: NodeFactory, args, target) {
      if (!isNamespace(target)) return undefined;
      const numbers = args.flatMap((argument) =>
        argument.kind === 'literal' && typeof argument.value === 'number' && argument.value >= 0
          ? [argument.value]
          : [],
      );
      if (numbers.length !== arity) {
        return new MacroIssue(make.place.position, `cel.${name} requires non-negative int constant arguments`);
      }
      return make.ident(toName(numbers));
    },
  };
}

/** `cel.block([values…], expr)` with `cel.index(n)`: how optimised expressions share parts. */
export function blockLibrary(): CelLibrary {
  return {
    name: 'block',
    macros: [
      BLOCK,
      numbered('index', 1, ([index]) => `@index${index}`),
      numbered('iterVar', 2, ([depth, index]) => `@it:${depth}:${index}`),
      numbered('accuVar', 2, ([depth, index]) => `@ac:${depth}:${index}`),
    ],
  };
}
