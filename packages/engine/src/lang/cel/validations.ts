import { CelError } from '@vouchsafe/cel';
import type { JsonObject } from '../../kernel/json.ts';
import type { RuleResult } from '../../model/decision.ts';
import { readObjects, readText } from '../../model/read-json.ts';
import {
  type PolicyExpression,
  type PolicyLanguage,
  type PolicyScope,
  WANT_BOOL,
  WANT_STRING,
} from './policy-language.ts';

/** One entry of `spec.validations`. */
export interface Validation {
  readonly expression: PolicyExpression;
  readonly message: string;
  readonly messageExpression: PolicyExpression | undefined;
}

/** The first validation that is not true. */
export interface Failure extends Pick<RuleResult, 'status' | 'message'> {
  readonly status: 'fail' | 'error';
  readonly index: number;
}

/** What does not compile is reported and left out. */
export function compileValidations(spec: JsonObject, language: PolicyLanguage): readonly Validation[] {
  return readObjects(spec, 'validations').flatMap((item, index) => {
    const path = `spec.validations[${index}]`;
    const expression = language.compile(readText(item, 'expression') ?? '', `${path}.expression`, WANT_BOOL);
    const told = readText(item, 'messageExpression') ?? '';
    const messageExpression =
      told === '' ? undefined : language.compile(told, `${path}.messageExpression`, WANT_STRING);
    return expression ? [{ expression, message: readText(item, 'message') ?? '', messageExpression }] : [];
  });
}

/** Evaluates in order until one is not true; `undefined` when all are (kyverno-cel §4.2). */
export function findFailure(validations: readonly Validation[], scope: PolicyScope): Failure | undefined {
  for (let index = 0; index < validations.length; index += 1) {
    const validation = validations[index];
    const value = validation?.expression.evaluate(scope);
    if (validation === undefined || value === true) continue;
    if (value instanceof CelError) return { status: 'error', message: `error: ${value.message}`, index };
    return { status: 'fail', message: messageOf(validation, index, scope), index };
  }
  return undefined;
}

/** A `messageExpression` takes the message's place, also when it fails. */
function messageOf({ message, messageExpression }: Validation, index: number, scope: PolicyScope): string {
  const fallback = `CEL expression validation failed at index ${index}`;
  if (!messageExpression) return message || fallback;
  const told = messageExpression.evaluate(scope);
  if (told instanceof CelError) return `failed to evaluate message expression: ${told.message}`;
  return typeof told === 'string' && told !== '' ? told : fallback;
}
