import { CelError } from '@vouchsafe/cel';
import type { NamedExpression } from '../../model/cel-policy.ts';
import { type PolicyExpression, type PolicyLanguage, type PolicyScope, WANT_BOOL } from './policy-language.ts';
import type { PolicyVariables } from './policy-scope.ts';

/** `[{name, expression}]` whose values are truths; those that do not compile are reported and left out. */
export function compileConditionList(
  conditions: readonly NamedExpression[],
  path: string,
  language: PolicyLanguage,
): readonly PolicyExpression[] {
  return conditions.flatMap(
    ({ expression }, index) => language.compile(expression, `${path}[${index}].expression`, WANT_BOOL) ?? [],
  );
}

/** `spec.variables`: each is known to those after it. */
export function compileVariables(
  variables: readonly NamedExpression[],
  path: string,
  language: PolicyLanguage,
): PolicyVariables {
  return variables.flatMap(({ name, expression }, index) => {
    const compiled = language.compile(expression, `${path}[${index}].expression`);
    if (!compiled) return [];
    language.addVariable(name, compiled.type);
    return [[name, compiled] as const];
  });
}

/** One that is false decides, whatever the others say; else errors are told together (kyverno-cel §4.2). */
export function conditionsHold(conditions: readonly PolicyExpression[], scope: PolicyScope): boolean | CelError {
  const errors: string[] = [];
  for (const condition of conditions) {
    const value = condition.evaluate(scope);
    if (value === false) return false;
    if (value instanceof CelError) errors.push(value.message);
  }
  return errors.length === 0 ? true : new CelError(errors.join('; '));
}
