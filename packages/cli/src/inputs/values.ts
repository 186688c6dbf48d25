import { defineMember, isJsonArray, isJsonObject, type Json, type JsonObject } from '@vouchsafe/engine/kernel';
import { checkShape, METADATA, placeProblems, type Shape } from './check-shape.ts';
import { InputProblem } from './input-problem.ts';
import type { InputDocument } from './read-documents.ts';
import { listAt, objectAt, objectsAt, textAt, textMapAt } from './read-fields.ts';

/** A subresource whose objects are of their own kind (`Scale`, `PodExecOptions`), and the resource it belongs to. */
export interface Subresource {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  /** The part behind the slash: `scale`. */
  readonly subresource: string;
  readonly parent: { readonly group: string; readonly version: string; readonly kind: string };
}

/** What a values file says (kyverno-core §5.2). Keys are dotted paths. */
export interface Values {
  readonly global: JsonObject;
  readonly policies: readonly PolicyValues[];
  readonly namespaceLabels: ReadonlyMap<string, Readonly<Record<string, string>>>;
  /** Namespace objects by name, also of those that only their labels are told of. */
  readonly namespaces: ReadonlyMap<string, JsonObject>;
  readonly subresources: readonly Subresource[];
}

interface PolicyValues {
  readonly name: string;
  readonly resources: readonly { readonly name: string; readonly values: JsonObject }[];
  readonly rules: readonly { readonly name: string; readonly values: JsonObject }[];
}

export const NO_VALUES: Values = {
  global: {},
  policies: [],
  namespaceLabels: new Map(),
  namespaces: new Map(),
  subresources: [],
};

const RESOURCE_INFO: Shape = {
  fields: {
    name: 'text',
    singularName: 'text',
    namespaced: 'flag',
    group: 'text',
    version: 'text',
    kind: 'text',
    verbs: 'any',
    shortNames: 'any',
    categories: 'any',
    storageVersionHash: 'text',
  },
};

const NAMESPACE: Shape = {
  fields: { apiVersion: 'text', kind: 'text', metadata: METADATA, spec: 'any', status: 'any' },
};

const VALUE_FIELDS: Readonly<Record<string, Shape>> = {
  globalValues: 'map',
  policies: {
    list: {
      fields: {
        name: 'text',
        resources: { list: { fields: { name: 'text', values: 'map' } } },
        rules: { list: { fields: { name: 'text', values: 'map', foreachValues: 'map' } } },
      },
    },
  },
  namespaceSelector: { list: { fields: { name: 'text', labels: 'map' } } },
  namespaces: { list: NAMESPACE },
  subresources: { list: { fields: { subresource: RESOURCE_INFO, parentResource: RESOURCE_INFO } } },
};

/** The inline values of a test manifest. */
export const VALUES_SPEC: Shape = { fields: VALUE_FIELDS };

const VALUES_DOCUMENT: Shape = {
  fields: { apiVersion: 'text', kind: 'text', metadata: METADATA, ...VALUE_FIELDS },
};

/** A document of kind `Values`. Throws `InputProblem` for the schema without kind, and for fields that do not exist. */
export function readValues({ object, sources }: Pick<InputDocument, 'object' | 'sources'>, path: string): Values {
  const { value, problems } = checkShape(object, VALUES_DOCUMENT);
  if (problems.length > 0) {
    const placed = placeProblems(problems, path, sources);
    throw new InputProblem(`unable to load variable file: ${path} (${placed.join('; ')})`);
  }
  if (textAt(value, 'apiVersion') === '' || textAt(value, 'kind') === '') {
    throw new InputProblem(`values file ${path} uses a deprecated schema — please migrate to the latest format`);
  }
  return toValues(value);
}

/** Values whose shape has been checked. */
export function toValues(spec: Json | undefined): Values {
  const labels = new Map<string, Readonly<Record<string, string>>>();
  const namespaces = new Map<string, JsonObject>();
  for (const entry of objectsAt(spec, 'namespaceSelector')) {
    const name = textAt(entry, 'name');
    labels.set(name, textMapAt(entry, 'labels'));
    namespaces.set(name, { metadata: { name, labels: objectAt(entry, 'labels') } });
  }
  // Whole namespaces win over bare labels.
  for (const entry of objectsAt(spec, 'namespaces')) {
    const name = textAt(entry, 'metadata', 'name');
    labels.set(name, textMapAt(entry, 'metadata', 'labels'));
    namespaces.set(name, entry);
  }
  return {
    global: objectAt(spec, 'globalValues'),
    policies: objectsAt(spec, 'policies').map((policy) => ({
      name: textAt(policy, 'name'),
      resources: objectsAt(policy, 'resources').map((entry) => ({
        name: textAt(entry, 'name'),
        values: objectAt(entry, 'values'),
      })),
      rules: objectsAt(policy, 'rules').map((rule) => ({
        name: textAt(rule, 'name'),
        values: { ...objectAt(rule, 'values'), ...firstElements(objectAt(rule, 'foreachValues')) },
      })),
    })),
    namespaceLabels: labels,
    namespaces,
    subresources: objectsAt(spec, 'subresources').map(toSubresource),
  };
}

