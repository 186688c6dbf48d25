import type { CelValue } from '../values/cel-value.ts';
import type { Expr, FieldEntry, ListElement, MapEntry, Place } from './ast.ts';
import { type TokenKind, tokenize } from './lexer.ts';
import { parseConstant } from './literals.ts';
import { MacroIssue, type MacroTable } from './macro.ts';
import { createNodeFactory } from './node-factory.ts';
import { type CelIssue, issueAt } from './source.ts';
import { Abort, TokenCursor } from './token-cursor.ts';

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
  const cursor = new TokenCursor(text, tokens);
  const parser = new Parser(cursor, options);
  const expr = parser.run();
  const found = [...issues, ...cursor.issues].map(({ offset, message }) => issueAt(text, offset, message));
  return expr === undefined || found.length > 0 ? { issues: found } : { expr, nodeCount: parser.nodeCount };
}

/** The grammar: one method a rule. */
class Parser {
  nodeCount = 0;
  readonly #cursor: TokenCursor;
  readonly #options: ParseOptions;
  #depth = 0;

  constructor(cursor: TokenCursor, options: ParseOptions) {
    this.#cursor = cursor;
    this.#options = options;
  }

  run(): Expr | undefined {
    try {
      const expr = this.#expression();
      this.#cursor.expectEnd();
      return expr;
    } catch (reason) {
      // Only our own signal; anything else is a bug.
      if (reason instanceof Abort) return undefined;
      throw reason;
    }
  }

