import { type Activation, CelError, celTypes } from '@vouchsafe/cel';
import type { JsonObject } from '../../kernel/json.ts';
import { readText } from '../../model/read-json.ts';
import { type CelAsking, type CelExpression, type CelTools, compileCel, evaluateNamed } from './cel-expression.ts';
import { OUT_OF_BUDGET } from './cost-budget.ts';

/** `[{name, expression}]`, compiled. */
export function compileMatchConditions(
  conditions: readonly JsonObject[],
  path: string,
  tools: CelTools,
): readonly CelExpression[] {
  return conditions.map((condition, index) =>
    compileCel(readText(condition, 'expression') ?? '', [celTypes.BOOL], `${path}[${index}].expression`, tools),
  );
}

/** One that is false decides, whatever the others say; else errors are told together. */
export function allHold(
  expressions: readonly CelExpression[],
  activation: Activation,
  asking: CelAsking,
): boolean | CelError {
  const errors: string[] = [];
  for (const expression of expressions) {
    const value = evaluateNamed(expression, activation, asking);
    if (asking.budget.isSpent) return new CelError(OUT_OF_BUDGET);
    if (value === false) return false;
    if (value instanceof CelError) errors.push(value.message);
  }
  if (errors.length === 0) return true;
  return new CelError(errors.length === 1 ? (errors[0] ?? '') : `[${errors.join(', ')}]`);
}
