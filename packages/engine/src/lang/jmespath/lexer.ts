import { EvaluationError } from '../../kernel/evaluation-error.ts';
import type { Json } from '../../kernel/json.ts';
import { parseGoJson, quoteRune } from './go-json.ts';
import { SyntaxFailure, syntaxFailure, type Token, type TokenKind } from './token.ts';

const SINGLE: Readonly<Record<string, TokenKind>> = Object.freeze({
  '.': 'tDot',
  '*': 'tStar',
  ',': 'tComma',
  ':': 'tColon',
  '{': 'tLbrace',
  '}': 'tRbrace',
  ']': 'tRbracket',
  '(': 'tLparen',
  ')': 'tRparen',
  '@': 'tCurrent',
});

/** First character, the second that makes it a pair, the pair's kind, the kind when alone. */
const PAIRS: Readonly<Record<string, readonly [string, TokenKind, TokenKind]>> = Object.freeze({
  '|': ['|', 'tOr', 'tPipe'],
  '<': ['=', 'tLTE', 'tLT'],
  '>': ['=', 'tGTE', 'tGT'],
  '!': ['=', 'tNE', 'tNot'],
  '=': ['=', 'tEQ', 'tUnknown'],
  '&': ['&', 'tAnd', 'tExpref'],
});

/**
 * Splits an expression into tokens, `tEOF` last. Throws `SyntaxFailure`. Follows the lexer of Kyverno's JMESPath
 * (go-jmespath fork): identifiers are ASCII, `[` `[?` `[]` are three tokens, raw strings know only the escape `\'`.
 */
export function tokenize(expression: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < expression.length) {
    const char = expression.charAt(at);
    if (isSpace(char)) {
      at++;
      continue;
    }
    const end = readToken(expression, at, char, tokens);
    at = end;
  }
  tokens.push({ kind: 'tEOF', value: '', offset: expression.length });
  return tokens;
}

/** Appends the token that begins at `at` and returns where the next one may begin. */
function readToken(text: string, at: number, char: string, tokens: Token[]): number {
  if (isIdentifierStart(char)) return readIdentifier(text, at, tokens);
  const single = SINGLE[char];
  if (single) {
    tokens.push({ kind: single, value: char, offset: at });
    return at + 1;
  }
  if (char === '-' || isDigit(char)) return readNumber(text, at, tokens);
  if (char === '[') return readBracket(text, at, tokens);
  if (char === '"') return readQuotedIdentifier(text, at, tokens);
  if (char === "'") return readRawString(text, at, tokens);
  if (char === '`') return readLiteral(text, at, tokens);
  const pair = PAIRS[char];
  if (pair) {
    const [second, double, alone] = pair;
    const isPair = text.charAt(at + 1) === second;
    tokens.push({ kind: isPair ? double : alone, value: isPair ? char + second : char, offset: at });
    return at + (isPair ? 2 : 1);
  }
  throw syntaxFailure(`Unknown char: ${quoteRune(text, at)}`, at);
}

function readIdentifier(text: string, start: number, tokens: Token[]): number {
  let end = start + 1;
  while (end < text.length && (isIdentifierStart(text.charAt(end)) || isDigit(text.charAt(end)))) end++;
  tokens.push({ kind: 'tUnquotedIdentifier', value: text.slice(start, end), offset: start });
  return end;
}

function readNumber(text: string, start: number, tokens: Token[]): number {
  let end = start + 1;
  while (end < text.length && isDigit(text.charAt(end))) end++;
  tokens.push({ kind: 'tNumber', value: text.slice(start, end), offset: start });
  return end;
}

function readBracket(text: string, start: number, tokens: Token[]): number {
  const next = text.charAt(start + 1);
  if (next === '?') tokens.push({ kind: 'tFilter', value: '[?', offset: start });
  else if (next === ']') tokens.push({ kind: 'tFlatten', value: '[]', offset: start });
  else tokens.push({ kind: 'tLbracket', value: '[', offset: start });
  return start + (next === '?' || next === ']' ? 2 : 1);
}

function readQuotedIdentifier(text: string, start: number, tokens: Token[]): number {
  const end = closingDelimiter(text, start + 1, '"');
  const decoded = decodeJson(text.slice(start, end + 1), start);
  tokens.push({ kind: 'tQuotedIdentifier', value: typeof decoded === 'string' ? decoded : '', offset: start });
  return end + 1;
}

function readLiteral(text: string, start: number, tokens: Token[]): number {
  const end = closingDelimiter(text, start + 1, '`');
  tokens.push({ kind: 'tJSONLiteral', value: text.slice(start + 1, end).replaceAll('\\`', '`'), offset: start });
  return end + 1;
}

function readRawString(text: string, start: number, tokens: Token[]): number {
  let value = '';
  let from = start + 1;
  let at = from;
  while (at < text.length && text.charAt(at) !== "'") {
    if (text.charAt(at) === '\\' && text.charAt(at + 1) === "'") {
      value += `${text.slice(from, at)}'`;
      at += 2;
      from = at;
    } else {
      at++;
    }
  }
  if (at >= text.length) throw syntaxFailure("Unclosed delimiter: '", text.length);
  tokens.push({ kind: 'tStringLiteral', value: value + text.slice(from, at), offset: start });
  return at + 1;
}

/** Index of the next `end` that no backslash precedes. */
function closingDelimiter(text: string, start: number, end: string): number {
  let at = start;
  while (at < text.length && text.charAt(at) !== end) at += text.charAt(at) === '\\' ? 2 : 1;
  if (at >= text.length) throw syntaxFailure(`Unclosed delimiter: ${end}`, text.length);
  return at;
}

/** The JSON value of `text`; its failure carries no `SyntaxError:` prefix, as upstream. */
export function decodeJson(text: string, offset: number): Json {
  const value = parseGoJson(text);
  if (value instanceof EvaluationError) throw new SyntaxFailure(value.message, offset);
  return value;
}

function isSpace(char: string): boolean {
  return char === ' ' || char === '\t' || char === '\n' || char === '\r';
}

function isDigit(char: string): boolean {
  return char >= '0' && char <= '9';
}

function isIdentifierStart(char: string): boolean {
  return (char >= 'a' && char <= 'z') || (char >= 'A' && char <= 'Z') || char === '_';
}
