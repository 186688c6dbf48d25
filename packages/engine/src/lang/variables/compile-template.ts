import type { Diagnostic } from '../../kernel/diagnostics/diagnostic.ts';
import { EvaluationError } from '../../kernel/evaluation-error.ts';
import type { EngineHost } from '../../kernel/host.ts';
import { defineMember, isJsonArray, isJsonObject, type Json, type JsonObject } from '../../kernel/json.ts';
import { finishText, type TextUse } from './finish-text.ts';
import { appendLeafPath } from './leaf-path.ts';
import { resolveReferences } from './references.ts';
import type { Scope } from './scope.ts';
import { holdsVariable, keyText, Substitution } from './substitution.ts';
import { compileVariable, type VariableReference } from './variable-reference.ts';
import { findVariables, mayHoldVariable, unescapeBraces } from './variable-text.ts';

export interface TemplateTools {
  readonly host: EngineHost;
  /** Told about expressions that cannot be compiled: the template then answers an error. */
  readonly report?: (diagnostic: Diagnostic) => void;
  /** JSON path of the document in the policy, for diagnostics. */
  readonly path?: string;
  /** What the text at a path of the document is for; a text like any other when absent. */
  readonly useOf?: (path: string) => TextUse;
}

/** A document with `{{ }}` variables and `$( )` references, compiled. Frozen, shared by all requests. */
export type Template = ConstantTemplate | VariableTemplate;

/** It holds no variables: `evaluate` always answers `value`. */
export interface ConstantTemplate {
  readonly constant: true;
  readonly value: Json;
  readonly evaluate: (scope: Scope) => Json | EvaluationError;
}

export interface VariableTemplate {
  readonly constant: false;
  /** Constant parts are shared with the document, never copied. Throws only `Need`. */
  readonly evaluate: (scope: Scope) => Json | EvaluationError;
}

/** A part of a template: a constant, or what computes it. */
type Part =
  | { readonly constant: true; readonly value: Json }
  | {
      readonly constant: false;
      readonly run: (substitution: Substitution) => Json | EvaluationError;
      /** The value where no variable can be inside of it; `undefined` where one may be. */
      readonly quick?: (scope: Scope) => Json | EvaluationError | undefined;
    };

/** Compiles a document as Kyverno substitutes it (kyverno-core §2.5): references first, then variables, keys too. */
export function compileTemplate(document: Json, tools: TemplateTools): Template {
  const resolved = resolveReferences(document);
  if (resolved instanceof EvaluationError) return Object.freeze({ constant: false, evaluate: () => resolved });
  const part = compilePart(resolved, '', tools);
  if (part.constant) {
    const { value } = part;
    return Object.freeze({ constant: true, value, evaluate: () => value });
  }
  const { quick } = part;
  return Object.freeze({
    constant: false,
    evaluate: (scope: Scope) => {
      const value = quick?.(scope);
      return value === undefined ? part.run(new Substitution(scope, tools.host)) : value;
    },
  });
}

function compilePart(node: Json, path: string, tools: TemplateTools): Part {
  if (typeof node === 'string') return compileText(node, path, tools);
  if (isJsonArray(node)) return compileList(node, path, tools);
  return isJsonObject(node) ? compileMembers(node, path, tools) : { constant: true, value: node };
}

