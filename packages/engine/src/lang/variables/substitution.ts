import { EvaluationError } from '../../kernel/evaluation-error.ts';
import type { EngineHost } from '../../kernel/host.ts';
import { defineMember, isJsonArray, isJsonObject, type Json } from '../../kernel/json.ts';
import { formatGoJson } from '../jmespath/go-value.ts';
import { finishText, type TextUse } from './finish-text.ts';
import { appendLeafPath } from './leaf-path.ts';
import type { Scope } from './scope.ts';
import { openExpression } from './sealed-expression.ts';
import { describeSealed, isSealed, sealText } from './sealed-text.ts';
import { compileReadVariable, type VariableReference } from './variable-reference.ts';
import { findVariables, mayHoldVariable, readVariable, unescapeBraces } from './variable-text.ts';
import { WatchedScope } from './watched-scope.ts';

/** Variables one evaluation of a template may resolve, and characters it may produce: values may hold variables. */
const RESOLUTION_LIMIT = 5_000;
const TEXT_LIMIT = 16 * 1024 * 1024;
/** How deep values that are lists or objects may hold variables for such values again. */
const NESTING_LIMIT = 32;

/**
 * One evaluation of a template: resolves what only the request can tell, namely variables inside the values of
 * variables (kyverno-core §2.5), within limits.
 */
export class Substitution {
  readonly #scope: WatchedScope;
  readonly #host: EngineHost;
  #resolutions = RESOLUTION_LIMIT;
  #characters = TEXT_LIMIT;
  #nesting = 0;
  #isGiven = false;
  #isText = false;

  constructor(scope: Scope, host: EngineHost) {
    this.#scope = new WatchedScope(scope);
    this.#host = host;
  }

