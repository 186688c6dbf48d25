import { EvaluationError } from '../../../kernel/evaluation-error.ts';
import { isJsonObject, type Json, type JsonObject, member } from '../../../kernel/json.ts';
import { compileTemplate, type TemplateTools } from '../compile-template.ts';
import type { TextUse } from '../finish-text.ts';
import type { Scope } from '../scope.ts';

/** A field of a context entry that substitutes to a text. */
export interface EntryText {
  readonly source: string;
  readonly evaluate: (scope: Scope) => string | EvaluationError;
}

/** Compiles the text member `name`; absent is the empty text. Other results than texts fail with `notText`. */
export function compileEntryText(
  entry: JsonObject,
  name: string,
  tools: TemplateTools,
  describe: { readonly failed: (reason: string) => string; readonly notText: (found: Json) => string },
  use?: TextUse,
): EntryText {
  const value = member(entry, name);
  const source = typeof value === 'string' ? value : '';
  const template = compileTemplate(source, use === undefined ? tools : { ...tools, useOf: () => use });
  return {
    source,
    evaluate: (scope) => {
      const result = template.evaluate(scope);
      if (result instanceof EvaluationError)
        return new EvaluationError(describe.failed(result.message), result.notFound);
      return typeof result === 'string' ? result : new EvaluationError(describe.notText(result));
    },
  };
}

/** Go's `%T` of a substituted value. */
export function goTypeOf(value: Json): string {
  if (value === null) return '<nil>';
  if (Array.isArray(value)) return '[]interface {}';
  if (isJsonObject(value)) return 'map[string]interface {}';
  return typeof value === 'number' ? 'float64' : typeof value === 'boolean' ? 'bool' : 'string';
}
