import { type Matcher, RE2JS } from 're2js';
import { EvaluationError } from './evaluation-error.ts';

/** Longer sources are refused: compiling is linear, but not free. */
const SOURCE_LIMIT = 10_000;
const PLAIN_TEXT = /^[A-Za-z0-9 _\-/:@,;=<>!"'#%&~`]*$/;

/** A compiled regular expression with the syntax and the leftmost-first semantics of Go's `regexp`. Linear time. */
export interface Regexp {
  readonly source: string;
  /** Whether the text holds a match anywhere. */
  test(text: string): boolean;
  /**
   * Go's `ReplaceAllString` (`$1`, `${name}`, `$$`; unknown groups are empty), or with `literal`
   * `ReplaceAllLiteralString`.
   */
  replaceAll(text: string, replacement: string, options?: { readonly literal?: boolean }): string;
}

/** Compiles once; callers keep the result. The error carries Go's text: ``error parsing regexp: …``. */
export function compileRegExp(source: string): Regexp | EvaluationError {
  if (source.length > SOURCE_LIMIT) return new EvaluationError('error parsing regexp: expression too large');
  try {
    return createRegexp(source, RE2JS.compile(source));
  } catch (error) {
    return new EvaluationError(error instanceof Error ? error.message : 'error parsing regexp');
  }
}

function createRegexp(source: string, compiled: RE2JS): Regexp {
  const plain = plainTest(source);
  return {
    source,
    test: plain ?? ((text) => compiled.matcher(text).find()),
    replaceAll: (text, replacement, options) => replaceAll(compiled, text, replacement, options?.literal === true),
  };
}

/** Sources of plain characters, at most anchored, need no machine: a test proves the two agree. */
function plainTest(source: string): ((text: string) => boolean) | undefined {
  const atStart = source.startsWith('^');
  const atEnd = source.endsWith('$');
  const literal = source.slice(atStart ? 1 : 0, atEnd ? -1 : undefined);
  if (!PLAIN_TEXT.test(literal)) return undefined;
  if (atStart) return atEnd ? (text) => text === literal : (text) => text.startsWith(literal);
  return atEnd ? (text) => text.endsWith(literal) : (text) => text.includes(literal);
}

function replaceAll(compiled: RE2JS, text: string, replacement: string, literal: boolean): string {
  const matcher = compiled.matcher(text);
  const expand = literal ? () => replacement : compileReplacement(replacement, compiled);
  let result = '';
  let copied = 0;
  let from = 0;
  while (from <= text.length && matcher.find(from)) {
    const start = matcher.start();
    const end = matcher.end();
    result += text.slice(copied, start);
    // Go makes no replacement for an empty match directly after another match.
    if (end > copied || start === 0) result += expand(matcher);
    copied = end;
    const next = from + characterLength(text, from);
    from = Math.max(next, end);
  }
  return result + text.slice(copied);
}

function characterLength(text: string, at: number): number {
  return (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
}

const REFERENCE = /\$(?:\$|\{([A-Za-z0-9_]+)\}|([A-Za-z0-9_]+))/g;

/** The template language of Go's `Regexp.Expand`; a `$` that starts no reference stays. */
function compileReplacement(template: string, compiled: RE2JS): (matcher: Matcher) => string {
  const pieces: (string | ((matcher: Matcher) => string))[] = [];
  let at = 0;
  for (const found of template.matchAll(REFERENCE)) {
    pieces.push(template.slice(at, found.index));
    const name = found[1] ?? found[2];
    pieces.push(name === undefined ? '$' : groupReader(name, compiled));
    at = found.index + found[0].length;
  }
  pieces.push(template.slice(at));
  return (matcher) => pieces.map((piece) => (typeof piece === 'string' ? piece : piece(matcher))).join('');
}

function groupReader(name: string, compiled: RE2JS): (matcher: Matcher) => string {
  if (/^[0-9]+$/.test(name)) {
    const index = Number(name);
    return index <= compiled.groupCount() ? (matcher) => matcher.group(index) ?? '' : () => '';
  }
  const known = Object.hasOwn(compiled.namedGroups(), name);
  return known ? (matcher) => matcher.group(name) ?? '' : () => '';
}
