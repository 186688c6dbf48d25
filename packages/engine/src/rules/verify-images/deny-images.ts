import { EvaluationError } from '../../kernel/evaluation-error.ts';
import { type JsonObject, member } from '../../kernel/json.ts';
import { compileConditions } from '../../lang/conditions/compile-conditions.ts';
import { compileTemplate, type TemplateTools } from '../../lang/variables/compile-template.ts';
import type { Scope } from '../../lang/variables/scope.ts';
import { readObject, readText } from '../../model/read-json.ts';

/** Why the `validate.deny` of an entry denies, `undefined` when it does not. Without conditions it always denies. */
export type Denial = (scope: Scope) => string | undefined;

export function compileDeny(validate: JsonObject, tools: TemplateTools): Denial {
  const deny = readObject(validate, 'deny');
  if (!deny) return () => undefined;
  const conditions = compileConditions(member(deny, 'conditions'), tools);
  const message = readText(validate, 'message') ?? '';
  return (scope) => {
    const outcome = conditions.evaluate(scope);
    if (outcome instanceof EvaluationError) return `failed to check deny conditions: ${outcome.message}`;
    if (!outcome.value) return undefined;
    return denialMessage(message, outcome.messages.join('; '), tools, scope);
  };
}

function denialMessage(message: string, conditions: string, tools: TemplateTools, scope: Scope): string {
  if (message === '' && conditions === '') return `validation error: imageVerify ${message} failed`;
  const joined = [message, conditions].filter((text) => text !== '').join('; ');
  // Which conditions hold decides the text, so it is compiled when it is needed: a denial is no hot path.
  const text = compileTemplate(joined, tools).evaluate(scope);
  if (text instanceof EvaluationError) return conditions;
  return typeof text === 'string'
    ? text
    : "the produced message didn't resolve to a string, check your policy definition.";
}
