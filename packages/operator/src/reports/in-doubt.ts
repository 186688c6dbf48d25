import { createHash } from 'node:crypto';
import type { Decision, RuleResult } from '@vouchsafe/engine';
import type { JsonObject } from '@vouchsafe/engine/kernel';

/** Nothing is known about the image: its registry was away, too slow, or denied to tell. */
const NOTHING_KNOWN: ReadonlySet<string | undefined> = new Set([
  'registry-unreachable',
  'registry-denied',
  'timed-out',
  'unavailable',
]);

/**
 * Whether an image could not be verified at this moment. Such a result turns no pass into a fail and no fail into a pass: the
 * last known one stays.
 */
export function isInDoubt({ type, status, reason }: RuleResult): boolean {
  if (type !== 'ImageVerify' || status === 'pass') return false;
  return status === 'error' || NOTHING_KNOWN.has(reason) || (status === 'skip' && reason !== undefined);
}

/**
 * The rules of a decision about which nothing definite was found, and whether the doubt itself says that no image changed
 * (a skip: the engine excuses updates of something else). A rule that found one image wrong is in no doubt about others.
 */
export function rulesInDoubt({ results, bypass }: Decision): ReadonlyMap<string, 'same-images' | 'unknown'> {
  const rules = new Map<string, 'same-images' | 'unknown'>();
  if (bypass?.granted) return rules;
  for (const result of results) {
    if (!isInDoubt(result)) continue;
    const isSame = result.status === 'skip' && rules.get(result.rule) !== 'unknown';
    rules.set(result.rule, isSame ? 'same-images' : 'unknown');
  }
  for (const result of results) {
    if (result.type === 'ImageVerify' && result.status === 'fail' && !isInDoubt(result)) rules.delete(result.rule);
  }
  return rules;
}

/** The decision without what is in doubt: for events, which tell of what was found. */
export function withoutDoubt(decision: Decision): Decision {
  const doubtful = rulesInDoubt(decision);
  if (doubtful.size === 0) return decision;
  return { ...decision, results: decision.results.filter(({ rule }) => !doubtful.has(rule)) };
}

/** Names what an object wants to run: all of it but its metadata and status. Equal names, equal images. */
export function contentName(resource: JsonObject): string {
  const { metadata: _metadata, status: _status, ...content } = resource;
  return createHash('sha256').update(JSON.stringify(content)).digest('base64').slice(0, 22);
}
