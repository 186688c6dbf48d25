/** Whether `text` holds a wildcard character. */
export function hasWildcard(text: string): boolean {
  return text.includes('*') || text.includes('?');
}

/**
 * Kyverno's wildcard language (kyverno-core §2.2): `*` is any sequence, also across `/`; `?` is exactly one code
 * point; everything else is literal. The whole text must match. There is no escape.
 */
export function matchWildcard(pattern: string, text: string): boolean {
  return hasWildcard(pattern) ? compileWildcard(pattern)(text) : pattern === text;
}

/** `matchWildcard` with the pattern read once. */
export function compileWildcard(pattern: string): (text: string) => boolean {
  if (!hasWildcard(pattern)) return (text) => text === pattern;
  const parts = pattern.split('*');
  const head = parts[0] ?? '';
  if (parts.length === 1) return compileFixed(head);
  const tail = parts.at(-1) ?? '';
  const middle = parts.slice(1, -1).filter((part) => part !== '');
  if (!pattern.includes('?')) return compileLiterals(head, middle, tail);
  if (head === '?' && middle.length === 0 && tail === '') return (text) => text.length > 0;
  return compileUnits(head, middle, tail);
}

/** A pattern of `?` and literals: as long as the text, in code points. */
function compileFixed(pattern: string): (text: string) => boolean {
  const units = toUnits(pattern);
  return (text) => {
    const found = textUnits(text);
    return found.length === units.length && matchesAt(units, found, 0);
  };
}

function compileLiterals(head: string, middle: readonly string[], tail: string): (text: string) => boolean {
  if (middle.length === 0) {
    if (tail === '') return head === '' ? () => true : (text) => text.startsWith(head);
    if (head === '') return (text) => text.endsWith(tail);
    const least = head.length + tail.length;
    return (text) => text.length >= least && text.startsWith(head) && text.endsWith(tail);
  }
  const finders = middle.map(compileFinder);
  return (text) => {
    if (!text.startsWith(head)) return false;
    let from = head.length;
    for (const find of finders) {
      from = find(text, from);
      if (from < 0) return false;
    }
    return text.length - from >= tail.length && text.endsWith(tail);
  };
}

const LONG_LITERAL = 32;

/** Finds a literal at or after an offset and answers where it ends, -1 when absent. Linear also on hostile texts. */
function compileFinder(literal: string): (text: string, from: number) => number {
  if (literal.length <= LONG_LITERAL) {
    return (text, from) => {
      const at = text.indexOf(literal, from);
      return at < 0 ? -1 : at + literal.length;
    };
  }
  // Knuth-Morris-Pratt: indexOf is quadratic where both texts repeat, and both may come from a resource.
  const borders = bordersOf(literal);
  return (text, from) => {
    let matched = 0;
    for (let at = from; at < text.length; at++) {
      const unit = text.charCodeAt(at);
      while (matched > 0 && literal.charCodeAt(matched) !== unit) matched = borders[matched - 1] ?? 0;
      if (literal.charCodeAt(matched) === unit) matched++;
      if (matched === literal.length) return at + 1;
    }
    return -1;
  };
}

/** For each prefix, the length of its longest proper border. */
function bordersOf(literal: string): Int32Array {
  const borders = new Int32Array(literal.length);
  let border = 0;
  for (let at = 1; at < literal.length; at++) {
    const unit = literal.charCodeAt(at);
    while (border > 0 && literal.charCodeAt(border) !== unit) border = borders[border - 1] ?? 0;
    if (literal.charCodeAt(border) === unit) border++;
    borders[at] = border;
  }
  return borders;
}

const ANY_UNIT = -1;
/** Beyond these many comparisons a `?` pattern is taken as not matching; no text of sane size comes near. */
const COMPARISON_LIMIT = 50_000_000;

/** `*` and `?` together: greedy from the left, on code points. */
function compileUnits(head: string, middle: readonly string[], tail: string): (text: string) => boolean {
  const first = toUnits(head);
  const between = middle.map(toUnits);
  const last = toUnits(tail);
  const least = first.length + last.length;
  return (text) => {
    const units = textUnits(text);
    if (units.length < least || !matchesAt(first, units, 0)) return false;
    const end = units.length - last.length;
    let from = first.length;
    let budget = COMPARISON_LIMIT;
    for (const part of between) {
      while (from + part.length <= end && budget > 0 && !matchesAt(part, units, from)) {
        from++;
        budget -= part.length;
      }
      if (from + part.length > end || budget <= 0) return false;
      from += part.length;
    }
    return matchesAt(last, units, end);
  };
}

function matchesAt(pattern: readonly number[], units: readonly number[], from: number): boolean {
  for (let at = 0; at < pattern.length; at++) {
    const wanted = pattern[at];
    if (wanted !== ANY_UNIT && wanted !== units[from + at]) return false;
  }
  return true;
}

function toUnits(pattern: string): readonly number[] {
  return Array.from(pattern, (character) => (character === '?' ? ANY_UNIT : (character.codePointAt(0) ?? 0)));
}

function textUnits(text: string): readonly number[] {
  return Array.from(text, (character) => character.codePointAt(0) ?? 0);
}
