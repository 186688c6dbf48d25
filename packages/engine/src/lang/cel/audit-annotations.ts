import { CelError, celTypes, typeOf } from '@vouchsafe/cel';
import type { JsonObject } from '../../kernel/json.ts';
import { readObjects, readText } from '../../model/read-json.ts';
import type { PolicyExpression, PolicyLanguage, PolicyScope, WantedType } from './policy-language.ts';

/** `spec.auditAnnotations` of a policy, compiled. */
export type AuditAnnotations = readonly (readonly [key: string, expression: PolicyExpression])[];

const WANT_TEXT_OR_NULL: WantedType = {
  types: [celTypes.STRING, celTypes.NULL_TYPE],
  message: 'output is expected to be either of type string or null_type',
};

/** The same where values whose type is told only by evaluating are taken: upstream's own suites of generating policies have some. */
export const WANT_ANY_TEXT: WantedType = { ...WANT_TEXT_OR_NULL, types: [...WANT_TEXT_OR_NULL.types, celTypes.DYN] };

/** Those that do not compile are reported and left out. */
export function compileAuditAnnotations(
  spec: JsonObject,
  language: PolicyLanguage,
  wanted: WantedType = WANT_TEXT_OR_NULL,
): AuditAnnotations {
  return readObjects(spec, 'auditAnnotations').flatMap((item, index) => {
    const path = `spec.auditAnnotations[${index}].valueExpression`;
    const expression = language.compile(readText(item, 'valueExpression') ?? '', path, wanted);
    return expression ? [[readText(item, 'key') ?? '', expression] as const] : [];
  });
}

/** Properties of the result; empty texts are left out. A null, though its type is allowed, is an error (kyverno-cel §4.2). */
export function evaluateAuditAnnotations(
  annotations: AuditAnnotations,
  scope: PolicyScope,
): Readonly<Record<string, string>> | CelError {
  const told: [string, string][] = [];
  for (const [key, expression] of annotations) {
    const value = expression.evaluate(scope);
    if (value instanceof CelError) return new CelError(`failed to evaluate auditAnnotation '${key}': ${value.message}`);
    if (typeof value !== 'string') {
      const problem = `type conversion error from '${typeOf(value).name}' to 'string'`;
      return new CelError(`failed to convert auditAnnotation '${key}' expression: ${problem}`);
    }
    if (value !== '') told.push([key, value]);
  }
  return Object.fromEntries(told);
}
