import { posix } from 'node:path';
import type { JsonObject } from '@vouchsafe/engine/kernel';
import { textAt } from '../../inputs/read-fields.ts';
import type { InputResource } from '../../inputs/resources.ts';
import type { TestExpectation } from '../../inputs/test-manifest.ts';
import type { ResponsesByResource } from './run-test.ts';

export interface FoundKeys {
  /** Keys (`apiVersion,kind,namespace,name`) the expectation is about. */
  readonly keys: readonly string[];
  /** Names that nothing was evaluated for. */
  readonly missing: readonly string[];
}

/**
 * The resources an expectation names, targets first; all of them when it names none. Upstream also takes all when none
 * of the names exists, so that a misspelt name tests something else: here such a name is missing.
 */
export function findKeys(
  { resources, resourceSpecs }: TestExpectation,
  target: ResponsesByResource,
  trigger: ResponsesByResource,
  targets: readonly InputResource[],
  asKyverno = false,
): FoundKeys {
  const known = [...new Set([...target.keys(), ...trigger.keys()])];
  if (asKyverno) return { keys: findAsKyverno({ resources, resourceSpecs }, known), missing: [] };
  const keys = new Set<string>();
  const missing: string[] = [];
  for (const name of resources ?? []) {
    const found = known.filter((key) => isNamed(key, name));
    for (const key of found) keys.add(key);
    if (found.length > 0) continue;
    // A target that no rule changed is judged by what its triggers say.
    if (targets.some(({ key }) => isNamed(key, name))) for (const key of known) keys.add(key);
    else missing.push(name);
  }
  for (const spec of resourceSpecs) {
    const found = known.filter((key) => isSpecified(key, spec));
    for (const key of found) keys.add(key);
    if (found.length === 0) missing.push(textAt(spec, 'name'));
  }
  if (keys.size === 0 && missing.length === 0) return { keys: known, missing };
  return { keys: [...keys], missing };
}

/** Specifications count beside names only, and all resources are meant when none is found (kyverno-core §7, 87 and 88). */
function findAsKyverno(
  { resources, resourceSpecs }: Pick<TestExpectation, 'resources' | 'resourceSpecs'>,
  known: readonly string[],
): readonly string[] {
  if (resources === undefined) return known;
  const found = known.filter(
    (key) => resources.some((name) => isNamed(key, name)) || resourceSpecs.some((spec) => isSpecified(key, spec)),
  );
  return found.length > 0 ? found : known;
}

function isNamed(key: string, name: string): boolean {
  // Payloads are known by their path.
  if (key === name || key === posix.normalize(name)) return true;
  // CheckRequests by their whole path, of which an end will do.
  if (key.startsWith('/') && key.endsWith(`/${posix.normalize(name)}`)) return true;
  const parts = key.split(',');
  const wanted = name.split('/');
  if (wanted.length === 1) return parts.at(-1) === name;
  return wanted.length === 2 && parts.at(-2) === wanted[0] && parts.at(-1) === wanted[1];
}

function isSpecified(key: string, spec: JsonObject): boolean {
  const [apiVersion, , namespace, name] = key.split(',');
  const group = textAt(spec, 'group');
  const version = textAt(spec, 'version');
  return (
    apiVersion === (group === '' ? version : `${group}/${version}`) &&
    namespace === textAt(spec, 'namespace') &&
    name === textAt(spec, 'name')
  );
}

export function nameOfKey(key: string): string {
  return key.split(',').at(-1) ?? key;
}