  /**
   * The value of a variable that is a whole text: kept as it is, but variables inside lists and objects resolve, unless
   * they came with the request.
   */
  wholeValue(reference: VariableReference, path: string, use: TextUse = 'text'): Json | EvaluationError {
    const resolved = this.#resolve(reference, path);
    if (resolved instanceof EvaluationError) return resolved;
    const { value, isGiven } = resolved;
    if (isGiven && typeof value === 'string' && isExpression(use)) return finishText(sealText(value), use);
    if (isGiven || typeof value !== 'object' || value === null || !holdsVariable(value)) return value;
    if (this.#nesting >= NESTING_LIMIT) return tooMuch(path);
    this.#nesting++;
    const document = this.#document(value, path);
    this.#nesting--;
    return document;
  }

  /**
   * The text of a variable inside a text without braces and backslashes of its own: nothing is sealed, for nothing is
   * read again. `undefined` when it may have to be.
   */
  spliceOpen(reference: VariableReference, path: string): string | EvaluationError | undefined {
    const text = this.#textOf(reference, path);
    if (text instanceof EvaluationError) return text;
    return this.#isGiven || !text.includes('{') ? text : undefined;
  }

  /** The text of a variable inside a larger text; sealed when it came with the request. */
  splice(reference: VariableReference, path: string): string | EvaluationError {
    const text = this.#textOf(reference, path);
    if (text instanceof EvaluationError) return text;
    if (this.#isGiven) return sealText(text, this.#isText);
    return reference.isShallow ? text.replaceAll('{{', '\\{{') : text;
  }

  /** Also tells of the value whether it came with the request, and whether it is a text. */
  #textOf(reference: VariableReference, path: string): string | EvaluationError {
    const resolved = this.#resolve(reference, path);
    if (resolved instanceof EvaluationError) return resolved;
    const { value, isGiven } = resolved;
    const text = typeof value === 'string' ? value : formatGoJson(value);
    if (text instanceof EvaluationError) return text;
    this.#characters -= text.length;
    if (this.#characters < 0) return tooMuch(path);
    if (reference.isShallow && value !== null && typeof value !== 'string') {
      return new EvaluationError(`the value of a \`{{- }}\` variable at path ${path} is no string`);
    }
    this.#isGiven = isGiven;
    this.#isText = typeof value === 'string';
    return text;
  }

  /** A text whose variables are not known in advance. */
  text(given: string, path: string, use: TextUse = 'text'): Json | EvaluationError {
    let text = given;
    for (;;) {
      const variables = findVariables(text);
      const [first] = variables;
      if (!first) return finishText(unescapeBraces(text), use);
      const references: VariableReference[] = [];
      for (const { source } of variables) {
        const reference = this.#compile(source, path);
        if (reference instanceof EvaluationError) return reference;
        references.push(reference);
      }
      const [whole] = references;
      if (whole && first.source === text) return this.wholeValue(whole, path, use);
      let next = '';
      let at = 0;
      for (const [index, { start, end }] of variables.entries()) {
        const reference = references[index];
        const spliced = reference ? this.splice(reference, path) : '';
        if (spliced instanceof EvaluationError) return spliced;
        next += text.slice(at, start) + spliced;
        at = end;
      }
      text = next + text.slice(at);
      if (text.length > TEXT_LIMIT) return tooMuch(path);
      if (references.at(-1)?.isShallow) return finishText(unescapeBraces(text), use);
    }
  }

  /** A variable with values of the request in its expression: they stay values, and what it gives is the request's. */
  #compile(source: string, path: string): VariableReference | EvaluationError {
    const { text, isShallow } = readVariable(source);
    const opened = openExpression(text);
    if (opened instanceof EvaluationError) {
      return new EvaluationError(`failed to resolve ${describeSealed(text)} at path ${path}: ${opened.message}`);
    }
    const reference = compileReadVariable({ text: opened, isShallow }, path, this.#host);
    return isSealed(text) ? { ...reference, isGiven: true } : reference;
  }

  #resolve(reference: VariableReference, path: string): Resolved | EvaluationError {
    this.#resolutions--;
    if (this.#resolutions < 0) return tooMuch(path);
    this.#scope.hasReadGiven = false;
    const value = reference.resolve(this.#scope);
    if (value instanceof EvaluationError) return value;
    return { value, isGiven: reference.isGiven === true || this.#scope.hasReadGiven };
  }

  #document(node: Json, path: string): Json | EvaluationError {
    if (typeof node === 'string') return mayHoldVariable(node) ? this.text(node, path) : node;
    if (isJsonArray(node)) {
      const items: Json[] = [];
      for (const [index, item] of node.entries()) {
        const resolved = this.#document(item, appendLeafPath(path, index));
        if (resolved instanceof EvaluationError) return resolved;
        items.push(resolved);
      }
      return items;
    }
    return isJsonObject(node) ? this.#members(Object.entries(node), path) : node;
  }

  #members(entries: readonly (readonly [string, Json])[], path: string): Json | EvaluationError {
    const members: Record<string, Json> = {};
    for (const [key, value] of entries) {
      const name = keyText(key, mayHoldVariable(key) ? this.text(key, path) : key);
      if (name instanceof EvaluationError) return name;
      const resolved = this.#document(value, appendLeafPath(path, key));
      if (resolved instanceof EvaluationError) return resolved;
      defineMember(members, name, resolved);
    }
    return members;
  }
}

interface Resolved {
  readonly value: Json;
  readonly isGiven: boolean;
}

function isExpression(use: TextUse): boolean {
  return use === 'expression' || use === 'answer-expression';
}

/** What a key with variables became: a text, or unchanged when it became null. */
export function keyText(key: string, resolved: Json | EvaluationError): string | EvaluationError {
  if (resolved instanceof EvaluationError || typeof resolved === 'string') return resolved;
  if (resolved === null) return key;
  return new EvaluationError(`expected string after substituting variables in key "${key}"`);
}

/** Whether a text or key anywhere in it may be a variable. */
export function holdsVariable(node: Json): boolean {
  if (typeof node === 'string') return mayHoldVariable(node);
  if (isJsonArray(node)) return node.some(holdsVariable);
  if (!isJsonObject(node)) return false;
  for (const key of Object.keys(node)) {
    if (mayHoldVariable(key) || holdsVariable(node[key] ?? null)) return true;
  }
  return false;
}

function tooMuch(path: string): EvaluationError {
  return new EvaluationError(`variables at path ${path} resolve to too many or too long variables`);
}
