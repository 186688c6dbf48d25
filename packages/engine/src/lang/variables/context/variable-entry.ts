import { EvaluationError } from '../../../kernel/evaluation-error.ts';
import { type Json, member } from '../../../kernel/json.ts';
import { formatGoValue } from '../../jmespath/go-value.ts';
import { compileTemplate, type Template } from '../compile-template.ts';
import { compileQuery } from '../query.ts';
import type { Scope } from '../scope.ts';
import { applyPath } from './apply-path.ts';
import type { EntryCompilation, EntryLoader } from './entry-loader.ts';
import { compileEntryText, type EntryText } from './entry-text.ts';

interface VariableEntry {
  readonly name: string;
  readonly path: EntryText;
  readonly value: Template | undefined;
  readonly fallback: Template | undefined;
}

/** `variable`: a value, an expression over it, or an expression over the context, with a default (kyverno-core §2.4). */
export function compileVariableEntry({ name, block, tools }: EntryCompilation): EntryLoader {
  const source = member(block, 'jmesPath');
  const hasValue = (member(block, 'value') ?? null) !== null;
  const entry: VariableEntry = {
    name,
    path: compileEntryText(
      block,
      'jmesPath',
      tools,
      {
        failed: (reason) => `failed to substitute variables in context entry ${name} ${String(source)}: ${reason}`,
        notText: () => `jmespath value must be a string ${name} ${String(source)}: <nil>`,
      },
      hasValue ? 'answer-expression' : 'expression',
    ),
    value: templateOf(member(block, 'value')),
    fallback: templateOf(member(block, 'default')),
  };
  const { host } = tools;
  // Most expressions hold no variables: compiled once.
  const known = entry.path.source.includes('{{') ? undefined : compileQuery(entry.path.source, host);
  return {
    replaces: true,
    load: (scope) =>
      evaluateEntry(entry, scope, (path, value) => {
        if (value !== undefined) return applyPath(path, value, host);
        return (known ?? compileQuery(path, host)).evaluate(scope);
      }),
  };

  function templateOf(document: Json | undefined): Template | undefined {
    return document === undefined || document === null ? undefined : compileTemplate(document, tools);
  }
}

type Ask = (path: string, value: Json | undefined) => Json | EvaluationError;

function evaluateEntry(entry: VariableEntry, scope: Scope, ask: Ask): Json | EvaluationError {
  const path = entry.path.evaluate(scope);
  if (path instanceof EvaluationError) return path;
  const fallback = evaluateDocument(entry, entry.fallback, scope);
  if (fallback instanceof EvaluationError) return fallback;
  const value = entry.value && evaluateDocument(entry, entry.value, scope);
  if (value instanceof EvaluationError) return value;
  const output = value !== undefined && path === '' ? value : path === '' ? fallback : ask(path, value);
  if (output instanceof EvaluationError) {
    if (fallback !== null) return fallback;
    const about = value === undefined ? '<nil>' : formatGoValue(value);
    return new EvaluationError(
      `failed to apply jmespath ${path} to variable ${about}: ${output.message}`,
      output.notFound,
    );
  }
  // A null found in the context gives way to the default; a null computed from `value` does not.
  const result = output === null && value === undefined ? fallback : output;
  return (
    result ?? new EvaluationError(`failed to add context entry for variable ${entry.name} since it evaluated to nil`)
  );
}

function evaluateDocument(entry: VariableEntry, template: Template | undefined, scope: Scope): Json | EvaluationError {
  const value = template?.evaluate(scope) ?? null;
  if (!(value instanceof EvaluationError)) return value;
  return new EvaluationError(
    `failed to substitute variables in context entry ${entry.name}: ${value.message}`,
    value.notFound,
  );
}
