import type { CelValue } from '../values/cel-value.ts';
import type {
  Bind,
  Call,
  Comprehension,
  ComprehensionForm,
  Expr,
  Ident,
  ListElement,
  Literal,
  Place,
  Select,
} from './ast.ts';

/** A problem a macro has with its arguments. */
export class MacroIssue {
  readonly offset: number;
  readonly message: string;

  constructor(offset: number, message: string) {
    this.offset = offset;
    this.message = message;
  }
}

/** Makes nodes in the place of the macro call that is being expanded. */
export interface NodeFactory {
  literal(value: CelValue): Literal;
  ident(name: string): Ident;
  call(name: string, args: readonly Expr[], target?: Expr): Call;
  list(elements: readonly ListElement[]): Expr;
  select(operand: Expr, field: string, test: boolean): Select;
  comprehension(parts: ComprehensionParts): Comprehension;
  bind(variable: string, init: Expr, body: Expr): Bind;
  readonly place: Place;
}

export interface ComprehensionParts {
  readonly form: ComprehensionForm;
  readonly range: Expr;
  readonly variables: readonly string[];
  readonly filter?: Expr | undefined;
  readonly step: Expr;
}

/**
 * A call that is rewritten while parsing. `arity` counts arguments without the target; `'any'` takes all calls.
 * `expand` gives `undefined` to leave the call as it is.
 */
export interface Macro {
  readonly name: string;
  readonly receiver: boolean;
  readonly arity: number | 'any';
  readonly expand: (
    make: NodeFactory,
    args: readonly Expr[],
    target: Expr | undefined,
  ) => Expr | MacroIssue | undefined;
}

/** Macros by the shape of the call they rewrite. */
export class MacroTable {
  readonly #macros = new Map<string, Macro>();

  constructor(macros: readonly Macro[]) {
    for (const macro of macros) this.#macros.set(keyOf(macro.name, macro.receiver, macro.arity), macro);
  }

  find(name: string, receiver: boolean, arity: number): Macro | undefined {
    return this.#macros.get(keyOf(name, receiver, arity)) ?? this.#macros.get(keyOf(name, receiver, 'any'));
  }
}

function keyOf(name: string, receiver: boolean, arity: number | 'any'): string {
  return `${receiver ? '.' : ''}${name}/${arity}`;
}
