import { decodeJson, tokenize } from './lexer.ts';
import { binary, type Comparison, CURRENT, depthAbove, type SyntaxNode, unary } from './syntax-tree.ts';
import { SyntaxFailure, syntaxFailure, type Token, type TokenKind } from './token.ts';

/** How tightly an operator holds what stands left of it; absent is 0. The table of the go-jmespath fork. */
const BINDING_POWER: Readonly<Partial<Record<TokenKind, number>>> = Object.freeze({
  tPipe: 1,
  tOr: 2,
  tAnd: 3,
  tEQ: 5,
  tLT: 5,
  tLTE: 5,
  tGT: 5,
  tGTE: 5,
  tNE: 5,
  tFlatten: 9,
  tStar: 20,
  tFilter: 21,
  tDot: 40,
  tNot: 45,
  tLbrace: 50,
  tLbracket: 55,
  tLparen: 60,
});

const COMPARISONS: Readonly<Partial<Record<TokenKind, Comparison>>> = Object.freeze({
  tEQ: '==',
  tNE: '!=',
  tLT: '<',
  tLTE: '<=',
  tGT: '>',
  tGTE: '>=',
});

/** Characters of an expression, and levels of nesting, above which it is refused. */
export const EXPRESSION_LIMITS = Object.freeze({ length: 64 * 1024, depth: 500 });

/** The tree of `expression`. Throws `SyntaxFailure`, also when a limit is passed. */
export function parseJmesPath(expression: string): SyntaxNode {
  if (expression.length > EXPRESSION_LIMITS.length) {
    throw syntaxFailure(`expression is longer than ${EXPRESSION_LIMITS.length} characters`, EXPRESSION_LIMITS.length);
  }
  return new Parser(tokenize(expression)).parse();
}

/**
 * A Pratt parser after the go-jmespath fork, leniencies included: commas between the arguments of a function and
 * between the members of a hash may be missing, and an argument list may end with one.
 */
