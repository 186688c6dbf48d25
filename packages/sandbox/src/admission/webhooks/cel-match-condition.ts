import { CelError, celTypes, createMatchConditionEnvironment, formatIssues } from '@vouchsafe/cel';
import type { ConditionInput, MatchConditionCompiler } from './match-conditions.ts';

// Made once: an environment is immutable and costs more than a condition.
const environment = createMatchConditionEnvironment();

/**
 * Compiles a condition as the API server does: over `object`, `oldObject` (null when absent) and `request`. An
 * expression that does not compile, or gives no boolean, is an error of every evaluation.
 */
export const compileCelMatchCondition: MatchConditionCompiler = (expression) => {
  const compiled = environment.compile(expression);
  if ('issues' in compiled) return failing(`compilation failed: ${formatIssues(expression, compiled.issues)}`);
  const { program, resultType } = compiled;
  if (resultType.kind !== celTypes.BOOL.kind && resultType.kind !== celTypes.DYN.kind) {
    return failing('must evaluate to bool');
  }
  return ({ object, oldObject, request }: ConditionInput) => {
    const value = program.evaluate({ object: object ?? null, oldObject: oldObject ?? null, request });
    if (typeof value === 'boolean') return value;
    return { error: value instanceof CelError ? value.message : 'did not evaluate to a boolean' };
  };
};

function failing(error: string): () => { readonly error: string } {
  return () => ({ error });
}
