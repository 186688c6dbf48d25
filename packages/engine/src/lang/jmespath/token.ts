/** The kinds of tokens, under the names the messages of Kyverno's JMESPath show. */
export type TokenKind =
  | 'tUnknown'
  | 'tStar'
  | 'tDot'
  | 'tFilter'
  | 'tFlatten'
  | 'tLparen'
  | 'tRparen'
  | 'tLbracket'
  | 'tRbracket'
  | 'tLbrace'
  | 'tRbrace'
  | 'tOr'
  | 'tPipe'
  | 'tNumber'
  | 'tUnquotedIdentifier'
  | 'tQuotedIdentifier'
  | 'tComma'
  | 'tColon'
  | 'tLT'
  | 'tLTE'
  | 'tGT'
  | 'tGTE'
  | 'tEQ'
  | 'tNE'
  | 'tJSONLiteral'
  | 'tStringLiteral'
  | 'tCurrent'
  | 'tExpref'
  | 'tAnd'
  | 'tNot'
  | 'tEOF';

export interface Token {
  readonly kind: TokenKind;
  /** Identifiers and strings are decoded; a JSON literal is still JSON text. */
  readonly value: string;
  /** Where the token begins in the expression, in UTF-16 units. */
  readonly offset: number;
}

/** Raised by lexer and parser, caught by `parseJmesPath`: it never leaves this folder. */
export class SyntaxFailure extends Error {
  readonly offset: number;

  /** `message` is the upstream text, prefix included where upstream has one. */
  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}

/** The upstream text of a syntax error. */
export function syntaxFailure(message: string, offset: number): SyntaxFailure {
  return new SyntaxFailure(`SyntaxError: ${message}`, offset);
}
