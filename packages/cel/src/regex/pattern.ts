import { RE2JS } from 're2js';
import { CelError } from '../values/cel-error.ts';
import { toPlainRegExp } from './plain-pattern.ts';

export interface FoundMatch {
  /** Offsets in UTF-16 units. */
  readonly start: number;
  readonly end: number;
  /** The match and its groups; a group that took no part is `undefined`. */
  readonly groups: readonly (string | undefined)[];
}

/** A compiled pattern of RE2 syntax; every use takes time linear in the text. */
export class Pattern {
  readonly source: string;
  readonly #expression: RE2JS;
  readonly #plain: RegExp | undefined;

  constructor(source: string, expression: RE2JS) {
    this.source = source;
    this.#expression = expression;
    this.#plain = toPlainRegExp(source);
  }

  get groupCount(): number {
    return this.#expression.groupCount();
  }

  /** Whether the pattern occurs anywhere in the text. */
  test(text: string): boolean {
    return this.#plain === undefined ? this.#expression.matcher(text).find() : this.#plain.test(text);
  }

  /** Up to `limit` matches from the left that do not overlap. */
  findAll(text: string, limit: number = Number.POSITIVE_INFINITY): FoundMatch[] {
    const matcher = this.#expression.matcher(text);
    const found: FoundMatch[] = [];
    let previousEnd = -1;
    while (found.length < limit && matcher.find()) {
      const start = matcher.start();
      const end = matcher.end();
      // As Go: an empty match right after a match is none.
      if (start === end && start === previousEnd) continue;
      previousEnd = end;
      const groups: (string | undefined)[] = [];
      for (let group = 0; group <= this.groupCount; group++) groups.push(matcher.group(group) ?? undefined);
      found.push({ start, end, groups });
    }
    return found;
  }
}

const PATTERN_LIMIT = 10_000;

/** Compiles a pattern; the error's text is RE2's reason. */
export function compilePattern(source: string): Pattern | CelError {
  if (source.length > PATTERN_LIMIT) return new CelError('error parsing regexp: expression too large');
  try {
    return new Pattern(source, RE2JS.compile(source));
  } catch (reason) {
    // The library reports a bad pattern by throwing; whatever it throws here is about the pattern.
    return new CelError(reason instanceof Error ? reason.message : 'error parsing regexp');
  }
}

const CACHE_SIZE = 64;

/** Compiled patterns of one environment: bounded, the oldest leaves first. */
export class PatternCache {
  readonly #patterns = new Map<string, Pattern | CelError>();

  get(source: string): Pattern | CelError {
    const known = this.#patterns.get(source);
    if (known !== undefined) return known;
    const pattern = compilePattern(source);
    if (this.#patterns.size >= CACHE_SIZE) {
      const [oldest] = this.#patterns.keys();
      if (oldest !== undefined) this.#patterns.delete(oldest);
    }
    this.#patterns.set(source, pattern);
    return pattern;
  }
}