/** Upstream gives every element the first value of the list. */
function firstElements(lists: JsonObject): JsonObject {
  return Object.fromEntries(Object.keys(lists).map((key) => [key, listAt(lists, key)[0] ?? null]));
}

function toSubresource(entry: JsonObject): Subresource {
  const own = objectAt(entry, 'subresource');
  const parent = objectAt(entry, 'parentResource');
  return {
    group: textAt(own, 'group'),
    version: textAt(own, 'version'),
    kind: textAt(own, 'kind'),
    subresource: textAt(own, 'name').split('/')[1] ?? '',
    parent: { group: textAt(parent, 'group'), version: textAt(parent, 'version'), kind: textAt(parent, 'kind') },
  };
}

/** The variables of one policy on one resource, by dotted path: global, then the resource's, then those of `--set`. */
export function valuesFor(values: Values, policy: string, resource: string, set: JsonObject): JsonObject {
  const own = values.policies
    .filter(({ name }) => name === policy)
    .flatMap(({ resources }) => resources.filter(({ name }) => name === resource));
  return Object.assign({ 'request.operation': 'CREATE' }, values.global, ...own.map((entry) => entry.values), set);
}

/** The variables of each rule of a policy, nested. */
export function ruleValues(values: Values, policy: string): ReadonlyMap<string, JsonObject> {
  const rules = new Map<string, JsonObject>();
  for (const entry of values.policies) {
    if (entry.name !== policy) continue;
    for (const rule of entry.rules) if (!rules.has(rule.name)) rules.set(rule.name, nest(rule.values));
  }
  return rules;
}

/** `{'a.b': 1, 'a."c.d"': 2}` as `{a: {b: 1, 'c.d': 2}}`; later keys win, objects merge. */
export function nest(flat: JsonObject): JsonObject {
  let nested: Json = {};
  for (const [key, value] of Object.entries(flat)) {
    const wrapped = splitKey(key).reduceRight<Json>((inner, name) => ({ [name]: inner }), value);
    nested = merge(nested, wrapped);
  }
  // Every key wraps its value into an object.
  return nested as JsonObject;
}

/** The parts of a dotted key, of which some may be quoted: upstream reads it as CSV with dots. */
function splitKey(key: string): readonly string[] {
  const parts: string[] = [];
  let part = '';
  let quoted = false;
  for (const character of key) {
    if (character === '"') quoted = !quoted;
    else if (character === '.' && !quoted) {
      parts.push(part);
      part = '';
    } else part += character;
  }
  return [...parts, part];
}

/** `added` over `base`: objects by member, anything else replaces. */
export function merge(base: Json | undefined, added: Json): Json {
  if (!isJsonObject(base) || !isJsonObject(added) || isJsonArray(base)) return added;
  const merged: Record<string, Json> = { ...base };
  for (const [key, value] of Object.entries(added)) {
    defineMember(merged, key, merge(Object.hasOwn(base, key) ? base[key] : undefined, value));
  }
  return merged;
}

/** `--set a=b,c=d`: trimmed; the first of equal keys counts; `request.object` cannot be set this way. */
export function parseSet(entries: readonly string[]): JsonObject {
  const set: Record<string, Json> = {};
  for (const entry of entries.flatMap((text) => text.split(','))) {
    const [key = '', value] = entry.split('=');
    const name = key.trim();
    if (value === undefined || name === '' || name.includes('request.object.') || Object.hasOwn(set, name)) continue;
    set[name] = value.trim();
  }
  return set;
}

const OPERATIONS: readonly string[] = ['', 'CREATE', 'UPDATE', 'DELETE', 'CONNECT'];

/** The operation all resources are judged under. Throws `InputProblem` for one that does not exist. */
export function globalOperation(values: Values): string {
  const operation = values.global['request.operation'];
  const text = typeof operation === 'string' ? operation : '';
  if (OPERATIONS.includes(text)) return text;
  throw new InputProblem(`invalid request.operation value "${text}", must be one of CREATE, UPDATE, DELETE, CONNECT`);
}
