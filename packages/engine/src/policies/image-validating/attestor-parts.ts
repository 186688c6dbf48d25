import { CelError } from '@vouchsafe/cel';
import type { JsonObject } from '../../kernel/json.ts';
import {
  type PolicyExpression,
  type PolicyLanguage,
  type PolicyScope,
  WANT_STRING,
} from '../../lang/cel/policy-language.ts';
import { readObject, readText } from '../../model/read-json.ts';

/** A text of an attestor that may come from an expression; `undefined` where the policy gives none. */
export type AttestorText = ((scope: PolicyScope) => string | CelError) | undefined;

/** `{value}` or `{expression}`. */
export function compileValue(
  holder: JsonObject | undefined,
  key: string,
  path: string,
  language: PolicyLanguage,
): AttestorText {
  return compileText(readObject(holder, key), 'value', 'expression', `${path}.${key}`, language);
}

/**
 * The text of a member, or of the expression of another. An expression whose value is empty is an error: less would be asked
 * of signatures than the policy says.
 */
export function compileText(
  holder: JsonObject | undefined,
  plain: string,
  computed: string,
  path: string,
  language: PolicyLanguage,
): AttestorText {
  const text = readText(holder, computed);
  if (text) {
    const expression = language.compile(text, `${path}.${computed}`, ANY_TEXT);
    return expression && ((scope) => evaluateText(expression, scope));
  }
  const value = readText(holder, plain);
  return value ? () => value : undefined;
}

/** What is of type `dyn` is judged when it is evaluated. */
const ANY_TEXT = undefined;

function evaluateText(expression: PolicyExpression, scope: PolicyScope): string | CelError {
  const value = expression.evaluate(scope);
  if (value instanceof CelError) return new CelError(`failed to evaluate ${expression.path}: ${value.message}`);
  if (typeof value !== 'string') return new CelError(`failed to evaluate ${expression.path}: ${WANT_STRING.message}`);
  return value.trim() === '' ? new CelError(`failed to evaluate ${expression.path}: the text is empty`) : value;
}

/** The texts of an attestor that are given, by name; the first error decides. */
export function evaluateTexts<Name extends string>(
  texts: Readonly<Record<Name, AttestorText>>,
  scope: PolicyScope,
): Readonly<Partial<Record<Name, string>>> | CelError {
  const found: Partial<Record<Name, string>> = {};
  // The keys of a record of names are those names.
  for (const name of Object.keys(texts) as Name[]) {
    const value = texts[name]?.(scope);
    if (value instanceof CelError) return value;
    if (value !== undefined) found[name] = value;
  }
  return found;
}
