import { EvaluationError } from '../../kernel/evaluation-error.ts';
import { isJsonObject, type Json, type JsonObject, member } from '../../kernel/json.ts';

export type Directive = 'merge' | 'replace' | 'delete';

const KEY = '$patch';

/** The `$patch` directive of an object, and the object without it. */
export function takeDirective(
  patch: JsonObject,
): { readonly directive: Directive; readonly patch: JsonObject } | EvaluationError {
  const value = member(patch, KEY);
  if (value === undefined) return { directive: 'merge', patch };
  const directive = directiveOf(value);
  if (directive instanceof EvaluationError) return directive;
  const { [KEY]: _, ...rest } = patch;
  return { directive, patch: rest };
}

/** The directive of a list: an element with `$patch` and nothing else. The list comes back without such elements. */
export function takeListDirective(
  patch: readonly Json[],
): { readonly directive: Directive; readonly patch: readonly Json[] } | EvaluationError {
  const holder = patch.find((item): item is JsonObject => isJsonObject(item) && member(item, KEY) !== undefined);
  if (holder === undefined || Object.keys(holder).length > 1) return { directive: 'merge', patch };
  const value = holder[KEY] ?? null;
  const directive = directiveOf(value);
  if (directive instanceof EvaluationError) return directive;
  return {
    directive,
    patch: patch.filter((item) => !isJsonObject(item) || (Object.keys(item).length > 0 && member(item, KEY) !== value)),
  };
}

function directiveOf(value: Json): Directive | EvaluationError {
  if (value === 'merge' || value === 'replace' || value === 'delete') return value;
  return new EvaluationError(`unknown patch strategy '${typeof value === 'string' ? value : JSON.stringify(value)}'`);
}
