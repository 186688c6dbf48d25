import { EvaluationError } from '../../kernel/evaluation-error.ts';
import { defineMember, isJsonArray, isJsonObject, type Json, type JsonObject, member } from '../../kernel/json.ts';
import { elementText } from './list-elements.ts';
import { mergeKeyedLists } from './merge-lists.ts';
import { type FieldSchema, type MergeSchema, PLAIN, schemaOfKind } from './merge-schema.ts';
import { takeDirective } from './patch-directive.ts';

/** The value to have; `undefined` when it goes away. */
export type Merged = Json | undefined | EvaluationError;

/**
 * Merges `patch` into `resource` as kustomize's strategic merge does (kyaml `merge2` with prepended list items), which
 * is what Kyverno applies. Parts that stay the same are shared with `resource`; the result is `resource` itself when
 * nothing changed.
 */
export function strategicMerge(resource: JsonObject, patch: JsonObject): JsonObject | EvaluationError {
  const merged = mergeValues(resource, patch, undefined);
  if (merged instanceof EvaluationError) return merged;
  return isJsonObject(merged) ? merged : new EvaluationError('filter cannot create or delete objects');
}

/**
 * Merges one value. `field` says how the parent's schema sees it; without one, an object that names its own kind brings
 * its schema. Also walks what the patch does not touch: lists with equal keys lose their doubles there as well.
 */
export function mergeValues(
  resource: Json | undefined,
  patch: Json | undefined,
  field: FieldSchema | undefined,
): Merged {
  // Nothing below can have merge keys, and nothing is asked of it.
  if (patch === undefined && field?.schema === PLAIN && field.keys === undefined) return resource;
  const leading = isNothing(resource) ? patch : resource;
  if (isNothing(leading)) {
    // A null that nobody asked to change stays; any other goes.
    return patch === undefined && resource === null ? null : undefined;
  }
  if (patch !== undefined && patch !== null && kindOf(patch) !== kindOf(leading)) return wrongKind(leading, patch);
  if (isJsonObject(leading)) {
    if (patch === null) return undefined;
    // Both are objects, or absent: kinds are equal.
    return mergeObjects(resource as JsonObject | undefined | null, patch as JsonObject | undefined, field?.schema);
  }
  if (isJsonArray(leading)) {
    if (field?.keys === undefined) return patch === undefined ? resource : (patch ?? undefined);
    if (patch === null) return undefined;
    return mergeKeyedLists(
      resource as readonly Json[] | undefined | null,
      patch as readonly Json[] | undefined,
      field.keys,
      field.schema,
    );
  }
  return patch === undefined ? resource : (patch ?? undefined);
}

function isNothing(value: Json | undefined): value is null | undefined {
  return value === undefined || value === null;
}

function mergeObjects(
  resource: JsonObject | undefined | null,
  patch: JsonObject | undefined,
  known: MergeSchema | undefined,
): Merged {
  if (patch === undefined) return isNothing(resource) ? undefined : mergeFields(resource, undefined, known);
  const directed = takeDirective(patch);
  if (isNothing(resource)) {
    // What is added is merged with itself: its own nulls and directives take effect.
    if (directed instanceof EvaluationError) return mergeFields(patch, patch, known);
    return directed.directive === 'delete' ? undefined : mergeFields(directed.patch, directed.patch, known);
  }
  if (directed instanceof EvaluationError) return directed;
  if (directed.directive === 'delete') return undefined;
  if (directed.directive === 'replace') return mergeFields(directed.patch, directed.patch, known);
  return mergeFields(resource === patch ? directed.patch : resource, directed.patch, known);
}

function mergeFields(resource: JsonObject, patch: JsonObject | undefined, known: MergeSchema | undefined): Merged {
  const schema = known ?? schemaOf(resource) ?? (patch && schemaOf(patch));
  // Made when the first field differs.
  let result: Record<string, Json> | undefined;
  const keys = Object.keys(resource);
  for (let index = 0; index < keys.length; index += 1) {
    const key = keys[index] ?? '';
    const before = resource[key];
    const change = patch && member(patch, key);
    // A scalar that is not spoken of stays.
    if (change === undefined && (typeof before !== 'object' || before === null)) continue;
    const merged = mergeValues(before, change, schema?.field(key));
    if (merged instanceof EvaluationError) return merged;
    // As upstream, which keeps the quotes: what was a string stays one, `cpu: "2"` patched with 1 is "1".
    const after = typeof before === 'string' && merged !== undefined ? elementText(merged) : merged;
    if (after === before) continue;
    result ??= { ...resource };
    if (after === undefined) delete result[key];
    else defineMember(result, key, after);
  }
  if (patch === undefined || patch === resource) return result ?? resource;
  for (const key of Object.keys(patch)) {
    if (Object.hasOwn(resource, key)) continue;
    const added = mergeValues(undefined, patch[key], schema?.field(key));
    if (added instanceof EvaluationError) return added;
    if (added === undefined) continue;
    result ??= { ...resource };
    defineMember(result, key, added);
  }
  return result ?? resource;
}

function schemaOf(object: JsonObject): MergeSchema | undefined {
  const kind = member(object, 'kind');
  if (typeof kind !== 'string' || kind === '') return undefined;
  const apiVersion = member(object, 'apiVersion');
  return typeof apiVersion === 'string' ? schemaOfKind(apiVersion, kind) : undefined;
}

type NodeKind = 'MappingNode' | 'SequenceNode' | 'ScalarNode';

function kindOf(value: Json): NodeKind {
  if (typeof value !== 'object' || value === null) return 'ScalarNode';
  return Array.isArray(value) ? 'SequenceNode' : 'MappingNode';
}

function wrongKind(expected: Json, given: Json): EvaluationError {
  return new EvaluationError(
    `wrong node kind: expected ${kindOf(expected)} but got ${kindOf(given)}: node contents:\n${JSON.stringify(given)}\n`,
  );
}

/** An element of a list, or a whole document, with a schema known from elsewhere. */
export function mergeElements(resource: Json | undefined, patch: Json | undefined, schema: MergeSchema): Merged {
  return mergeValues(resource, patch, schema === PLAIN ? undefined : { schema });
}
