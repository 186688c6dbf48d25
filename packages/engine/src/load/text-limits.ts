import { Lexer } from 'yaml';
import type { Diagnostic } from '../kernel/diagnostics/diagnostic.ts';

/** What a text may be at most, so that reading it ends soon whatever it holds. */
export const LIMITS = {
  /** UTF-16 units. */
  size: 10 * 1024 * 1024,
  depth: 100,
  /** Lexical tokens of YAML; a list of some ten thousand objects has fewer. */
  tokens: 6_000_000,
  /** JSON nodes that aliases may stand for beyond what is written. */
  aliasNodes: 100_000,
} as const;

/** Why the text is not read at all; `undefined` when it may be. Linear in the text, and stops at the first limit. */
export function checkTextLimits(text: string, origin: string): Diagnostic | undefined {
  if (text.length > LIMITS.size) {
    return refuse('document-too-large', `the text is larger than ${LIMITS.size / 1024 / 1024} MiB`, origin);
  }
  const problem = looksLikeJson(text) ? jsonProblem(text) : yamlProblem(text);
  if (problem === 'depth') return tooDeep(origin);
  if (problem === 'tokens')
    return refuse('document-too-large', `the text has more than ${LIMITS.tokens} tokens`, origin);
  return undefined;
}

export function tooDeep(origin: string): Diagnostic {
  return refuse('document-too-deep', `the document is nested deeper than ${LIMITS.depth} levels`, origin);
}

function refuse(code: 'document-too-large' | 'document-too-deep', message: string, origin: string): Diagnostic {
  return { code, severity: 'error', message, range: { origin, line: 1, column: 1, endLine: 1, endColumn: 1 } };
}

/** Whether the first character is that of a JSON document; then it is tried as JSON first. */
export function looksLikeJson(text: string): boolean {
  const first = /\S/.exec(text)?.[0];
  return first === '{' || first === '[';
}

type Problem = 'depth' | 'tokens' | undefined;

function jsonProblem(text: string): Problem {
  let depth = 0;
  let inString = false;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (inString) {
      if (code === BACKSLASH) at += 1;
      else if (code === QUOTE) inString = false;
    } else if (code === QUOTE) inString = true;
    else if (code === OPEN_BRACKET || code === OPEN_BRACE) {
      depth += 1;
      if (depth > LIMITS.depth) return 'depth';
    } else if (code === CLOSE_BRACKET || code === CLOSE_BRACE) depth -= 1;
  }
  return undefined;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/**
 * Counts nesting in the lexer's tokens, before any tree is built: brackets, indicators on one line (`- - -`) and lines
 * indented ever further. Each of them is at least as deep as the tree will be.
 */
function yamlProblem(text: string): Problem {
  let tokens = 0;
  let flow = 0;
  let onLine = 0;
  let column = 0;
  const indents: number[] = [];
  for (const token of new Lexer().lex(text)) {
    tokens += 1;
    if (tokens > LIMITS.tokens) return 'tokens';
    const first = token[0];
    if (token === '\n' || token === '\r\n' || first === '\n') {
      onLine = 0;
      column = 0;
      continue;
    }
    if (column === 0 && flow === 0 && first !== '#' && first !== ' ') pushIndent(indents, 0);
    else if (column > 0 && onLine === 0 && flow === 0 && first !== '#' && first !== ' ') pushIndent(indents, column);
    if (token === '[' || token === '{') flow += 1;
    else if (token === ']' || token === '}') flow = Math.max(0, flow - 1);
    else if (token === '-' || token === '?') onLine += 1;
    if (flow + onLine + indents.length > LIMITS.depth * 2) return 'depth';
    column += token.length;
  }
  return undefined;
}

function pushIndent(indents: number[], column: number): void {
  while (indents.length > 0 && (indents.at(-1) ?? 0) >= column) indents.pop();
  indents.push(column);
}
