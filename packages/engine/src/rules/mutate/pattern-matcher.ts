import { compilePattern, type Pattern } from '../../lang/pattern/compile-pattern.ts';
import type { MatchesPattern } from './prepare-patch.ts';

/** Patterns of conditions that are remembered: a rule has few, unless variables make them. */
const REMEMBERED_PATTERNS = 64;

/** Matches values against the patterns of anchors, each compiled once. */
export function createPatternMatcher(): MatchesPattern {
  const known = new Map<string, Pattern>();
  return (pattern, value) => {
    const text = JSON.stringify(pattern);
    let compiled = known.get(text);
    if (!compiled) {
      if (known.size >= REMEMBERED_PATTERNS) known.clear();
      compiled = compilePattern(pattern);
      known.set(text, compiled);
    }
    return compiled.matches(value);
  };
}
