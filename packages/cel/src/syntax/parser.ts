// A grammar in one place: splitting it would part rules that read together.
import type { CelValue } from '../values/cel-value.ts';
import type { Expr, FieldEntry, ListElement, MapEntry, Place, Select } from './ast.ts';
import { type Token, type TokenKind, tokenize } from './lexer.ts';
import {
  parseBytesLiteral,
  parseDoubleLiteral,
  parseIntLiteral,
  parseStringLiteral,
  parseUintLiteral,
} from './literals.ts';
import { MacroIssue, type MacroTable, type NodeFactory } from './macro.ts';
import { type CelIssue, issueAt } from './source.ts';

export interface ParseOptions {
  readonly macros: MacroTable;
  /** Whether `a.?b`, `a[?k]` and optional entries are part of the language. */
  readonly optionalSyntax: boolean;
  /** Nesting of an expression; 250 as the original. */
  readonly depthLimit?: number;
  /** Length in code points; 100 000 as the original. */
  readonly sizeLimit?: number;
}

export type ParseResult =
  | { readonly expr: Expr; readonly nodeCount: number }
  | { readonly issues: readonly CelIssue[] };

const DEFAULT_DEPTH = 250;
const DEFAULT_SIZE = 100_000;

const RESERVED = new Set(
  'as break const continue else for function if import let loop package namespace return var void while'.split(' '),
);
const RELATIONS = new Map<TokenKind, string>(
  ['<', '<=', '>=', '>', '==', '!='].map((operator) => [operator, `_${operator}_`]),
).set('in', '@in');
const SUMS = new Map<TokenKind, string>([
  ['+', '_+_'],
  ['-', '_-_'],
]);
const PRODUCTS = new Map<TokenKind, string>([
  ['*', '_*_'],
  ['/', '_/_'],
  ['%', '_%_'],
]);
const PRIMARY_START =
  "{'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}";

const EXPRESSION_STARTS = new Set('[ { ( . - ! true false null double int uint string bytes ident'.split(' '));

/** Parses an expression of the language, macros expanded. */
export function parse(text: string, options: ParseOptions): ParseResult {
  const limit = options.sizeLimit ?? DEFAULT_SIZE;
  const size = text.length > limit ? [...text].length : text.length;
  if (size > limit) {
    return {
      issues: [
        { line: 1, column: 1, message: `expression code point size exceeds limit: size: ${size}, limit ${limit}` },
      ],
    };
  }
  const { tokens, issues } = tokenize(text);
  const parser = new Parser(text, tokens, options);
  const expr = parser.run();
  const found = [...issues, ...parser.issues].map(({ offset, message }) => issueAt(text, offset, message));
  return expr === undefined || found.length > 0 ? { issues: found } : { expr, nodeCount: parser.nodeCount };
}

/** Ends the parse after a syntax error; what follows could only be guessed. */
class Abort {}

class Parser {
  readonly issues: { readonly offset: number; readonly message: string }[] = [];
  nodeCount = 0;
  readonly #text: string;
  readonly #tokens: readonly Token[];
  readonly #options: ParseOptions;
  #index = 0;
  #depth = 0;

  constructor(text: string, tokens: readonly Token[], options: ParseOptions) {
    this.#text = text;
    this.#tokens = tokens;
    this.#options = options;
  }

  run(): Expr | undefined {
    try {
      const expr = this.#expression();
      if (this.#kind() !== 'end') this.#leftOver();
      return expr;
    } catch (reason) {
      // Only our own signal; anything else is a bug.
      if (reason instanceof Abort) return undefined;
      throw reason;
    }
  }

  /** What stands behind a whole expression: one token too many, or more. */
  #leftOver(): never {
    const one = this.#tokens[this.#index + 1]?.kind === 'end';
    return this.#syntaxError(`${one ? 'extraneous' : 'mismatched'} input '${this.#shown()}' expecting <EOF>`);
  }

