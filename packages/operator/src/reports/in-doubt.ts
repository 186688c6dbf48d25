import { createHash } from 'node:crypto';
import type { Decision, RuleResult } from '@vouchsafe/engine';
import { isJsonObject, type JsonObject, memberAt } from '@vouchsafe/engine/kernel';

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

/** Where objects that make Pods keep what these are to be. */
const POD_SPEC_PATHS: readonly (readonly [kinds: RegExp, path: readonly string[]])[] = [
  [/^v1 Pod$/, ['spec']],
  [/^batch\/\w+ CronJob$/, ['spec', 'jobTemplate', 'spec', 'template', 'spec']],
  [/^(apps|batch)\/\w+ \w+$|^v1 ReplicationController$/, ['spec', 'template', 'spec']],
];

/** Members of a Pod's specification that name no image, and change while it runs: it is scheduled, suspended, ended. */
const MOVING = ['nodeName', 'schedulingGates', 'tolerations', 'activeDeadlineSeconds', 'terminationGracePeriodSeconds'];

/**
 * Names what an object wants to run: the Pods it makes, or all of an object of another kind but its metadata and status. Equal
 * names, equal images; how many there are of it and where they run makes no other name.
 */
export function contentName(resource: JsonObject): string {
  const kind = `${String(resource['apiVersion'])} ${String(resource['kind'])}`;
  const [, path] = POD_SPEC_PATHS.find(([kinds]) => kinds.test(kind)) ?? [];
  const spec = path && memberAt(resource, ...path);
  return createHash('sha256')
    .update(JSON.stringify(isJsonObject(spec) ? stillOf(spec) : withoutStatus(resource)))
    .digest('base64')
    .slice(0, 22);
}

function stillOf(spec: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(spec).filter(([key]) => !MOVING.includes(key)));
}

function withoutStatus({ metadata: _metadata, status: _status, ...content }: JsonObject): JsonObject {
  return content;
}
