import { EvaluationError } from './evaluation-error.ts';
import { compileRegExp } from './regexp.ts';
import { compileWildcard } from './wildcard.ts';

/**
 * Compiles a glob as github.com/gobwas/glob reads one without separators: `*` and `**` are any sequence, also across `/`;
 * `?` is one code point; `[abc]`, `[a-c]`, `[!abc]` are one of a class; `{one,two}` is one of several globs; `\` takes the
 * next character as it is. The whole text must match. Linear in the text.
 */
export function compileGlob(pattern: string): ((text: string) => boolean) | EvaluationError {
  if (!/[[\]{}\\]/.test(pattern)) return compileWildcard(pattern);
  const source = new GlobReader(pattern).sequence(0);
  if (source instanceof EvaluationError) return source;
  const compiled = compileRegExp(`^(?s:${source})$`);
  return compiled instanceof EvaluationError ? compiled : (text) => compiled.test(text);
}

/** Turns a glob into a regular expression, character by character. */
class GlobReader {
  readonly #characters: readonly string[];
  #at = 0;

  constructor(pattern: string) {
    this.#characters = [...pattern];
  }

  /** Until the end, or until what ends an alternative of the braces around. */
  sequence(depth: number): string | EvaluationError {
    let source = '';
    for (; this.#at < this.#characters.length; this.#at += 1) {
      const character = this.#characters[this.#at] ?? '';
      if (depth > 0 && (character === ',' || character === '}')) return source;
      const part = this.#part(character, depth);
      if (part instanceof EvaluationError) return part;
      source += part;
    }
    return depth === 0 ? source : new EvaluationError('a brace of the glob is not closed');
  }

  #part(character: string, depth: number): string | EvaluationError {
    switch (character) {
      case '*':
        return '.*';
      case '?':
        return '.';
      case '[':
        return this.#characterClass();
      case '{':
        return this.#alternatives(depth);
      case '\\':
        this.#at += 1;
        return this.#at < this.#characters.length
          ? literal(this.#characters[this.#at] ?? '')
          : new EvaluationError('the glob ends in a backslash');
      default:
        return literal(character);
    }
  }

  #alternatives(depth: number): string | EvaluationError {
    if (depth >= DEEPEST) return new EvaluationError('braces of the glob are nested too deeply');
    const found: string[] = [];
    do {
      this.#at += 1;
      const alternative = this.sequence(depth + 1);
      if (alternative instanceof EvaluationError) return alternative;
      found.push(alternative);
    } while (this.#characters[this.#at] === ',');
    return `(?:${found.join('|')})`;
  }

  #characterClass(): string | EvaluationError {
    const members: string[] = [];
    let isNegated = false;
    for (this.#at += 1; this.#characters[this.#at] !== ']'; this.#at += 1) {
      let character = this.#characters[this.#at];
      if (character === '!' && members.length === 0 && !isNegated) {
        isNegated = true;
        continue;
      }
      if (character === '\\') {
        this.#at += 1;
        character = this.#characters[this.#at];
      }
      if (character === undefined) return new EvaluationError('a bracket of the glob is not closed');
      members.push(character);
    }
    if (members.length === 0) return new EvaluationError('a bracket of the glob is empty');
    return `[${isNegated ? '^' : ''}${classBody(members)}]`;
  }
}

const DEEPEST = 16;

function classBody(members: readonly string[]): string {
  const [low = '', dash, high = ''] = members;
  if (members.length === 3 && dash === '-') return `${literal(low)}-${literal(high)}`;
  return members.map(literal).join('');
}

/** By code point, so that nothing of the text means anything to the regular expression. */
function literal(character: string): string {
  return /^[A-Za-z0-9/:_@-]$/.test(character) && character !== '-'
    ? character
    : `\\x{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}
