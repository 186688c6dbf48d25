import type { JsonObject } from '../store/json-value.ts';
import { stringAt } from '../store/json-value.ts';
import type { AdmissionAttributes } from './admission-port.ts';
import type { Cluster } from './cluster.ts';
import { toRequestVersion, toStorageVersion } from './convert.ts';
import { decodeBody } from './decode-body.ts';
import { generatedName, metadataOf, nameOf, namespaceOf, withMetadata } from './object-metadata.ts';
import type { WriteOptions } from './request-options.ts';
import { managerName, optionsObject } from './request-options.ts';
import type { ObjectAnswer, RequestBody, ResourceRequest } from './resource-request.ts';
import { alreadyExists, badRequest, invalid } from './status-error.ts';
import { isSorted, prepareForCreate, validateCreate } from './strategy.ts';

const NAME_ATTEMPTS = 8;

/** POST to a collection: decode, admit, validate, store. */
export async function createObject(
  cluster: Cluster,
  request: ResourceRequest,
  body: RequestBody,
  options: WriteOptions,
): Promise<ObjectAnswer> {
  const decoded = decodeBody(cluster, request, body, options);
  const { definition } = request;
  const placed = placeInNamespace(request, withMetadata(decoded, { managedFields: undefined }, isSorted(definition)));
  const tracked = cluster.schema.updateManagedFields({
    before: undefined,
    after: placed,
    kind: definition,
    schema: definition.custom?.openApiSchema,
    manager: managerName(options.fieldManager, request.userAgent),
    subresource: '',
    now: cluster.now(),
  });
  return storeNew(cluster, request, tracked, options, optionsObject('CreateOptions', options));
}

/** Admission and storage of a new object with its managed fields; also the create half of PUT and apply. */
export async function storeNew(
  cluster: Cluster,
  request: ResourceRequest,
  object: JsonObject,
  options: WriteOptions,
  admissionOptions: JsonObject,
): Promise<ObjectAnswer> {
  const { definition } = request;
  const ordered = withMetadata(object, {}, isSorted(definition));
  const attributes: AdmissionAttributes = {
    definition,
    kind: { group: definition.group, version: definition.version, kind: definition.kind },
    subresource: '',
    namespace: request.namespace,
    name: nameOf(ordered),
    operation: 'CREATE',
    object: ordered,
    oldObject: undefined,
    dryRun: options.dryRun,
    user: request.user,
    options: admissionOptions,
    warn: request.warn,
  };
  const mutated = (await cluster.admission.mutate(attributes)) ?? ordered;
  for (let attempt = 1; ; attempt += 1) {
    const prepared = prepareForCreate(cluster, definition, mutated, chooseName(mutated));
    const causes = validateCreate(definition, prepared);
    if (causes.length > 0) {
      throw invalid(stringAt(prepared, 'kind'), definition.group, nameOf(prepared), causes);
    }
    const final = { ...attributes, name: nameOf(prepared), object: prepared };
    await cluster.admission.validate(final);
    cluster.admission.charge(final);
    const answer = commitNew(cluster, request, prepared, options.dryRun);
    if (answer !== undefined) {
      return answer;
    }
    const generated = nameOf(mutated) === '';
    if (!generated || attempt === NAME_ATTEMPTS) {
      throw alreadyExists(definition, nameOf(prepared));
    }
  }
}

function chooseName(object: JsonObject): string {
  const name = nameOf(object);
  const base = stringAt(metadataOf(object), 'generateName');
  return name === '' && base !== '' ? generatedName(base) : name;
}

function commitNew(
  cluster: Cluster,
  { definition, namespace }: ResourceRequest,
  object: JsonObject,
  dryRun: boolean,
): ObjectAnswer | undefined {
  const name = nameOf(object);
  if (dryRun) {
    const taken = cluster.store.get(definition.storage, namespace, name) !== undefined;
    return taken ? undefined : { code: 201, object, isResource: true };
  }
  // The empty value only holds the place the store's number will take.
  const placed = withMetadata(toStorageVersion(definition, object), { resourceVersion: '' }, isSorted(definition));
  const commit = cluster.store.create(definition.storage, namespace, name, placed);
  return commit.ok
    ? { code: 201, object: toRequestVersion(definition, commit.stored.object), isResource: true }
    : undefined;
}

/** Fills the namespace of the URL in, or refuses another one. */
export function placeInNamespace(request: ResourceRequest, object: JsonObject): JsonObject {
  const { definition } = request;
  const given = namespaceOf(object);
  if (!definition.namespaced) {
    if (given !== '') {
      throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
    }
    return object;
  }
  if (given !== '' && given !== request.namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
  return given === '' ? withMetadata(object, { namespace: request.namespace }, isSorted(definition)) : object;
}
