import type { ComprehensionForm, Expr } from './ast.ts';
import { type Macro, MacroIssue } from './macro.ts';

const ACCUMULATOR = '@result';

/** The variable an argument names, or what is wrong with it. */
export function variableName(argument: Expr | undefined): string | MacroIssue {
  if (argument?.kind !== 'ident' || argument.name.startsWith('.')) {
    return new MacroIssue(argument?.position ?? 0, 'argument must be a simple name');
  }
  if (argument.name === ACCUMULATOR || argument.name === '__result__') {
    return new MacroIssue(argument.position, 'iteration variable overwrites accumulator variable');
  }
  return argument.name;
}

function hasMacro(): Macro {
  return {
    name: 'has',
    receiver: false,
    arity: 1,
    expand: (make, [argument]) =>
      argument?.kind === 'select' && !argument.test
        ? make.select(argument.operand, argument.field, true)
        : new MacroIssue(argument?.position ?? 0, 'invalid argument to has() macro'),
  };
}

function quantifier(name: string, form: ComprehensionForm): Macro {
  return {
    name,
    receiver: true,
    arity: 2,
    expand(make, [first, step], range) {
      const variable = variableName(first);
      if (variable instanceof MacroIssue) return variable;
      if (range === undefined || step === undefined) return undefined;
      return make.comprehension({ form, range, variables: [variable], step });
    },
  };
}

function mapMacro(): Macro {
  return {
    name: 'map',
    receiver: true,
    arity: 2,
    expand(make, [first, step], range) {
      const variable = loopVariable(first);
      if (variable instanceof MacroIssue) return variable;
      if (range === undefined || step === undefined) return undefined;
      return make.comprehension({ form: 'map', range, variables: [variable], step });
    },
  };
}

// `map` and `filter` word their complaint differently.
function loopVariable(argument: Expr | undefined): string | MacroIssue {
  if (argument?.kind === 'ident') return variableName(argument);
  return new MacroIssue(argument?.position ?? 0, 'argument is not an identifier');
}

function mapWithFilter(): Macro {
  return {
    name: 'map',
    receiver: true,
    arity: 3,
    expand(make, [first, filter, step], range) {
      const variable = loopVariable(first);
      if (variable instanceof MacroIssue) return variable;
      if (range === undefined || step === undefined) return undefined;
      return make.comprehension({ form: 'map', range, variables: [variable], filter, step });
    },
  };
}

function filterMacro(): Macro {
  return {
    name: 'filter',
    receiver: true,
    arity: 2,
    expand(make, [first, filter], range) {
      const variable = loopVariable(first);
      if (variable instanceof MacroIssue) return variable;
      if (range === undefined) return undefined;
      return make.comprehension({ form: 'filter', range, variables: [variable], filter, step: make.ident(variable) });
    },
  };
}

/** `has`, `all`, `exists`, `exists_one` and its newer spelling, `map`, `filter`. */
export const STANDARD_MACROS: readonly Macro[] = [
  hasMacro(),
  quantifier('all', 'all'),
  quantifier('exists', 'exists'),
  quantifier('exists_one', 'existsOne'),
  quantifier('existsOne', 'existsOne'),
  mapMacro(),
  mapWithFilter(),
  filterMacro(),
];