class Parser {
  readonly #tokens: readonly Token[];
  readonly #end: Token;
  #index = 0;
  #nesting = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
    this.#end = tokens.at(-1) ?? { kind: 'tEOF', value: '', offset: 0 };
  }

  parse(): SyntaxNode {
    const node = this.#expression(0);
    if (this.#kind() !== 'tEOF') throw this.#failure(`Unexpected token at the end of the expression: ${this.#kind()}`);
    return node;
  }

  #expression(bindingPower: number): SyntaxNode {
    if (++this.#nesting > EXPRESSION_LIMITS.depth) throw this.#tooDeep();
    let node = this.#prefix(this.#advance());
    while (bindingPower < (BINDING_POWER[this.#kind()] ?? 0)) {
      node = this.#infix(this.#advance(), node);
      if (node.depth > EXPRESSION_LIMITS.depth) throw this.#tooDeep();
    }
    this.#nesting--;
    return node;
  }

  /** What a token means at the start of an expression. */
  #prefix(token: Token): SyntaxNode {
    switch (token.kind) {
      case 'tJSONLiteral':
        return { type: 'literal', value: decodeJson(token.value, token.offset), depth: 1 };
      case 'tStringLiteral':
        return { type: 'literal', value: token.value, depth: 1 };
      case 'tUnquotedIdentifier':
        return { type: 'field', name: token.value, depth: 1 };
      case 'tQuotedIdentifier':
        if (this.#kind() === 'tLparen') {
          throw syntaxFailure("Can't have quoted identifier as function Name.", token.offset);
        }
        return { type: 'field', name: token.value, depth: 1 };
      case 'tStar':
        return binary('value-projection', CURRENT, this.#kind() === 'tRbracket' ? CURRENT : this.#projected('tStar'));
      case 'tFilter':
        return this.#filter(CURRENT);
      case 'tLbrace':
        return this.#hash();
      case 'tFlatten':
        return binary('projection', unary('flatten', CURRENT), this.#projected('tFlatten'));
      case 'tLbracket':
        return this.#bracketPrefix();
      case 'tCurrent':
        return CURRENT;
      case 'tExpref':
        return unary('reference', this.#expression(0));
      case 'tNot':
        return unary('not', this.#expression(BINDING_POWER.tNot ?? 0));
      case 'tLparen': {
        const inner = this.#expression(0);
        this.#expect('tRparen');
        return inner;
      }
      case 'tEOF':
        throw syntaxFailure('Incomplete expression', token.offset);
      default:
        throw syntaxFailure(`Invalid token: ${token.kind}`, token.offset);
    }
  }

  /** What a token means after the expression `left`. */
  #infix(token: Token, left: SyntaxNode): SyntaxNode {
    switch (token.kind) {
      case 'tDot':
        if (this.#kind() !== 'tStar') return binary('sub', left, this.#afterDot('tDot'));
        this.#advance();
        return binary('value-projection', left, this.#projected('tDot'));
      case 'tPipe':
        return binary('pipe', left, this.#expression(BINDING_POWER.tPipe ?? 0));
      case 'tOr':
        return binary('or', left, this.#expression(BINDING_POWER.tOr ?? 0));
      case 'tAnd':
        return binary('and', left, this.#expression(BINDING_POWER.tAnd ?? 0));
      case 'tLparen':
        return this.#call(token, left);
      case 'tFilter':
        return this.#filter(left);
      case 'tFlatten':
        return binary('projection', unary('flatten', left), this.#projected('tFlatten'));
      case 'tLbracket':
        return this.#bracketInfix(left);
      default: {
        const operator = COMPARISONS[token.kind];
        if (!operator) throw this.#failure(`Unexpected token: ${token.kind}`);
        const right = this.#expression(BINDING_POWER[token.kind] ?? 0);
        return { type: 'comparison', operator, left, right, depth: depthAbove([left, right]) };
      }
    }
  }

  #bracketPrefix(): SyntaxNode {
    const kind = this.#kind();
    if (kind === 'tNumber' || kind === 'tColon') return this.#projectedIfSlice(CURRENT, this.#indexOrSlice());
    if (kind === 'tStar' && this.#kind(1) === 'tRbracket') {
      this.#index += 2;
      return binary('projection', CURRENT, this.#projected('tStar'));
    }
    return this.#list();
  }

  #bracketInfix(left: SyntaxNode): SyntaxNode {
    const kind = this.#kind();
    if (kind === 'tNumber' || kind === 'tColon') return this.#projectedIfSlice(left, this.#indexOrSlice());
    this.#expect('tStar');
    this.#expect('tRbracket');
    return binary('projection', left, this.#projected('tStar'));
  }

  #indexOrSlice(): SyntaxNode {
    if (this.#kind() === 'tColon' || this.#kind(1) === 'tColon') return this.#slice();
    const index = this.#integer();
    this.#expect('tRbracket');
    return { type: 'index', index, depth: 1 };
  }

  #slice(): SyntaxNode {
    const parts: (number | undefined)[] = [undefined, undefined, undefined];
    let part = 0;
    while (this.#kind() !== 'tRbracket' && part < 3) {
      if (this.#kind() === 'tColon') {
        part++;
        this.#advance();
      } else if (this.#kind() === 'tNumber') {
        parts[part] = this.#integer();
      } else {
        throw this.#failure(`Expected tColon or tNumber, received: ${this.#kind()}`);
      }
    }
    this.#expect('tRbracket');
    return { type: 'slice', start: parts[0], stop: parts[1], step: parts[2], depth: 1 };
  }

  #integer(): number {
    const token = this.#advance();
    const value = Number(token.value);
    if (!Number.isSafeInteger(value)) {
      const why = token.value === '-' ? 'invalid syntax' : 'value out of range';
      throw new SyntaxFailure(`strconv.Atoi: parsing "${token.value}": ${why}`, token.offset);
    }
    return value;
  }

  #projectedIfSlice(left: SyntaxNode, right: SyntaxNode): SyntaxNode {
    const indexed = binary('sub', left, right);
    return right.type === 'slice' ? binary('projection', indexed, this.#projected('tStar')) : indexed;
  }

  #call(paren: Token, left: SyntaxNode): SyntaxNode {
    // Upstream takes whatever text the node holds as the function's name.
    const name =
      left.type === 'field'
        ? left.name
        : left.type === 'literal' && typeof left.value === 'string'
          ? left.value
          : undefined;
    if (name === undefined) throw new SyntaxFailure('invalid node value type', paren.offset);
    const args: SyntaxNode[] = [];
    while (this.#kind() !== 'tRparen') {
      args.push(this.#expression(0));
      if (this.#kind() === 'tComma') this.#advance();
    }
    this.#expect('tRparen');
    return { type: 'call', name, args, offset: paren.offset - name.length, depth: depthAbove(args) };
  }

  #filter(left: SyntaxNode): SyntaxNode {
    const condition = this.#expression(0);
    this.#expect('tRbracket');
    const right = this.#kind() === 'tFlatten' ? CURRENT : this.#projected('tFilter');
    return { type: 'filter', left, right, condition, depth: depthAbove([left, right, condition]) };
  }

  #list(): SyntaxNode {
    const members: SyntaxNode[] = [];
    for (;;) {
      members.push(this.#expression(0));
      if (this.#kind() === 'tRbracket') break;
      this.#expect('tComma');
    }
    this.#advance();
    return { type: 'list', members, depth: depthAbove(members) };
  }

  #hash(): SyntaxNode {
    const entries: (readonly [string, SyntaxNode])[] = [];
    for (;;) {
      const key = this.#advance();
      if (key.kind !== 'tUnquotedIdentifier' && key.kind !== 'tQuotedIdentifier') {
        throw syntaxFailure('Expected tQuotedIdentifier or tUnquotedIdentifier', key.offset);
      }
      this.#expect('tColon');
      entries.push([key.value, this.#expression(0)]);
      if (this.#kind() === 'tComma') {
        this.#advance();
      } else if (this.#kind() === 'tRbrace') {
        this.#advance();
        return { type: 'hash', entries, depth: depthAbove(entries.map(([, node]) => node)) };
      }
    }
  }

  #afterDot(power: TokenKind): SyntaxNode {
    switch (this.#kind()) {
      case 'tQuotedIdentifier':
      case 'tUnquotedIdentifier':
      case 'tStar':
        return this.#expression(BINDING_POWER[power] ?? 0);
      case 'tLbracket':
        this.#advance();
        return this.#list();
      case 'tLbrace':
        this.#advance();
        return this.#hash();
      default:
        throw this.#failure('Expected identifier, lbracket, or lbrace');
    }
  }

  /** The expression applied to each element of a projection: `@` when nothing follows that belongs to it. */
  #projected(power: TokenKind): SyntaxNode {
    const kind = this.#kind();
    if ((BINDING_POWER[kind] ?? 0) < 10) return CURRENT;
    if (kind === 'tLbracket' || kind === 'tFilter') return this.#expression(BINDING_POWER[power] ?? 0);
    if (kind !== 'tDot') throw this.#failure('Error');
    this.#advance();
    return this.#afterDot(power);
  }

  #peek(ahead: number): Token {
    return this.#tokens[this.#index + ahead] ?? this.#end;
  }

  #kind(ahead = 0): TokenKind {
    return this.#peek(ahead).kind;
  }

  #advance(): Token {
    const token = this.#peek(0);
    this.#index++;
    return token;
  }

  #expect(kind: TokenKind): void {
    if (this.#kind() !== kind) throw this.#failure(`Expected ${kind}, received: ${this.#kind()}`);
    this.#index++;
  }

  #failure(message: string): SyntaxFailure {
    return syntaxFailure(message, this.#peek(0).offset);
  }

  #tooDeep(): SyntaxFailure {
    return this.#failure(`expression is nested deeper than ${EXPRESSION_LIMITS.depth} levels`);
  }
}
