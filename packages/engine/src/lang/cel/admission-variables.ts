import { type Activation, CelError, type CelResult, LazyRecord, VARIABLES } from '@vouchsafe/cel';
import type { JsonObject } from '../../kernel/json.ts';
import { readText } from '../../model/read-json.ts';
import { type CelAsking, type CelExpression, type CelTools, compileCel } from './cel-expression.ts';
import { extendActivation } from './policy-scope.ts';

export interface PartList {
  readonly items: readonly JsonObject[];
  readonly path: string;
}

export type AdmissionVariables = readonly (readonly [name: string, expression: CelExpression])[];

/** `variables` of an admission policy: each is known to those after it, and to what is compiled later. */
export function compileAdmissionVariables({ items, path }: PartList, tools: CelTools): AdmissionVariables {
  return items.map((item, index) => {
    const name = readText(item, 'name') ?? '';
    const text = readText(item, 'expression') ?? '';
    const expression = compileCel(text, [], `${path}[${index}].expression`, tools);
    tools.environment.addVariable(name, expression.type);
    return [name, expression] as const;
  });
}

/** What was given, with variables that are evaluated when first read, at most once; what is lazy in it stays so. */
export function withAdmissionVariables(
  given: Activation,
  variables: AdmissionVariables,
  asking: CelAsking,
): Activation {
  if (variables.length === 0) return given;
  const fields = new Map<string, () => CelResult>();
  const activation = extendActivation(given, { variables: new LazyRecord(VARIABLES, fields) });
  for (const [name, expression] of variables) {
    fields.set(name, () => {
      const value = expression.evaluate(activation, asking);
      if (!(value instanceof CelError)) return value;
      return new CelError(`composited variable "${name}" fails to evaluate: ${value.message}`);
    });
  }
  return activation;
}