  #enter(): void {
    const limit = this.#options.depthLimit ?? DEFAULT_DEPTH;
    if (++this.#depth > limit) {
      this.#cursor.problem(0, `expression recursion limit exceeded: ${limit}`);
      throw new Abort();
    }
  }

  #place(start: number, position: number): Place {
    return { start, end: this.#cursor.lastEnd() ?? start, position };
  }

  #call(place: Place, name: string, args: readonly Expr[], target?: Expr): Expr {
    return { kind: 'call', id: ++this.nodeCount, ...place, name, target, args };
  }

  #expression(): Expr {
    this.#enter();
    const condition = this.#or();
    const question = this.#cursor.accept('?');
    if (question === undefined) {
      this.#depth--;
      return condition;
    }
    const yes = this.#or();
    this.#cursor.expect(':');
    const no = this.#expression();
    this.#depth--;
    return this.#call(this.#place(condition.start, question.start), '_?_:_', [condition, yes, no]);
  }

  // Made once a parser: each is the operand of the one before.
  readonly #unaries = (): Expr => this.#unary();
  readonly #products = (): Expr => this.#leftAssociative(PRODUCTS, this.#unaries);
  readonly #sums = (): Expr => this.#leftAssociative(SUMS, this.#products);
  readonly #relations = (): Expr => this.#leftAssociative(RELATIONS, this.#sums);
  readonly #conjunctions = (): Expr => this.#logical('&&', '_&&_', this.#relations);

  #or(): Expr {
    return this.#logical('||', '_||_', this.#conjunctions);
  }

  #logical(operator: TokenKind, name: string, operand: () => Expr): Expr {
    const first = operand();
    if (this.#cursor.kind() !== operator) return first;
    const terms = [first];
    let position = -1;
    for (let found = this.#cursor.accept(operator); found; found = this.#cursor.accept(operator)) {
      if (position < 0) position = found.start;
      terms.push(operand());
    }
    return this.#call(this.#place(first.start, position), name, terms);
  }

  #leftAssociative(operators: ReadonlyMap<TokenKind, string>, operand: () => Expr): Expr {
    let left = operand();
    const depth = this.#depth;
    for (let name = operators.get(this.#cursor.kind()); name !== undefined; name = operators.get(this.#cursor.kind())) {
      this.#enter();
      const { start: position } = this.#cursor.advance();
      const right = operand();
      left = this.#call(this.#place(left.start, position), name, [left, right]);
    }
    this.#depth = depth;
    return left;
  }

  #unary(): Expr {
    const operator = this.#cursor.kind();
    if (operator !== '!' && !(operator === '-' && !this.#isNegativeNumber())) return this.#member();
    const { start } = this.#cursor.token();
    let count = 0;
    while (this.#cursor.kind() === operator && !(operator === '-' && this.#isNegativeNumber())) {
      this.#cursor.advance();
      count++;
    }
    const operand = this.#member();
    if (count % 2 === 0) return operand;
    return this.#call(this.#place(start, start), operator === '!' ? '!_' : '-_', [operand]);
  }

  #isNegativeNumber(): boolean {
    const next = this.#cursor.kindAfter();
    return next === 'int' || next === 'double';
  }

  #member(): Expr {
    const depth = this.#depth;
    let expr = this.#primary();
    for (;;) {
      const kind = this.#cursor.kind();
      if (kind === '.') expr = this.#select(expr);
      else if (kind === '[') expr = this.#index_(expr);
      else break;
      this.#enter();
    }
    this.#depth = depth;
    return expr;
  }

  #select(operand: Expr): Expr {
    const dot = this.#cursor.advance();
    const question = this.#cursor.accept('?');
    const token = this.#cursor.token();
    const field = this.#fieldName();
    if (question !== undefined) {
      if (!this.#options.optionalSyntax) this.#cursor.problem(dot.start, "unsupported syntax '.?'");
      const name = this.#literal(field, placeOf(token));
      return this.#call(this.#place(operand.start, dot.start), '_?._', [operand, name]);
    }
    if (this.#cursor.kind() === '(' && token.kind === 'ident') {
      const open = this.#cursor.advance();
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
    const open = this.#cursor.advance();
    const question = this.#cursor.accept('?');
    if (question !== undefined && !this.#options.optionalSyntax)
      this.#cursor.problem(open.start, "unsupported syntax '[?'");
    const index = this.#expression();
    this.#cursor.expect(']');
    return this.#call(this.#place(operand.start, open.start), question ? '_[?_]' : '_[_]', [operand, index]);
  }

  #fieldName(): string {
    const { kind } = this.#cursor.token();
    if (kind !== 'ident' && kind !== 'escaped') this.#cursor.noName();
    const name = this.#cursor.textOf(this.#cursor.advance());
    return kind === 'escaped' ? name.slice(1, -1) : name;
  }

  #arguments(close: TokenKind): Expr[] {
    const args: Expr[] = [];
    if (this.#cursor.accept(close)) return args;
    if (this.#cursor.kind() === 'end') this.#cursor.noArgument();
    do args.push(this.#expression());
    while (this.#cursor.accept(','));
    this.#cursor.expect(close);
    return args;
  }

  #primary(): Expr {
    const token = this.#cursor.token();
    switch (token.kind) {
      case '(': {
        this.#cursor.advance();
        const expr = this.#expression();
        this.#cursor.expect(')');
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
        this.#cursor.advance();
        return this.#constant(token.kind, this.#cursor.textOf(token), placeOf(token));
      default:
        return this.#cursor.noExpression();
    }
  }

  #negativeNumber(): Expr {
    const { start } = this.#cursor.advance();
    const digits = this.#cursor.token();
    if (digits.kind !== 'int' && digits.kind !== 'double') this.#cursor.noNumber();
    this.#cursor.advance();
    // Without what may stand between sign and digits.
    return this.#constant(digits.kind, `-${this.#cursor.textOf(digits)}`, placeOf({ start, end: digits.end }));
  }

  #literal(value: CelValue, place: Place): Expr {
    return { kind: 'literal', id: ++this.nodeCount, ...place, value };
  }

  #constant(kind: TokenKind, text: string, place: Place): Expr {
    const value = parseConstant(kind, text);
    if (value === undefined) {
      const what = kind === 'string' || kind === 'bytes' ? 'unable to unescape string' : `invalid ${kind} literal`;
      this.#cursor.problem(place.position, what);
    }
    return this.#literal(value ?? null, place);
  }

  #name(): Expr {
    const { start } = this.#cursor.token();
    const rooted = this.#cursor.accept('.') !== undefined;
    const message = this.#cursor.acceptNameBefore('{');
    if (message !== undefined) return this.#message(rooted ? `.${message}` : message, start);
    const token = this.#cursor.token();
    if (token.kind !== 'ident') this.#cursor.noName();
    this.#cursor.advance();
    const word = this.#cursor.textOf(token);
    if (RESERVED.has(word)) this.#cursor.problem(start, `reserved identifier: ${word}`);
    const name = rooted ? `.${word}` : word;
    const open = this.#cursor.accept('(');
    if (open === undefined) return { kind: 'ident', id: ++this.nodeCount, ...this.#place(start, token.start), name };
    const args = this.#arguments(')');
    return this.#callOrMacro(this.#place(start, open.start), name, args, undefined);
  }

  #message(typeName: string, start: number): Expr {
    const open = this.#cursor.advance();
    const fields: FieldEntry[] = [];
    while (this.#cursor.kind() !== '}') {
      const optional = this.#optionalMark();
      const name = this.#fieldName();
      const { start: position } = this.#cursor.expect(':');
      fields.push({ position, name, value: this.#expression(), optional });
      if (!this.#cursor.goesOn('}')) break;
    }
    this.#cursor.expect('}');
    return { kind: 'struct', id: ++this.nodeCount, ...this.#place(start, open.start), typeName, fields };
  }

  #list(): Expr {
    const { start } = this.#cursor.advance();
    const elements: ListElement[] = [];
    while (this.#cursor.kind() !== ']') {
      const optional = this.#optionalMark();
      elements.push({ value: this.#expression(), optional });
      if (!this.#cursor.goesOn(']')) break;
    }
    this.#cursor.expect(']');
    return { kind: 'list', id: ++this.nodeCount, ...this.#place(start, start), elements };
  }

  #map(): Expr {
    const { start } = this.#cursor.advance();
    const entries: MapEntry[] = [];
    while (this.#cursor.kind() !== '}') {
      const optional = this.#optionalMark();
      const key = this.#expression();
      const { start: position } = this.#cursor.expect(':');
      entries.push({ position, key, value: this.#expression(), optional });
      if (!this.#cursor.goesOn('}')) break;
    }
    this.#cursor.expect('}');
    return { kind: 'map', id: ++this.nodeCount, ...this.#place(start, start), entries };
  }

  #optionalMark(): boolean {
    const mark = this.#cursor.accept('?');
    if (mark !== undefined && !this.#options.optionalSyntax) this.#cursor.problem(mark.start, "unsupported syntax '?'");
    return mark !== undefined;
  }

  #callOrMacro(place: Place, name: string, args: readonly Expr[], target: Expr | undefined): Expr {
    const macro = this.#options.macros.find(name, target !== undefined, args.length);
    const expanded = macro?.expand(
      createNodeFactory(place, () => ++this.nodeCount),
      args,
      target,
    );
    if (expanded instanceof MacroIssue) this.#cursor.problem(expanded.offset, expanded.message);
    else if (expanded !== undefined) return expanded;
    return this.#call(place, name, args, target);
  }
}

function placeOf({ start, end }: { readonly start: number; readonly end: number }): Place {
  return { start, end, position: start };
}
