import type { JsonObject } from '../kernel/json.ts';
import { member } from '../kernel/json.ts';
import { readObject, readObjects, readText, readTexts } from '../model/read-json.ts';

/** The pod controllers that rules about Pods are extended to, with the kind a rule names them by. */
export const POD_CONTROLLERS: ReadonlyMap<string, string> = new Map([
  ['CronJob', 'batch/v1/CronJob'],
  ['DaemonSet', 'apps/v1/DaemonSet'],
  ['Deployment', 'apps/v1/Deployment'],
  ['Job', 'batch/v1/Job'],
  ['ReplicaSet', 'apps/v1/ReplicaSet'],
  ['ReplicationController', 'v1/ReplicationController'],
  ['StatefulSet', 'apps/v1/StatefulSet'],
]);

const AUTOGEN_ANNOTATION = 'pod-policies.kyverno.io/autogen-controllers';

/**
 * The controllers that the rules of a policy are extended to, by the annotation or by default all (kyverno-core §1.2).
 * Empty when autogen is off, or impossible: the decision is about the whole policy, not rule by rule.
 */
export function autogenControllers(
  rules: readonly JsonObject[],
  annotations: Readonly<Record<string, string>>,
): ReadonlySet<string> {
  if (!canAutogen(rules)) return new Set();
  const annotation = annotations[AUTOGEN_ANNOTATION];
  if (annotation === undefined) return new Set(POD_CONTROLLERS.keys());
  const wanted = new Set(annotation.split(','));
  wanted.delete('');
  return wanted.has('none') ? new Set() : wanted;
}

function canAutogen(rules: readonly JsonObject[]): boolean {
  let needed = false;
  for (const rule of rules) {
    if (isFilled(rule, 'generate') || hasJsonPatch(rule)) return false;
    for (const resources of [readObject(rule, 'match'), readObject(rule, 'exclude')].flatMap(resourceBlocks)) {
      if (!allowsAutogen(resources)) return false;
      needed ||= readTexts(resources, 'kinds').some((kind) => kind === 'Pod' || POD_CONTROLLERS.has(kind));
    }
  }
  return needed;
}

function isFilled(rule: JsonObject, key: string): boolean {
  return Object.keys(readObject(rule, key) ?? {}).length > 0;
}

function hasJsonPatch(rule: JsonObject): boolean {
  const mutate = readObject(rule, 'mutate');
  return [mutate, ...readObjects(mutate, 'foreach')].some((part) => Boolean(readText(part, 'patchesJson6902')));
}

/** The `resources` of every filter of a block: inline, any, all. */
export function resourceBlocks(block: JsonObject | undefined): JsonObject[] {
  if (!block) return [];
  const filters = [block, ...readObjects(block, 'any'), ...readObjects(block, 'all')];
  return filters.map((filter) => readObject(filter, 'resources')).filter((resources) => resources !== undefined);
}

function allowsAutogen(resources: JsonObject): boolean {
  const kinds = readTexts(resources, 'kinds');
  if (readText(resources, 'name') || readTexts(resources, 'names').length > 0) return false;
  if (isGiven(resources, 'selector') || isGiven(resources, 'annotations')) return false;
  return !(kinds.length > 1 && namesPod(kinds));
}

function isGiven(resources: JsonObject, key: string): boolean {
  const value = member(resources, key);
  return value !== undefined && value !== null;
}

/** Whether one of the kinds is Pod, in any of its forms: `Pod`, `v1/Pod`, `Pod/status`. */
export function namesPod(kinds: readonly string[]): boolean {
  return kinds.some((kind) => {
    const segments = kind.split('/');
    const isVersioned = /^(v\d+((alpha|beta)\d+)?|\*)$/.test(segments[0] ?? '');
    const at = segments.length === 1 ? 0 : segments.length === 2 ? (isVersioned ? 1 : 0) : isVersioned ? 1 : 2;
    return (segments[at] ?? '').split('.')[0] === 'Pod';
  });
}
