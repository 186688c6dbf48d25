import type { CelLibrary } from '../declare/library.ts';
import type { ComprehensionForm, Expr } from '../syntax/ast.ts';
import { type Macro, MacroIssue } from '../syntax/macro.ts';
import { variableName } from '../syntax/standard-macros.ts';

/** The two variables, or what is wrong with them. */
function variableNames(first: Expr | undefined, second: Expr | undefined): readonly [string, string] | MacroIssue {
  const one = variableName(first);
  if (one instanceof MacroIssue) return one;
  const two = variableName(second);
  if (two instanceof MacroIssue) return two;
  return one === two ? new MacroIssue(second?.position ?? 0, `duplicate variable name: ${one}`) : [one, two];
}

function twoVariables(name: string, form: ComprehensionForm, filtered: boolean): Macro {
  return {
    name,
    receiver: true,
    arity: filtered ? 4 : 3,
    expand(make, [first, second, third, fourth], range) {
      const variables = variableNames(first, second);
      if (variables instanceof MacroIssue) return variables;
      const step = filtered ? fourth : third;
      if (range === undefined || step === undefined) return undefined;
      return make.comprehension({ form, range, variables, filter: filtered ? third : undefined, step });
    },
  };
}

/**
 * Macros with two variables: index and element of lists, key and value of maps. `map` with three arguments stays the
 * filtering `map` of one variable.
 */
export function twoVariableLibrary(): CelLibrary {
  return {
    name: 'two-variables',
    macros: [
      twoVariables('all', 'all', false),
      twoVariables('exists', 'exists', false),
      twoVariables('existsOne', 'existsOne', false),
      twoVariables('exists_one', 'existsOne', false),
      twoVariables('transformList', 'transformList', false),
      twoVariables('transformList', 'transformList', true),
      twoVariables('transformMap', 'transformMap', false),
      twoVariables('transformMap', 'transformMap', true),
      twoVariables('transformMapEntry', 'transformMapEntry', false),
      twoVariables('transformMapEntry', 'transformMapEntry', true),
    ],
  };
}
