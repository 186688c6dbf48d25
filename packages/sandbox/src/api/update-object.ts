import type { JsonObject } from '../store/json-value.ts';
import { equalJson, stringAt } from '../store/json-value.ts';
import type { StoredObject } from '../store/resource-store.ts';
import type { AdmissionAttributes } from './admission-port.ts';
import type { Cluster } from './cluster.ts';
import { toRequestVersion, toStorageVersion } from './convert.ts';
import { placeInNamespace, storeNew } from './create-object.ts';
import { decodeBody } from './decode-body.ts';
import { finalizersOf, isTerminating, metadataOf, nameOf, uidOf, withMetadata } from './object-metadata.ts';
import type { WriteOptions } from './request-options.ts';
import { managerName, optionsObject } from './request-options.ts';
import type { GroupVersionKind } from './resource-definition.ts';
import type { ObjectAnswer, RequestBody, ResourceRequest } from './resource-request.ts';
import {
  badRequest,
  conflict,
  invalid,
  invalidField,
  invalidResource,
  MODIFIED_TEXT,
  notFound,
} from './status-error.ts';
import {
  allowsCreateOnUpdate,
  allowsUnconditionalUpdate,
  isSorted,
  prepareForUpdate,
  validateUpdate,
} from './strategy.ts';

const ATTEMPTS = 5;

/** What a change makes of the live object. */
export interface Candidate {
  readonly object: JsonObject;
  /** True when managed fields are already computed (server-side apply). */
  readonly tracked: boolean;
}

/** How a change is made; called again when somebody else was faster. */
export interface Change {
  /** `existing` is in the version of the request. */
  candidate(existing: JsonObject): Candidate;
  /** The object to store when none exists; undefined answers 404. */
  create?(): Candidate;
  /** The kind admission sees; differs from the resource's for `scale`. */
  readonly kind?: GroupVersionKind;
  /** Turns a whole object into what admission and the answer show (`scale`); absent shows the whole. */
  readonly view?: { show(object: JsonObject): JsonObject; merge(object: JsonObject, view: JsonObject): JsonObject };
}

/** PUT: replaces an object, or its status or other part. */
export async function replaceObject(
  cluster: Cluster,
  request: ResourceRequest,
  body: RequestBody,
  options: WriteOptions,
): Promise<ObjectAnswer> {
  const { definition } = request;
  const decoded = placeInNamespace(request, decodeBody(cluster, request, body, options));
  const name = nameOf(decoded);
  if (name !== request.name) {
    throw badRequest(
      name === ''
        ? 'name must be provided'
        : `the name of the object (${name}) does not match the name on the URL (${request.name})`,
    );
  }
  const uid = uidOf(decoded);
  return changeObject(cluster, request, options, {
    candidate(existing) {
      if (uid !== '' && uid !== uidOf(existing)) {
        throw uidConflict(request, uid, uidOf(existing));
      }
      return { object: decoded, tracked: false };
    },
    ...(allowsCreateOnUpdate(definition) && request.subresource === ''
      ? { create: () => ({ object: withMetadata(decoded, { resourceVersion: undefined }, false), tracked: false }) }
      : {}),
  });
}

function uidConflict(request: ResourceRequest, wanted: string, found: string): Error {
  const { definition, namespace, name } = request;
  const prefix = definition.custom === undefined ? '' : `apiextensions.kubernetes.io/${definition.group}/`;
  const key = `/registry/${prefix}${[definition.plural, namespace, name].filter((part) => part !== '').join('/')}`;
  return conflict(
    definition,
    name,
    `StorageError: invalid object, Code: 4, Key: ${key}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: ${wanted}, UID in object meta: ${found}`,
  );
}

/** The one path of every change: compute, track, admit, check, validate, store; again when overtaken. */
export async function changeObject(
  cluster: Cluster,
  request: ResourceRequest,
  options: WriteOptions,
  change: Change,
): Promise<ObjectAnswer> {
  const { definition, namespace, name } = request;
  for (let attempt = 1; ; attempt += 1) {
    const existing = cluster.store.get(definition.storage, namespace, name);
    if (existing === undefined) {
      return createInstead(cluster, request, options, change);
    }
    const answer = await changeOnce(cluster, request, options, change, existing);
    if (answer !== undefined) {
      return answer;
    }
    if (attempt === ATTEMPTS) {
      throw conflict(definition, name, MODIFIED_TEXT);
    }
  }
}

async function createInstead(
  cluster: Cluster,
  request: ResourceRequest,
  options: WriteOptions,
  change: Change,
): Promise<ObjectAnswer> {
  const fresh = change.create?.();
  if (fresh === undefined) {
    throw notFound(request.definition, request.name);
  }
  const object = fresh.tracked ? fresh.object : track(cluster, request, options, undefined, fresh.object);
  return storeNew(cluster, request, object, options, optionsObject('CreateOptions', options));
}

