import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import {
  isEqualJson,
  isJsonArray,
  isJsonObject,
  type Json,
  type JsonObject,
  withMember,
} from '@vouchsafe/engine/kernel';
import { isSameObject } from '../../evaluation/evaluate-resource.ts';
import { reasonOf } from '../../inputs/input-problem.ts';
import type { KindTable } from '../../inputs/kind-table.ts';
import { readResources } from '../../inputs/load-resources.ts';
import { objectAt, textAt, textMapAt } from '../../inputs/read-fields.ts';
import { diffLines } from '../../output/line-diff.ts';
import { toYaml } from '../../output/yaml.ts';

export type Comparison =
  | { readonly outcome: 'equal' }
  | { readonly outcome: 'different'; readonly diff: string }
  /** The file cannot be read. */
  | { readonly outcome: 'unreadable'; readonly message: string }
  /** The file holds no object of that kind and name. */
  | { readonly outcome: 'absent'; readonly message: string };

/** Compares an object with the one of the same kind and name in a file, as Kyverno does: empty parts do not count. */
export function compareWithFile(
  actual: JsonObject,
  file: string,
  folder: string,
  kinds: KindTable,
  field: string,
): Comparison {
  const path = resolve(folder, file);
  let expected: JsonObject | undefined;
  try {
    const documents = readResources(readFileSync(path, 'utf8'), file, kinds);
    expected = documents.find(({ object }) => isSameObject(object, actual))?.object;
  } catch (error) {
    return { outcome: 'unreadable', message: `error: failed to load ${field} resource (${reasonOf(error)})` };
  }
  if (!expected) {
    const name = textAt(actual, 'metadata', 'name');
    return {
      outcome: 'absent',
      message: `error: failed to load ${field} resource (resource with name ${name} not found in manifest)`,
    };
  }
  const wanted = tidy(withManagedLabels(expected)) ?? {};
  const found = tidy(withManagedLabels(actual)) ?? {};
  if (isEqualJson(wanted, found)) return { outcome: 'equal' };
  return { outcome: 'different', diff: diffLines(toYaml(wanted), toYaml(found)) };
}

const MANAGED_BY = 'app.kubernetes.io/managed-by';

/** What the engine adds to generated objects differs from run to run, so it is made the same on both sides. */
function withManagedLabels(object: JsonObject): JsonObject {
  const own = Object.entries(textMapAt(object, 'metadata', 'labels')).filter(
    ([key]) => !key.startsWith('generate.kyverno.io/'),
  );
  const labels = Object.fromEntries([[MANAGED_BY, 'kyverno'], ...own]);
  return withMember(object, 'metadata', withMember(objectAt(object, 'metadata'), 'labels', labels));
}

/** Without nulls, empty lists and empty maps; `undefined` when nothing is left. */
function tidy(value: Json): Json | undefined {
  if (value === null) return undefined;
  if (isJsonArray(value)) {
    const items = value.map(tidy).filter((item) => item !== undefined);
    return items.length > 0 ? items : undefined;
  }
  if (!isJsonObject(value)) return value;
  const entries = Object.entries(value).flatMap(([key, item]) => {
    const kept = tidy(item);
    return kept === undefined ? [] : [[key, kept] as const];
  });
  return entries.length > 0 ? Object.fromEntries(entries) : undefined;
}
