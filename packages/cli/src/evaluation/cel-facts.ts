import { guessPlural } from '@vouchsafe/engine';
import type { Fact, FactRequest } from '@vouchsafe/engine/facts';
import type { Json, JsonObject } from '@vouchsafe/engine/kernel';
import type { ContextData } from '../inputs/context-file.ts';
import { type KindTable, kindOf } from '../inputs/kind-table.ts';
import { textAt, textMapAt } from '../inputs/read-fields.ts';
import { createObjectStore, type ObjectStore } from './object-store.ts';

/** What expressions in CEL are told of the outside where there is no cluster (kyverno-cel §9.6). */
export interface CelFacts {
  readonly objects: ObjectStore;
  /** The objects are all that a cluster holds; else only those of a context file, which are asked to the letter. */
  readonly isCluster: boolean;
  /** What mutations of existing objects may change. */
  readonly targets: ObjectStore;
  readonly images: ContextData['images'];
}

/** Facts from a context file alone, and the targets of mutations: what upstream's `apply` and `test` know. */
export function contextFacts(
  { resources, images }: ContextData,
  kinds: KindTable,
  targets: readonly JsonObject[] = [],
): CelFacts {
  const objects = createObjectStore([...resources, ...targets], kinds);
  return { objects, isCluster: false, targets: createObjectStore(targets, kinds), images };
}

/** Facts as if the objects, and those of a context file, were in a cluster: `clusterResources` of a test. */
export function clusterFacts(
  objects: readonly JsonObject[],
  context: ContextData,
  kinds: KindTable,
  targets: readonly JsonObject[] = [],
): CelFacts {
  const all = createObjectStore([...objects, ...context.resources], kinds);
  return { objects: all, isCluster: true, targets: createObjectStore(targets, kinds), images: context.images };
}

type ApiResourceRequest = Extract<FactRequest, { kind: 'api-resource' }>;

/** `resource.Get` and `resource.List`. */
export function answerApiResource(request: ApiResourceRequest, facts: CelFacts): Fact<Json> {
  if (request.anywhere === true) return { ok: true, value: { items: selectTargets(request, facts.targets) } };
  const { objects, isCluster } = facts;
  const { apiVersion, resource, namespace, name, labels } = request;
  const [group, version] = splitApiVersion(apiVersion);
  const named = group === '' ? resource : `${resource}.${group}`;
  const entry = objects.kinds.byPlural(group, resource);
  const kind = entry?.kind ?? '';
  const known = entry ? objects.find({ group, version, kind }) : [];
  // In a cluster no namespace means all of them; a context file is asked for objects without one.
  const scoped = isCluster && namespace === '' ? known : known.filter((object) => namespaceOf(object) === namespace);
  if (name !== undefined) {
    const found = scoped.find((object) => textAt(object, 'metadata', 'name') === name);
    return found ? { ok: true, value: found } : failure('not-found', `${named} "${name}" not found`);
  }
  if (!isCluster) {
    if (known.length === 0) return failure('permanent', `${named} resource not found`);
    return { ok: true, value: { items: scoped.filter((object) => hasLabels(object, labels)) } };
  }
  if (!entry) return failure('permanent', 'the server could not find the requested resource');
  const items = scoped.filter((object) => hasLabels(object, labels));
  return { ok: true, value: { apiVersion, kind: `${kind}List`, metadata: { resourceVersion: '' }, items } };
}

/** A rule may select targets of any group, version or kind. */
function selectTargets(
  { apiVersion, resource, namespace }: ApiResourceRequest,
  targets: ObjectStore,
): readonly JsonObject[] {
  const [group, version] = splitApiVersion(apiVersion);
  const isOf = (wanted: string, own: string): boolean => wanted === '*' || wanted === own;
  return targets.all.filter((object) => {
    const own = kindOf(object);
    const plural = targets.kinds.byKind(own.group, own.kind)?.plural ?? guessPlural(own.kind);
    return (
      isOf(group, own.group) &&
      isOf(version, own.version) &&
      isOf(resource, plural) &&
      (namespace === '' || namespaceOf(object) === namespace)
    );
  });
}

/** How a kind of a definition merges; that of a built-in kind is not asked for. */
export function answerKindSchema(
  { apiVersion, resourceKind }: Extract<FactRequest, { kind: 'kind-schema' }>,
  { objects }: CelFacts,
): Fact<Json> {
  const schema = objects.kinds.schemaOf(apiVersion, resourceKind);
  if (schema) return { ok: true, value: schema };
  return failure('not-found', `no definition of kind "${resourceKind}" in version "${apiVersion}"`);
}

/** `resource.ToGVR`. */
export function answerKindMapping(
  { apiVersion, resourceKind }: Extract<FactRequest, { kind: 'kind-mapping' }>,
  { objects }: CelFacts,
): Fact<Json> {
  const [group, version] = splitApiVersion(apiVersion);
  const entry = objects.kinds.byKind(group, resourceKind);
  if (!entry) return failure('permanent', `no matches for kind "${resourceKind}" in version "${apiVersion}"`);
  return { ok: true, value: { group, version, resource: entry.plural, namespaced: entry.namespaced } };
}

/** `image.GetMetadata`, as the context file tells it; `undefined` when it says nothing of the image. */
export function answerImage(reference: string, { images }: CelFacts): Fact<Json> | undefined {
  const known = images.get(reference);
  return known && { ok: true, value: known };
}

export function splitApiVersion(apiVersion: string): readonly [group: string, version: string] {
  const cut = apiVersion.indexOf('/');
  return cut < 0 ? ['', apiVersion] : [apiVersion.slice(0, cut), apiVersion.slice(cut + 1)];
}

function namespaceOf(object: JsonObject): string {
  return textAt(object, 'metadata', 'namespace');
}

function hasLabels(object: JsonObject, wanted: Readonly<Record<string, string>> = {}): boolean {
  const own = textMapAt(object, 'metadata', 'labels');
  return Object.entries(wanted).every(([key, value]) => Object.hasOwn(own, key) && own[key] === value);
}

function failure(kind: 'not-found' | 'permanent', message: string): Fact<Json> {
  return { ok: false, class: kind, message };
}
