import { isJsonObject, type JsonObject, member } from '@vouchsafe/engine/kernel';
import kinds from './data/kinds.json' with { type: 'json' };
import { listAt, objectAt, objectsAt, textAt } from './read-fields.ts';

/** What the API server knows of a kind. */
export interface KindEntry {
  readonly group: string;
  readonly kind: string;
  readonly plural: string;
  readonly namespaced: boolean;
}

/** The kinds of Kubernetes and of Kyverno, and those that CustomResourceDefinitions add. */
export interface KindTable {
  /** `undefined` for an unknown kind; such are taken as namespaced, as Kyverno's CLI does. */
  byKind(group: string, kind: string): KindEntry | undefined;
  byPlural(group: string, plural: string): KindEntry | undefined;
  /** The `openAPIV3Schema` of a definition for a version of its kind; the same object each time. */
  schemaOf(apiVersion: string, kind: string): JsonObject | undefined;
}

// The data file holds rows of group, kind, plural and whether it is namespaced.
const BUILT_IN = (kinds as unknown as readonly (readonly [string, string, string, boolean])[]).map(
  ([group, kind, plural, namespaced]): KindEntry => ({ group, kind, plural, namespaced }),
);

export function createKindTable(definitions: readonly JsonObject[] = []): KindTable {
  const entries = [...BUILT_IN, ...definitions.flatMap(toEntry)];
  const byKind = new Map(entries.map((entry) => [`${entry.group}/${entry.kind}`, entry]));
  const byPlural = new Map(entries.map((entry) => [`${entry.group}/${entry.plural}`, entry]));
  const schemas = new Map(definitions.flatMap(toSchemas));
  return {
    byKind: (group, kind) => byKind.get(`${group}/${kind}`),
    byPlural: (group, plural) => byPlural.get(`${group}/${plural}`),
    schemaOf: (apiVersion, kind) => schemas.get(`${apiVersion}/${kind}`),
  };
}

/** By `group/version/Kind`. */
function toSchemas(definition: JsonObject): (readonly [string, JsonObject])[] {
  const group = textAt(definition, 'spec', 'group');
  const kind = textAt(definition, 'spec', 'names', 'kind');
  return objectsAt(definition, 'spec', 'versions').flatMap((version) => {
    const schema = objectAt(version, 'schema', 'openAPIV3Schema');
    return Object.keys(schema).length === 0 ? [] : [[`${group}/${textAt(version, 'name')}/${kind}`, schema] as const];
  });
}

function toEntry(definition: JsonObject): KindEntry[] {
  const spec = member(definition, 'spec');
  if (member(definition, 'kind') !== 'CustomResourceDefinition' || !isJsonObject(spec)) return [];
  const kind = textAt(spec, 'names', 'kind');
  const plural = textAt(spec, 'names', 'plural');
  if (kind === '' || listAt(spec, 'versions').length === 0) return [];
  return [{ group: textAt(spec, 'group'), kind, plural, namespaced: textAt(spec, 'scope') !== 'Cluster' }];
}

/** The kind of an object: `apps/v1` is group `apps`, version `v1`; `v1` is the core group. */
export function kindOf(object: JsonObject): {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
} {
  const apiVersion = textAt(object, 'apiVersion');
  const cut = apiVersion.indexOf('/');
  return {
    group: cut < 0 ? '' : apiVersion.slice(0, cut),
    version: apiVersion.slice(cut + 1),
    kind: textAt(object, 'kind'),
  };
}