/** One attempt; undefined when the stored object changed meanwhile. */
async function changeOnce(
  cluster: Cluster,
  request: ResourceRequest,
  options: WriteOptions,
  change: Change,
  stored: StoredObject,
): Promise<ObjectAnswer | undefined> {
  const { definition, subresource } = request;
  const existing = toRequestVersion(definition, stored.object);
  const candidate = change.candidate(existing);
  const tracked = candidate.tracked ? candidate.object : track(cluster, request, options, existing, candidate.object);
  const attributes = attributesOf(request, options, change, existing);
  const mutated = await mutate(cluster, attributes, change, withMetadata(tracked, {}, isSorted(definition)));
  const versioned = checkResourceVersion(request, existing, mutated);
  const prepared = prepareForUpdate(definition, versioned, existing, subresource);
  const causes = validateUpdate(definition, prepared, existing, subresource);
  if (causes.length > 0) {
    throw invalid(definition.kind, definition.group, request.name, causes);
  }
  await cluster.admission.validate({ ...attributes, object: change.view?.show(prepared) ?? prepared });
  return commitChange(cluster, request, options, stored, existing, prepared);
}

function track(
  cluster: Cluster,
  request: ResourceRequest,
  options: WriteOptions,
  before: JsonObject | undefined,
  after: JsonObject,
): JsonObject {
  const { definition } = request;
  return cluster.schema.updateManagedFields({
    before,
    after,
    kind: definition,
    schema: definition.custom?.openApiSchema,
    manager: managerName(options.fieldManager, request.userAgent),
    subresource: request.subresource,
    now: cluster.now(),
  });
}

function attributesOf(
  request: ResourceRequest,
  options: WriteOptions,
  change: Change,
  existing: JsonObject,
): AdmissionAttributes {
  const { definition } = request;
  return {
    definition,
    kind: change.kind ?? { group: definition.group, version: definition.version, kind: definition.kind },
    subresource: request.subresource,
    namespace: request.namespace,
    name: request.name,
    operation: 'UPDATE',
    object: undefined,
    oldObject: change.view?.show(existing) ?? existing,
    dryRun: options.dryRun,
    user: request.user,
    options: optionsObject('UpdateOptions', options),
    warn: request.warn,
  };
}

async function mutate(
  cluster: Cluster,
  attributes: AdmissionAttributes,
  change: Change,
  object: JsonObject,
): Promise<JsonObject> {
  const shown = change.view?.show(object) ?? object;
  const mutated = (await cluster.admission.mutate({ ...attributes, object: shown })) ?? shown;
  return change.view === undefined ? mutated : change.view.merge(object, mutated);
}

/** Optimistic locking: a stale version is a conflict, none at all only sometimes allowed. */
function checkResourceVersion(request: ResourceRequest, existing: JsonObject, object: JsonObject): JsonObject {
  const { definition, name } = request;
  const wanted = stringAt(metadataOf(object), 'resourceVersion');
  const current = stringAt(metadataOf(existing), 'resourceVersion');
  if (wanted === '' || wanted === '0') {
    if (!allowsUnconditionalUpdate(definition)) {
      throw invalidResource(definition, name, [
        invalidField('metadata.resourceVersion', 0, 'must be specified for an update'),
      ]);
    }
    return withMetadata(object, { resourceVersion: current }, isSorted(definition));
  }
  if (wanted !== current) {
    throw conflict(definition, name, MODIFIED_TEXT);
  }
  return object;
}

function commitChange(
  cluster: Cluster,
  { definition }: ResourceRequest,
  options: WriteOptions,
  stored: StoredObject,
  existing: JsonObject,
  object: JsonObject,
): ObjectAnswer | undefined {
  // A change that leaves the object as it was is not written, so watchers hear nothing of it.
  if (equalJson(object, existing)) {
    return { code: 200, object: existing, isResource: true };
  }
  if (options.dryRun) {
    return { code: 200, object, isResource: true };
  }
  const written = toStorageVersion(definition, object);
  if (isTerminating(object) && isFinished(object)) {
    const removal = cluster.store.remove(stored, written);
    return removal.ok ? { code: 200, object, isResource: true } : undefined;
  }
  const commit = cluster.store.update(stored, written);
  return commit.ok
    ? { code: 200, object: toRequestVersion(definition, commit.stored.object), isResource: true }
    : undefined;
}

/** A terminating object ends with its last finalizer, unless a grace period still runs. */
function isFinished(object: JsonObject): boolean {
  const grace = metadataOf(object)['deletionGracePeriodSeconds'];
  return finalizersOf(object).length === 0 && (grace === undefined || grace === 0);
}
