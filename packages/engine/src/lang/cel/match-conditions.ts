import { type Activation, CelError, celTypes } from '@vouchsafe/cel';
import type { JsonObject } from '../../kernel/json.ts';
import { readText } from '../../model/read-json.ts';
import { type CelAsking, type CelTools, compileCel, evaluateNamed } from './cel-expression.ts';
import { OUT_OF_BUDGET } from './cost-budget.ts';

export interface CelConditions {
  /** Whether all conditions hold; an error when that cannot be told. */
  readonly evaluate: (activation: Activation, asking: CelAsking) => boolean | CelError;
  /** Names of variables they read. */
  readonly variables: readonly string[];
}

/** `[{name, expression}]`: one that is false decides, whatever the others say; else errors are told together. */
export function compileMatchConditions(
  conditions: readonly JsonObject[],
  path: string,
  tools: CelTools,
): CelConditions {
  const expressions = conditions.map((condition, index) =>
    compileCel(readText(condition, 'expression') ?? '', [celTypes.BOOL], `${path}[${index}].expression`, tools),
  );
  const evaluate: CelConditions['evaluate'] = (activation, asking) => {
    const errors: string[] = [];
    for (const expression of expressions) {
      const value = evaluateNamed(expression, activation, asking);
      if (asking.budget.isSpent) return new CelError(OUT_OF_BUDGET);
      if (value === false) return false;
      if (value instanceof CelError) errors.push(value.message);
    }
    if (errors.length === 0) return true;
    return new CelError(errors.length === 1 ? (errors[0] ?? '') : `[${errors.join(', ')}]`);
  };
  return { evaluate, variables: expressions.flatMap(({ variables }) => variables) };
}
