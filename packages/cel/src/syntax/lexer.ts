/** Punctuation and keywords are their own kind; `end` closes every token list. */
export type TokenKind = string;

export interface Token {
  readonly kind: TokenKind;
  readonly start: number;
  readonly end: number;
}

export interface LexicalIssue {
  readonly offset: number;
  readonly message: string;
}

const KEYWORDS = new Set(['in', 'true', 'false', 'null']);
const TWO_CHARACTERS = new Set(['==', '!=', '<=', '>=', '&&', '||']);
const ONE_CHARACTER = new Set('<>[]{}().,-!?:+*/%');

const TAB = 9;
const NEW_LINE = 10;
const FORM_FEED = 12;
const RETURN = 13;
const SPACE = 32;

/** Splits an expression into tokens; characters that belong to none become issues and are skipped. */
export function tokenize(text: string): {
  readonly tokens: readonly Token[];
  readonly issues: readonly LexicalIssue[];
} {
  const tokens: Token[] = [];
  const issues: LexicalIssue[] = [];
  let offset = 0;
  while (offset < text.length) {
    const code = text.charCodeAt(offset);
    if (code === SPACE || code === NEW_LINE || code === TAB || code === RETURN || code === FORM_FEED) {
      offset++;
      continue;
    }
    if (text.startsWith('//', offset)) {
      const end = text.indexOf('\n', offset);
      offset = end < 0 ? text.length : end;
      continue;
    }
    const token = readToken(text, offset);
    if (token.kind === 'error') {
      const shown = text.slice(token.start, token.end).replaceAll('\n', '\\n').replaceAll('\r', '\\r');
      issues.push({ offset, message: `Syntax error: token recognition error at: '${shown.replaceAll('\t', '\\t')}'` });
    } else {
      tokens.push(token);
    }
    offset = token.end;
  }
  tokens.push({ kind: 'end', start: text.length, end: text.length });
  return { tokens, issues };
}

function readToken(text: string, start: number): Token {
  const first = text.charAt(start);
  if (isLetter(text.charCodeAt(start))) return readWord(text, start);
  if (isDigit(text.charCodeAt(start)) || (first === '.' && isDigit(text.charCodeAt(start + 1)))) {
    return readNumber(text, start);
  }
  if (first === '"' || first === "'") return readString(text, start, start, 'string', false);
  if (first === '`') return readEscaped(text, start);
  const two = text.slice(start, start + 2);
  if (TWO_CHARACTERS.has(two)) return { kind: two, start, end: start + 2 };
  if (ONE_CHARACTER.has(first)) return { kind: first, start, end: start + 1 };
  // Half of an operator takes the character that should have been its other half along.
  if (first === '=' || first === '&' || first === '|')
    return { kind: 'error', start, end: Math.min(start + 2, text.length) };
  return { kind: 'error', start, end: start + String.fromCodePoint(text.codePointAt(start) ?? 0).length };
}

function readWord(text: string, start: number): Token {
  const prefix = /^(?:[bB][rR]?|[rR])(?=["'])/.exec(text.slice(start, start + 3))?.[0];
  if (prefix !== undefined) {
    const kind = /[bB]/.test(prefix) ? 'bytes' : 'string';
    return readString(text, start, start + prefix.length, kind, /[rR]/.test(prefix));
  }
  let end = start + 1;
  while (isWordPart(text.charCodeAt(end))) end++;
  const word = text.slice(start, end);
  return { kind: KEYWORDS.has(word) ? word : 'ident', start, end };
}

function readNumber(text: string, start: number): Token {
  if (text.startsWith('0x', start) && isHexDigit(text.charCodeAt(start + 2))) {
    const end = skip(text, start + 2, isHexDigit);
    return withUnsigned(text, start, end);
  }
  const whole = skip(text, start, isDigit);
  let end = whole;
  if (text.charAt(end) === '.' && isDigit(text.charCodeAt(end + 1))) end = skip(text, end + 1, isDigit);
  const exponent = /^[eE][+-]?\d/.exec(text.slice(end, end + 3))?.[0];
  if (exponent !== undefined) end = skip(text, end + exponent.length, isDigit);
  return end > whole ? { kind: 'double', start, end } : withUnsigned(text, start, end);
}

function withUnsigned(text: string, start: number, end: number): Token {
  const suffix = text.charAt(end);
  return suffix === 'u' || suffix === 'U' ? { kind: 'uint', start, end: end + 1 } : { kind: 'int', start, end };
}

const ESCAPE = /^\\(?:[abfnrtv"'\\?`]|[0-3][0-7]{2}|[xX][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8})/;
const LONGEST_ESCAPE = 10;

function readString(text: string, start: number, open: number, kind: TokenKind, raw: boolean): Token {
  const quote = text.charAt(open);
  const triple = text.startsWith(quote.repeat(3), open);
  const close = triple ? quote.repeat(3) : quote;
  let offset = open + close.length;
  while (offset < text.length) {
    if (text.startsWith(close, offset)) return { kind, start, end: offset + close.length };
    const character = text.charAt(offset);
    if (!triple && (character === '\n' || character === '\r')) break;
    if (character !== '\\' || raw) {
      offset++;
      continue;
    }
    const sequence = ESCAPE.exec(text.slice(offset, offset + LONGEST_ESCAPE))?.[0];
    if (sequence === undefined) return { kind: 'error', start, end: Math.min(offset + 2, text.length) };
    offset += sequence.length;
  }
  // An opening of triple quotes that never closes still starts with an empty string.
  if (triple) return { kind, start, end: open + 2 };
  return { kind: 'error', start, end: Math.min(offset + 1, text.length) };
}

function readEscaped(text: string, start: number): Token {
  const end = skip(text, start + 1, isEscapedPart);
  return end > start + 1 && text.charAt(end) === '`'
    ? { kind: 'escaped', start, end: end + 1 }
    : { kind: 'error', start, end: Math.min(end + 1, text.length) };
}

function skip(text: string, from: number, accepts: (code: number) => boolean): number {
  let offset = from;
  while (offset < text.length && accepts(text.charCodeAt(offset))) offset++;
  return offset;
}

function isLetter(code: number): boolean {
  return (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || code === 95;
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

function isHexDigit(code: number): boolean {
  return isDigit(code) || (code >= 97 && code <= 102) || (code >= 65 && code <= 70);
}

function isWordPart(code: number): boolean {
  return isLetter(code) || isDigit(code);
}

// `_`, letters, digits, dot, dash, slash and space may stand between back-quotes.
function isEscapedPart(code: number): boolean {
  return isWordPart(code) || code === 46 || code === 45 || code === 47 || code === SPACE;
}