  #kind(): TokenKind {
    return this.#tokens[this.#index]?.kind ?? 'end';
  }

  #token(): Token {
    return this.#tokens[this.#index] ?? { kind: 'end', start: this.#text.length, end: this.#text.length };
  }

  #advance(): Token {
    const token = this.#token();
    this.#index++;
    return token;
  }

  #shown(): string {
    const { kind, start, end } = this.#token();
    return kind === 'end' ? '<EOF>' : this.#text.slice(start, end);
  }

  /** The token after a dot, as complaints about names show it. */
  #shownAfter(): string {
    return this.#kind() === 'end' ? '' : this.#shown();
  }

  #accept(kind: TokenKind): Token | undefined {
    return this.#kind() === kind ? this.#advance() : undefined;
  }

  /** The next token, which must be of a kind; complaints are those of the original's error recovery. */
  #expect(kind: TokenKind, expected = `'${kind}'`): Token {
    const token = this.#accept(kind);
    if (token !== undefined) return token;
    if (this.#tokens[this.#index + 1]?.kind === kind && this.#kind() !== 'end') {
      return this.#syntaxError(`extraneous input '${this.#shown()}' expecting ${expected}`);
    }
    // What could stand here if only the wanted token were not forgotten; a list's end is expected, not assumed.
    const assumed = kind === ':' ? this.#startsExpression() : !expected.startsWith('{');
    return this.#syntaxError(
      assumed ? `missing '${kind}' at '${this.#shown()}'` : `mismatched input '${this.#shown()}' expecting ${expected}`,
    );
  }

  #startsExpression(): boolean {
    return EXPRESSION_STARTS.has(this.#kind());
  }

  /** Whether a list or map goes on after an element: consumes the comma, and complains about an end that is missing. */
  #goesOn(close: TokenKind): boolean {
    if (!this.#accept(',')) {
      if (this.#kind() !== close) this.#expect(close, `{'${close}', ','}`);
      return false;
    }
    if (this.#kind() === 'end') this.#syntaxError(`missing '${close}' at '<EOF>'`);
    return true;
  }

  #syntaxError(message: string): never {
    this.issues.push({ offset: this.#token().start, message: `Syntax error: ${message}` });
    throw new Abort();
  }

  #problem(offset: number, message: string): void {
    this.issues.push({ offset, message });
  }

  #enter(): void {
    const limit = this.#options.depthLimit ?? DEFAULT_DEPTH;
    if (++this.#depth > limit) {
      this.#problem(0, `expression recursion limit exceeded: ${limit}`);
      throw new Abort();
    }
  }

  #place(start: number, position: number): Place {
    return { start, end: this.#tokens[this.#index - 1]?.end ?? start, position };
  }

  #call(place: Place, name: string, args: readonly Expr[], target?: Expr): Expr {
    return { kind: 'call', id: ++this.nodeCount, ...place, name, target, args };
  }

  #expression(): Expr {
    this.#enter();
    const condition = this.#or();
    const question = this.#accept('?');
    if (question === undefined) {
      this.#depth--;
      return condition;
    }
    const yes = this.#or();
    this.#expect(':');
    const no = this.#expression();
    this.#depth--;
    return this.#call(this.#place(condition.start, question.start), '_?_:_', [condition, yes, no]);
  }

  #or(): Expr {
    return this.#logical('||', '_||_', () => this.#logical('&&', '_&&_', () => this.#relation()));
  }

  #logical(operator: TokenKind, name: string, operand: () => Expr): Expr {
    const first = operand();
    if (this.#kind() !== operator) return first;
    const terms = [first];
    let position = -1;
    for (let found = this.#accept(operator); found; found = this.#accept(operator)) {
      if (position < 0) position = found.start;
      terms.push(operand());
    }
    return this.#call(this.#place(first.start, position), name, terms);
  }

  #relation(): Expr {
    return this.#leftAssociative(RELATIONS, () =>
      this.#leftAssociative(SUMS, () => this.#leftAssociative(PRODUCTS, () => this.#unary())),
    );
  }

  #leftAssociative(operators: ReadonlyMap<TokenKind, string>, operand: () => Expr): Expr {
    let left = operand();
    const depth = this.#depth;
    for (let name = operators.get(this.#kind()); name !== undefined; name = operators.get(this.#kind())) {
      this.#enter();
      const { start: position } = this.#advance();
      const right = operand();
      left = this.#call(this.#place(left.start, position), name, [left, right]);
    }
    this.#depth = depth;
    return left;
  }

  #unary(): Expr {
    const operator = this.#kind();
    if (operator !== '!' && !(operator === '-' && !this.#isNegativeNumber())) return this.#member();
    const { start } = this.#token();
    let count = 0;
    while (this.#kind() === operator && !(operator === '-' && this.#isNegativeNumber())) {
      this.#advance();
      count++;
    }
    const operand = this.#member();
    if (count % 2 === 0) return operand;
    return this.#call(this.#place(start, start), operator === '!' ? '!_' : '-_', [operand]);
  }

  #isNegativeNumber(): boolean {
    const next = this.#tokens[this.#index + 1]?.kind;
    return next === 'int' || next === 'double';
  }

  #member(): Expr {
    const depth = this.#depth;
    let expr = this.#primary();
    for (;;) {
      const kind = this.#kind();
      if (kind === '.') expr = this.#select(expr);
      else if (kind === '[') expr = this.#index_(expr);
      else break;
      this.#enter();
    }
    this.#depth = depth;
    return expr;
  }

  #select(operand: Expr): Expr {
    const dot = this.#advance();
    const question = this.#accept('?');
    const token = this.#token();
    const field = this.#fieldName();
    if (question !== undefined) {
      if (!this.#options.optionalSyntax) this.#problem(dot.start, "unsupported syntax '.?'");
      const name = this.#literal(field, { start: token.start, end: token.end, position: token.start });
      return this.#call(this.#place(operand.start, dot.start), '_?._', [operand, name]);
    }
    if (this.#kind() === '(' && token.kind === 'ident') {
      const open = this.#advance();
      const args = this.#arguments(')');
      return this.#callOrMacro(this.#place(operand.start, open.start), field, args, operand);
    }
    return {
      kind: 'select',
      id: ++this.nodeCount,
      ...this.#place(operand.start, dot.start),
      operand,
      field,
      test: false,
    };
  }

  #index_(operand: Expr): Expr {
    const open = this.#advance();
    const question = this.#accept('?');
    if (question !== undefined && !this.#options.optionalSyntax) this.#problem(open.start, "unsupported syntax '[?'");
    const index = this.#expression();
    this.#expect(']');
    return this.#call(this.#place(operand.start, open.start), question ? '_[?_]' : '_[_]', [operand, index]);
  }

  #fieldName(): string {
    const { kind, start, end } = this.#token();
    if (kind !== 'ident' && kind !== 'escaped') {
      this.#syntaxError(`no viable alternative at input '.${this.#shownAfter()}'`);
    }
    this.#advance();
    return kind === 'escaped' ? this.#text.slice(start + 1, end - 1) : this.#text.slice(start, end);
  }

  #arguments(close: TokenKind): Expr[] {
    const args: Expr[] = [];
    if (this.#accept(close)) return args;
    if (this.#kind() === 'end') {
      this.#syntaxError(`mismatched input '<EOF>' expecting ${PRIMARY_START.replace("'(', ", "'(', ')', ")}`);
    }
    do args.push(this.#expression());
    while (this.#accept(','));
    this.#expect(close);
    return args;
  }

  #primary(): Expr {
    const { start, end, kind } = this.#token();
    switch (kind) {
      case '(': {
        this.#advance();
        const expr = this.#expression();
        this.#expect(')');
        return expr;
      }
      case '[':
        return this.#list();
      case '{':
        return this.#map();
      case '.':
      case 'ident':
        return this.#name();
      case '-':
        return this.#negativeNumber();
      case 'int':
      case 'uint':
      case 'double':
      case 'string':
      case 'bytes':
      case 'true':
      case 'false':
      case 'null':
        this.#advance();
        return this.#constant(kind, this.#text.slice(start, end), { start, end, position: start });
      default:
        return this.#noExpression();
    }
  }

  /** A token that starts no expression; one that could be left out is called extraneous. */
  #noExpression(): never {
    const next = this.#tokens[this.#index + 1]?.kind ?? 'end';
    const what = EXPRESSION_STARTS.has(next) ? 'extraneous' : 'mismatched';
    return this.#syntaxError(`${what} input '${this.#shown()}' expecting ${PRIMARY_START}`);
  }

  #negativeNumber(): Expr {
    const { start } = this.#advance();
    const { kind, start: digits, end } = this.#token();
    if (kind !== 'int' && kind !== 'double') {
      this.#syntaxError(`no viable alternative at input '-${this.#shown()}'`);
    }
    this.#advance();
    // Without what may stand between sign and digits.
    return this.#constant(kind, `-${this.#text.slice(digits, end)}`, { start, end, position: start });
  }

  #literal(value: CelValue, place: Place): Expr {
    return { kind: 'literal', id: ++this.nodeCount, ...place, value };
  }

  #constant(kind: TokenKind, text: string, place: Place): Expr {
    const value = parseConstant(kind, text);
    if (value === undefined) {
      const what = kind === 'string' || kind === 'bytes' ? 'unable to unescape string' : `invalid ${kind} literal`;
      this.#problem(place.position, what);
    }
    return this.#literal(value ?? null, place);
  }

  #name(): Expr {
    const { start } = this.#token();
    const rooted = this.#accept('.') !== undefined;
    const message = this.#messageName();
    if (message !== undefined) return this.#message(rooted ? `.${message}` : message, start);
    const token = this.#token();
    if (token.kind !== 'ident') this.#syntaxError(`no viable alternative at input '.${this.#shownAfter()}'`);
    this.#advance();
    const word = this.#text.slice(token.start, token.end);
    if (RESERVED.has(word)) this.#problem(start, `reserved identifier: ${word}`);
    const name = rooted ? `.${word}` : word;
    const open = this.#accept('(');
    if (open === undefined) return { kind: 'ident', id: ++this.nodeCount, ...this.#place(start, token.start), name };
    const args = this.#arguments(')');
    return this.#callOrMacro(this.#place(start, open.start), name, args, undefined);
  }

  /** The dotted name before a `{`, when that is what follows. */
  #messageName(): string | undefined {
    let index = this.#index;
    const words: string[] = [];
    for (;;) {
      const token = this.#tokens[index];
      if (token?.kind !== 'ident') return undefined;
      words.push(this.#text.slice(token.start, token.end));
      const next = this.#tokens[index + 1]?.kind;
      if (next === '{') {
        this.#index = index + 1;
        return words.join('.');
      }
      if (next !== '.') return undefined;
      index += 2;
    }
  }

  #message(typeName: string, start: number): Expr {
    const open = this.#advance();
    const fields: FieldEntry[] = [];
    while (this.#kind() !== '}') {
      const optional = this.#optionalMark();
      const name = this.#fieldName();
      const { start: position } = this.#expect(':');
      fields.push({ position, name, value: this.#expression(), optional });
      if (!this.#goesOn('}')) break;
    }
    this.#expect('}');
    return { kind: 'struct', id: ++this.nodeCount, ...this.#place(start, open.start), typeName, fields };
  }

  #list(): Expr {
    const { start } = this.#advance();
    const elements: ListElement[] = [];
    while (this.#kind() !== ']') {
      const optional = this.#optionalMark();
      elements.push({ value: this.#expression(), optional });
      if (!this.#goesOn(']')) break;
    }
    this.#expect(']');
    return { kind: 'list', id: ++this.nodeCount, ...this.#place(start, start), elements };
  }

  #map(): Expr {
    const { start } = this.#advance();
    const entries: MapEntry[] = [];
    while (this.#kind() !== '}') {
      const optional = this.#optionalMark();
      const key = this.#expression();
      const { start: position } = this.#expect(':');
      entries.push({ position, key, value: this.#expression(), optional });
      if (!this.#goesOn('}')) break;
    }
    this.#expect('}');
    return { kind: 'map', id: ++this.nodeCount, ...this.#place(start, start), entries };
  }

  #optionalMark(): boolean {
    const mark = this.#accept('?');
    if (mark !== undefined && !this.#options.optionalSyntax) this.#problem(mark.start, "unsupported syntax '?'");
    return mark !== undefined;
  }

  #callOrMacro(place: Place, name: string, args: readonly Expr[], target: Expr | undefined): Expr {
    const macro = this.#options.macros.find(name, target !== undefined, args.length);
    const expanded = macro?.expand(this.#factory(place), args, target);
    if (expanded instanceof MacroIssue) this.#problem(expanded.offset, expanded.message);
    else if (expanded !== undefined) return expanded;
    return this.#call(place, name, args, target);
  }

  #factory(place: Place): NodeFactory {
    const base = () => ({ id: ++this.nodeCount, ...place });
    return {
      place,
      literal: (value) => ({ kind: 'literal', ...base(), value }),
      ident: (name) => ({ kind: 'ident', ...base(), name }),
      call: (name, args, target) => ({ kind: 'call', ...base(), name, target, args }),
      list: (elements) => ({ kind: 'list', ...base(), elements }),
      select: (operand, field, test): Select => ({ kind: 'select', ...base(), operand, field, test }),
      comprehension: ({ form, range, variables, filter, step }) => ({
        kind: 'comprehension',
        ...base(),
        form,
        range,
        variables,
        filter,
        step,
      }),
      bind: (variable, init, body) => ({ kind: 'bind', ...base(), variable, init, body }),
    };
  }
}

function parseConstant(kind: TokenKind, text: string): CelValue | undefined {
  switch (kind) {
    case 'int':
      return parseIntLiteral(text);
    case 'uint':
      return parseUintLiteral(text);
    case 'double':
      return parseDoubleLiteral(text);
    case 'string':
      return parseStringLiteral(text);
    case 'bytes':
      return parseBytesLiteral(text);
    case 'null':
      return null;
    default:
      return kind === 'true';
  }
}
