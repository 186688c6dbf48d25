/**
 * What one part of a pattern says about one value. A skip is `direct` when an anchor of this very map raised it and
 * `collected` when a map or list gathered the skips of its parts: the difference decides what siblings may override.
 */
export const PASS = 0;
export const FAIL = 1;
export const NEGATED = 2;
export const SKIP_DIRECT = 3;
export const SKIP_COLLECTED = 4;

export type Verdict = typeof PASS | typeof FAIL | typeof NEGATED | typeof SKIP_DIRECT | typeof SKIP_COLLECTED;

export function isSkip(verdict: Verdict): boolean {
  return verdict >= SKIP_DIRECT;
}
