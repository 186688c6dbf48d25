import type { Token, TokenKind } from './lexer.ts';

/** Ends the parse after a syntax error; what follows could only be guessed. */
export class Abort {}

const PRIMARY_START =
  "{'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}";
const EXPRESSION_STARTS = new Set('[ { ( . - ! true false null double int uint string bytes ident'.split(' '));

/** Where a parse is in its tokens, and what it says where the next one does not fit: the words of the original's recovery. */
export class TokenCursor {
  readonly issues: { readonly offset: number; readonly message: string }[] = [];
  readonly #text: string;
  readonly #tokens: readonly Token[];
  #index = 0;

  constructor(text: string, tokens: readonly Token[]) {
    this.#text = text;
    this.#tokens = tokens;
  }

  kind(): TokenKind {
    return this.#tokens[this.#index]?.kind ?? 'end';
  }

  kindAfter(): TokenKind {
    return this.#tokens[this.#index + 1]?.kind ?? 'end';
  }

  token(): Token {
    return this.#tokens[this.#index] ?? { kind: 'end', start: this.#text.length, end: this.#text.length };
  }

  /** Where the token that was consumed last ends. */
  lastEnd(): number | undefined {
    return this.#tokens[this.#index - 1]?.end;
  }

  textOf({ start, end }: Token): string {
    return this.#text.slice(start, end);
  }

  advance(): Token {
    const token = this.token();
    this.#index++;
    return token;
  }

  accept(kind: TokenKind): Token | undefined {
    return this.kind() === kind ? this.advance() : undefined;
  }

  /** Consumes a dotted name, when it stands before a token of a kind, which is then the next. */
  acceptNameBefore(kind: TokenKind): string | undefined {
    let index = this.#index;
    const words: string[] = [];
    for (;;) {
      const token = this.#tokens[index];
      if (token?.kind !== 'ident') return undefined;
      words.push(this.textOf(token));
      const next = this.#tokens[index + 1]?.kind;
      if (next === kind) {
        this.#index = index + 1;
        return words.join('.');
      }
      if (next !== '.') return undefined;
      index += 2;
    }
  }

  /** The next token, which must be of a kind. */
  expect(kind: TokenKind, expected = `'${kind}'`): Token {
    const token = this.accept(kind);
    if (token !== undefined) return token;
    if (this.kindAfter() === kind && this.kind() !== 'end') {
      return this.syntaxError(`extraneous input '${this.#shown()}' expecting ${expected}`);
    }
    // What could stand here if only the wanted token were not forgotten; a list's end is expected, not assumed.
    const assumed = kind === ':' ? EXPRESSION_STARTS.has(this.kind()) : !expected.startsWith('{');
    return this.syntaxError(
      assumed ? `missing '${kind}' at '${this.#shown()}'` : `mismatched input '${this.#shown()}' expecting ${expected}`,
    );
  }

  /** Whether a list or map goes on after an element: consumes the comma, and complains about an end that is missing. */
  goesOn(close: TokenKind): boolean {
    if (!this.accept(',')) {
      if (this.kind() !== close) this.expect(close, `{'${close}', ','}`);
      return false;
    }
    if (this.kind() === 'end') this.syntaxError(`missing '${close}' at '<EOF>'`);
    return true;
  }

  /** After a whole expression nothing follows; what does is one token too many, or more. */
  expectEnd(): void {
    if (this.kind() === 'end') return;
    const what = this.#tokens[this.#index + 1]?.kind === 'end' ? 'extraneous' : 'mismatched';
    this.syntaxError(`${what} input '${this.#shown()}' expecting <EOF>`);
  }

  /** A token that starts no expression; one that could be left out is called extraneous. */
  noExpression(): never {
    const what = EXPRESSION_STARTS.has(this.kindAfter()) ? 'extraneous' : 'mismatched';
    return this.syntaxError(`${what} input '${this.#shown()}' expecting ${PRIMARY_START}`);
  }

  /** Arguments that end with the text. */
  noArgument(): never {
    return this.syntaxError(`mismatched input '<EOF>' expecting ${PRIMARY_START.replace("'(', ", "'(', ')', ")}`);
  }

  /** What stands behind a dot and is no name. */
  noName(): never {
    const shown = this.kind() === 'end' ? '' : this.#shown();
    return this.syntaxError(`no viable alternative at input '.${shown}'`);
  }

  /** What stands behind a sign and is no number. */
  noNumber(): never {
    return this.syntaxError(`no viable alternative at input '-${this.#shown()}'`);
  }

  syntaxError(message: string): never {
    this.problem(this.token().start, `Syntax error: ${message}`);
    throw new Abort();
  }

  problem(offset: number, message: string): void {
    this.issues.push({ offset, message });
  }

  #shown(): string {
    return this.kind() === 'end' ? '<EOF>' : this.textOf(this.token());
  }
}
