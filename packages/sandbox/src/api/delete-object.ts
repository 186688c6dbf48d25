import type { JsonObject } from '../store/json-value.ts';
import { numberAt, objectAt, stringAt } from '../store/json-value.ts';
import type { StoredObject } from '../store/resource-store.ts';
import type { Cluster } from './cluster.ts';
import { toRequestVersion } from './convert.ts';
import type { DeleteOptions } from './delete-options.ts';
import { finalizersOf, isTerminating, metadataOf, timestamp, uidOf, withMetadata } from './object-metadata.ts';
import type { ObjectAnswer, ResourceRequest } from './resource-request.ts';
import { conflict, MODIFIED_TEXT, notFound, StatusError, successStatus } from './status-error.ts';
import { isSorted, returnsDeletedObject } from './strategy.ts';

const ATTEMPTS = 5;

/** DELETE of one object; `name` in admission stays empty for collection deletes. */
export async function deleteObject(
  cluster: Cluster,
  request: ResourceRequest,
  options: DeleteOptions,
  collection = false,
): Promise<ObjectAnswer> {
  const { definition, namespace, name } = request;
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const stored = cluster.store.get(definition.storage, namespace, name);
    if (stored === undefined) {
      throw notFound(definition, name);
    }
    checkPreconditions(request, options, stored.object);
    await admitDelete(cluster, request, options, stored, collection);
    if (options.dryRun) {
      return answerDeleted(request, stored.object);
    }
    const answer = deleteStored(cluster, request, options, stored);
    if (answer !== undefined) {
      return answer;
    }
  }
  throw conflict(definition, name, MODIFIED_TEXT);
}

function checkPreconditions(request: ResourceRequest, options: DeleteOptions, object: JsonObject): void {
  const { definition, name } = request;
  const uid = uidOf(object);
  // The message names the kind here, not the plural.
  const subject = { group: definition.group, plural: definition.kind };
  if (options.preconditionUid !== undefined && options.preconditionUid !== uid) {
    throw conflict(
      subject,
      name,
      `the UID in the precondition (${options.preconditionUid}) does not match the UID in record (${uid}). The object might have been deleted and then recreated`,
    );
  }
  const version = stringAt(metadataOf(object), 'resourceVersion');
  if (options.preconditionResourceVersion !== undefined && options.preconditionResourceVersion !== version) {
    throw conflict(
      subject,
      name,
      `the ResourceVersion in the precondition (${options.preconditionResourceVersion}) does not match the ResourceVersion in record (${version}). The object might have been modified`,
    );
  }
}

async function admitDelete(
  cluster: Cluster,
  request: ResourceRequest,
  options: DeleteOptions,
  stored: StoredObject,
  collection: boolean,
): Promise<void> {
  const { definition } = request;
  const attributes = {
    definition,
    kind: { group: definition.group, version: definition.version, kind: definition.kind },
    subresource: request.subresource,
    namespace: request.namespace,
    name: collection ? '' : request.name,
    operation: 'DELETE',
    object: undefined,
    oldObject: toRequestVersion(definition, stored.object),
    dryRun: options.dryRun,
    user: request.user,
    options: options.object,
    warn: request.warn,
  } as const;
  await cluster.admission.mutate(attributes);
  await cluster.admission.validate(attributes);
}

/** Marks or removes the object; undefined when it changed meanwhile. */
function deleteStored(
  cluster: Cluster,
  request: ResourceRequest,
  options: DeleteOptions,
  stored: StoredObject,
): ObjectAnswer | undefined {
  const { definition } = request;
  const finalizers = wantedFinalizers(definition.storage, stored.object, options);
  const grace = gracePeriod(definition.storage, stored.object, options);
  const namespaceWait = definition.storage === 'namespaces' && namespaceFinalizers(stored.object) > 0;
  if (finalizers.length === 0 && grace === 0 && !namespaceWait) {
    const last = withMetadata(stored.object, { finalizers: undefined }, isSorted(definition));
    const removal = cluster.store.remove(stored, last);
    return removal.ok ? answerDeleted(request, removal.stored.object) : undefined;
  }
  const marked = markDeleted(cluster, definition.storage, isSorted(definition), stored.object, finalizers, grace);
  if (marked === stored.object) {
    return { code: 200, object: toRequestVersion(definition, stored.object), isResource: true };
  }
  const commit = cluster.store.update(stored, marked);
  return commit.ok
    ? { code: 200, object: toRequestVersion(definition, commit.stored.object), isResource: true }
    : undefined;
}

