import type { JsonObject } from '../../store/json-value.ts';
import { stringAt } from '../../store/json-value.ts';

/** What match conditions are evaluated over: the review's request and objects. */
export interface ConditionInput {
  readonly request: JsonObject;
  readonly object: JsonObject | undefined;
  readonly oldObject: JsonObject | undefined;
}

/** Whether all conditions hold; an error text when that could not be told. */
export type ConditionResult =
  | { readonly ok: true; readonly matches: boolean }
  | { readonly ok: false; readonly message: string };

/** Compiled `matchConditions` of one webhook. */
export interface CompiledConditions {
  evaluate(input: ConditionInput): ConditionResult;
}

/** Compiles one CEL expression; the port that the expression language is plugged into. */
export type MatchConditionCompiler = (
  expression: string,
) => (input: ConditionInput) => boolean | { readonly error: string };

/** Compiles the conditions of a webhook. Without an expression language every evaluation is an error. */
export function compileMatchConditions(
  conditions: readonly JsonObject[],
  compiler: MatchConditionCompiler | undefined,
): CompiledConditions {
  const compiled = conditions.map((condition) => ({
    expression: stringAt(condition, 'expression'),
    evaluate: compiler?.(stringAt(condition, 'expression')),
  }));
  return {
    evaluate(input) {
      const errors: string[] = [];
      for (const { expression, evaluate } of compiled) {
        const result = evaluate?.(input) ?? { error: 'match conditions cannot be evaluated here' };
        // One false condition decides, whatever the others would have said.
        if (result === false) {
          return { ok: true, matches: false };
        }
        if (result !== true) {
          errors.push(`expression '${expression}' resulted in error: ${result.error}`);
        }
      }
      return errors.length === 0
        ? { ok: true, matches: true }
        : { ok: false, message: errors.length === 1 ? (errors[0] ?? '') : `[${errors.join(', ')}]` };
    },
  };
}
