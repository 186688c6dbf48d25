import { isJsonObject, type JsonObject, member } from '../../kernel/json.ts';
import { readObject, readObjects, readText } from '../../model/read-json.ts';
import type { Problems } from './problems.ts';

/** The members of `validate.cel` that must be there, in upstream's words (kyverno-core §4.4.10). */
export function checkCel(cel: JsonObject, path: string, problems: Problems): void {
  const required = (object: JsonObject | undefined, key: string, place: string, name: string): void => {
    if (!readText(object, key)) problems.error(place, `${name} is required`, 'policy-missing-field');
  };
  for (const [index, expression] of readObjects(cel, 'expressions').entries()) {
    required(expression, 'expression', `${path}.expressions[${index}]`, 'cel.expressions.expression');
  }
  for (const [index, annotation] of readObjects(cel, 'auditAnnotations').entries()) {
    const place = `${path}.auditAnnotations[${index}]`;
    required(annotation, 'key', place, 'cel.auditAnnotation.key');
    required(annotation, 'valueExpression', place, 'cel.auditAnnotation.valueExpression');
  }
  checkParams(readObject(cel, 'paramKind'), readObject(cel, 'paramRef'), path, problems);
}

function checkParams(
  paramKind: JsonObject | undefined,
  paramRef: JsonObject | undefined,
  path: string,
  problems: Problems,
): void {
  const missing = (place: string, message: string): void => problems.error(place, message, 'policy-missing-field');
  if (paramKind) {
    for (const key of ['apiVersion', 'kind']) {
      if (!readText(paramKind, key)) missing(`${path}.paramKind`, `cel.paramKind.${key} is required`);
    }
    if (!paramRef) missing(path, 'cel.paramRef is required');
  }
  if (!paramRef) return;
  if (!readText(paramRef, 'name') && !isJsonObject(member(paramRef, 'selector'))) {
    missing(`${path}.paramRef`, 'one of cel.paramRef.name or cel.paramRef.selector must be set');
  }
  if (!readText(paramRef, 'parameterNotFoundAction')) {
    missing(`${path}.paramRef`, 'cel.paramRef.parameterNotFoundAction is required');
  }
  if (!paramKind) missing(path, 'cel.paramKind is required');
}