function namespaceFinalizers(object: JsonObject): number {
  const finalizers = objectAt(object, 'spec')?.['finalizers'];
  return Array.isArray(finalizers) ? finalizers.length : 0;
}

function wantedFinalizers(storage: string, object: JsonObject, options: DeleteOptions): string[] {
  const others = finalizersOf(object).filter((item) => item !== 'foregroundDeletion' && item !== 'orphan');
  // Namespaces have their own finalization; garbage collection finalizers make no sense there.
  if (storage === 'namespaces') {
    return finalizersOf(object);
  }
  switch (options.propagationPolicy) {
    case 'Foreground':
      return [...others, 'foregroundDeletion'];
    case 'Orphan':
      return [...others, 'orphan'];
    case 'Background':
      return others;
    default:
      return finalizersOf(object);
  }
}

/** Only pods that run on a node get time to stop. */
function gracePeriod(storage: string, object: JsonObject, options: DeleteOptions): number {
  if (storage !== 'pods') {
    return 0;
  }
  const spec = objectAt(object, 'spec');
  const phase = stringAt(objectAt(object, 'status'), 'phase');
  if (stringAt(spec, 'nodeName') === '' || phase === 'Succeeded' || phase === 'Failed') {
    return 0;
  }
  const wanted = options.gracePeriodSeconds ?? numberAt(spec, 'terminationGracePeriodSeconds') ?? 30;
  const running = numberAt(metadataOf(object), 'deletionGracePeriodSeconds');
  return Math.max(0, running === undefined ? wanted : Math.min(wanted, running));
}

function markDeleted(
  cluster: Cluster,
  storage: string,
  sorted: boolean,
  object: JsonObject,
  finalizers: readonly string[],
  grace: number,
): JsonObject {
  const metadata = metadataOf(object);
  const known = finalizersOf(object);
  const sameFinalizers = known.length === finalizers.length && finalizers.every((item) => known.includes(item));
  if (isTerminating(object) && sameFinalizers && numberAt(metadata, 'deletionGracePeriodSeconds') === grace) {
    return object;
  }
  const generation = numberAt(metadata, 'generation');
  const first = !isTerminating(object);
  const marked = withMetadata(
    object,
    {
      deletionTimestamp: first
        ? timestamp(new Date(cluster.now().getTime() + grace * 1000))
        : metadata['deletionTimestamp'],
      deletionGracePeriodSeconds: storage === 'namespaces' ? undefined : grace,
      generation: first && generation !== undefined ? generation + 1 : generation,
      finalizers: finalizers.length === 0 ? undefined : [...finalizers],
    },
    sorted,
  );
  return storage === 'namespaces'
    ? { ...marked, status: { ...objectAt(object, 'status'), phase: 'Terminating' } }
    : marked;
}

function answerDeleted(request: ResourceRequest, object: JsonObject): ObjectAnswer {
  const { definition, name } = request;
  if (returnsDeletedObject(definition)) {
    return { code: 200, object: toRequestVersion(definition, object), isResource: true };
  }
  return { code: 200, object: successStatus(definition, name, uidOf(object)), isResource: false };
}

/** What a collection delete removed. Objects that vanish meanwhile count as removed. */
export async function deleteCollection(
  cluster: Cluster,
  request: ResourceRequest,
  options: DeleteOptions,
  selected: readonly StoredObject[],
): Promise<JsonObject[]> {
  const deleted: JsonObject[] = [];
  for (const stored of selected) {
    const single = { ...request, namespace: stored.namespace, name: stored.name };
    try {
      await deleteObject(cluster, single, options, true);
    } catch (error) {
      if (!(error instanceof StatusError) || error.code !== 404) {
        throw error;
      }
    }
    deleted.push(toRequestVersion(request.definition, stored.object));
  }
  return deleted;
}