function compileText(text: string, path: string, tools: TemplateTools): Part {
  if (!mayHoldVariable(text)) return { constant: true, value: text };
  const variables = findVariables(text);
  const [first] = variables;
  if (!first) return { constant: true, value: unescapeBraces(text) };
  const references = variables.map(({ source }) => {
    const reference = compileVariable(source, path, tools.host);
    if (reference.diagnostic) {
      tools.report?.({ ...reference.diagnostic, severity: 'warning', ...(tools.path ? { path: tools.path } : {}) });
    }
    return reference;
  });
  const use = tools.useOf?.(path) ?? 'text';
  const [whole] = references;
  if (whole && first.source === text) {
    const run = (at: Substitution) => at.wholeValue(whole, path, use);
    return use === 'text'
      ? { constant: false, run, quick: (scope) => plainValue(whole, scope) }
      : { constant: false, run };
  }
  const literals = variables.map(({ start }, index) => text.slice(variables[index - 1]?.end ?? 0, start));
  const tail = text.slice(variables.at(-1)?.end ?? 0);
  const isLastShallow = references.at(-1)?.isShallow === true;
  // Nothing of such a text is read again unless a value of the policy's own asks for it: nothing has to be sealed.
  const isOpen = use === 'text' && ![...literals, tail].some((literal) => /[{}\\]/.test(literal));
  const join = (piece: (reference: VariableReference) => string | EvaluationError | undefined) => {
    let result = '';
    for (let index = 0; index < references.length; index++) {
      const reference = references[index];
      const spliced = reference ? piece(reference) : '';
      if (typeof spliced !== 'string') return spliced;
      result += (literals[index] ?? '') + spliced;
    }
    return result + tail;
  };
  return {
    constant: false,
    run: (substitution) => {
      const open = isOpen ? join((reference) => substitution.spliceOpen(reference, path)) : undefined;
      if (open !== undefined) return open;
      const result = join((reference) => substitution.splice(reference, path)) ?? '';
      if (result instanceof EvaluationError) return result;
      if (!mayHoldVariable(result)) return finishText(result, use);
      return isLastShallow ? finishText(unescapeBraces(result), use) : substitution.text(result, path, use);
    },
  };
}

/** As `Substitution.wholeValue` for a value that holds no variable; `undefined` for one that may. */
function plainValue(reference: VariableReference, scope: Scope): Json | EvaluationError | undefined {
  const value = reference.resolve(scope);
  if (typeof value !== 'object' || value === null || value instanceof EvaluationError) return value;
  return holdsVariable(value) ? undefined : value;
}

function compileList(items: readonly Json[], path: string, tools: TemplateTools): Part {
  const parts = items.map((item, index) => compilePart(item, appendLeafPath(path, index), tools));
  if (parts.every((part) => part.constant)) {
    const values = parts.map((part) => (part.constant ? part.value : null));
    return { constant: true, value: values.every((value, index) => value === items[index]) ? items : values };
  }
  return {
    constant: false,
    run: (substitution) => {
      const values: Json[] = [];
      for (const part of parts) {
        const value = part.constant ? part.value : part.run(substitution);
        if (value instanceof EvaluationError) return value;
        values.push(value);
      }
      return values;
    },
  };
}

interface Member {
  readonly key: string;
  readonly name: Part;
  readonly value: Part;
}

function compileMembers(node: JsonObject, path: string, tools: TemplateTools): Part {
  const members = Object.entries(node).map(
    ([key, value]): Member => ({
      key,
      name: compileText(key, path, tools),
      value: compilePart(value, appendLeafPath(path, key), tools),
    }),
  );
  if (members.every(({ name, value }) => name.constant && value.constant)) return constantMembers(node, members);
  return {
    constant: false,
    run: (substitution) => {
      const result: Record<string, Json> = {};
      for (const { key, name, value } of members) {
        const text = keyText(key, name.constant ? name.value : name.run(substitution));
        if (text instanceof EvaluationError) return text;
        const resolved = value.constant ? value.value : value.run(substitution);
        if (resolved instanceof EvaluationError) return resolved;
        defineMember(result, text, resolved);
      }
      return result;
    },
  };
}

/** The document's own object when nothing in it was an escape. */
function constantMembers(node: JsonObject, members: readonly Member[]): Part {
  const result: Record<string, Json> = {};
  let changed = false;
  for (const { key, name, value } of members) {
    if (!name.constant || !value.constant) continue;
    const text = typeof name.value === 'string' ? name.value : key;
    changed ||= text !== key || value.value !== node[key];
    defineMember(result, text, value.value);
  }
  return { constant: true, value: changed ? result : node };
}
