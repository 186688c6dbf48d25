import { isJsonObject, type Json, type JsonObject } from '@vouchsafe/engine/kernel';
import { objectAt, objectsAt, textAt, textsAt } from '../../inputs/read-fields.ts';
import type { Fixed } from './fix-policy.ts';

/** A test manifest in today's schema (kyverno-core §5.1, `fix test`). */
export function fixTest(document: JsonObject, fileName: string, compress: boolean): Fixed {
  const warnings: string[] = [];
  const fixed: Record<string, Json> = { apiVersion: 'cli.kyverno.io/v1alpha1', kind: 'Test', ...document };
  if (textAt(document, 'metadata', 'name') === '' && textAt(document, 'name') === '') {
    warnings.push('name is not set');
    fixed['metadata'] = { ...objectAt(document, 'metadata'), name: fileName };
  }
  if (textAt(document, 'apiVersion') === '') warnings.push('api version is not set, setting `cli.kyverno.io/v1alpha1`');
  if (textAt(document, 'kind') === '') warnings.push('kind is not set, setting `Test`');
  if (textAt(document, 'name') !== '') {
    warnings.push('name is deprecated, moving it into `metadata.name`');
    fixed['metadata'] = { ...objectAt(document, 'metadata'), name: textAt(document, 'name') };
    delete fixed['name'];
  }
  if (textsAt(document, 'policies').length === 0) warnings.push('test has no policies');
  if (textsAt(document, 'resources').length === 0) warnings.push('test has no resources');
  const results = objectsAt(document, 'results').map((result) =>
    withUniqueLists(withCurrentNames(result, warnings), warnings),
  );
  const kept = compress ? compressResults(results) : results;
  if (Object.hasOwn(document, 'results')) fixed['results'] = kept.toSorted(compareResults);
  return { document: fixed, warnings };
}

const RENAMED = [
  ['status', 'result'],
  ['patchedResource', 'patchedResources'],
] as const;

/** Upstream no longer reads these fields and does not mend them either. */
function withCurrentNames(result: JsonObject, warnings: string[]): JsonObject {
  const fixed: Record<string, Json> = { ...result };
  const move = (from: string, to: string, value: Json): void => {
    warnings.push(`test result uses deprecated \`${from}\`, moving it into \`${to}\``);
    delete fixed[from];
    fixed[to] = value;
  };
  for (const [from, to] of RENAMED) {
    const value = fixed[from];
    if (value !== undefined && fixed[to] === undefined) move(from, to, value);
  }
  const resource = textAt(fixed, 'resource');
  if (resource !== '') move('resource', 'resources', [...textsAt(fixed, 'resources'), resource]);
  const namespace = textAt(fixed, 'namespace');
  if (namespace === '') return fixed;
  const names = textsAt(fixed, 'resources').map((name) => (name.includes('/') ? name : `${namespace}/${name}`));
  move('namespace', 'resources', names);
  return fixed;
}

const LISTS = [
  ['resources', 'test results contains duplicate resources'],
  ['generatedResources', 'test results contains duplicate generated resources'],
] as const;

function withUniqueLists(result: JsonObject, warnings: string[]): JsonObject {
  const fixed: Record<string, Json> = { ...result };
  for (const [field, warning] of LISTS) {
    const texts = textsAt(result, field);
    const unique = [...new Set(texts)];
    if (unique.length === texts.length) continue;
    warnings.push(warning);
    fixed[field] = unique;
  }
  return fixed;
}

const DATA_FIELDS: readonly string[] = ['resources', 'resourceSpecs', 'generatedResources'];

/** Results that are about the same thing become one, about the resources of all. */
function compressResults(results: readonly JsonObject[]): readonly JsonObject[] {
  const groups = Map.groupBy(results, (result) => JSON.stringify(baseOf(result)));
  return [...groups.values()].map((own) => {
    const data = DATA_FIELDS.flatMap((field) => {
      const items = own.flatMap((result) => (Array.isArray(result[field]) ? result[field] : []) as readonly Json[]); // a JSON list
      const unique = items.filter((item, index) => isJsonObject(item) || items.indexOf(item) === index);
      return unique.length > 0 ? [[field, unique] as const] : [];
    });
    return { ...baseOf(own[0] ?? {}), ...Object.fromEntries(data) };
  });
}

function baseOf(result: JsonObject): JsonObject {
  const entries = Object.entries(result).filter(([key]) => !DATA_FIELDS.includes(key));
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

const ORDER = ['policy', 'rule', 'result', 'kind', 'generatedResource', 'cloneSourceResource'];

function compareResults(a: JsonObject, b: JsonObject): number {
  for (const field of ORDER) {
    const difference = compareText(textAt(a, field), textAt(b, field));
    if (difference !== 0) return difference;
  }
  const left = [...textsAt(a, 'resources')].sort();
  const right = [...textsAt(b, 'resources')].sort();
  return left.length - right.length || compareText(left.join('\n'), right.join('\n'));
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
