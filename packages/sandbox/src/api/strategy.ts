import type { JsonObject } from '../store/json-value.ts';
import { equalJson, numberAt, objectAt, withPath } from '../store/json-value.ts';
import type { Cluster } from './cluster.ts';
import { kindStrategy } from './kind-strategies.ts';
import { validateMetadata, validateMetadataUpdate } from './metadata-validation.ts';
import { metadataOf, timestamp, uidOf, withMetadata } from './object-metadata.ts';
import type { ResourceDefinition } from './resource-definition.ts';
import { apiVersionOf } from './resource-definition.ts';
import type { FieldCause } from './status-error.ts';
import { invalidField } from './status-error.ts';

const CRD_STORAGE = 'customresourcedefinitions.apiextensions.k8s.io';

/** Built-in kinds whose `metadata.generation` counts spec changes. */
const COUNTED = new Set([
  'pods',
  'replicationcontrollers',
  'deployments.apps',
  'daemonsets.apps',
  'replicasets.apps',
  'statefulsets.apps',
  'jobs.batch',
  'cronjobs.batch',
  'ingresses.networking.k8s.io',
  'networkpolicies.networking.k8s.io',
  'poddisruptionbudgets.policy',
  'customresourcedefinitions.apiextensions.k8s.io',
  'mutatingwebhookconfigurations.admissionregistration.k8s.io',
  'validatingwebhookconfigurations.admissionregistration.k8s.io',
  'validatingadmissionpolicies.admissionregistration.k8s.io',
  'validatingadmissionpolicybindings.admissionregistration.k8s.io',
  'mutatingadmissionpolicies.admissionregistration.k8s.io',
  'mutatingadmissionpolicybindings.admissionregistration.k8s.io',
  'endpointslices.discovery.k8s.io',
  'flowschemas.flowcontrol.apiserver.k8s.io',
  'prioritylevelconfigurations.flowcontrol.apiserver.k8s.io',
  'priorityclasses.scheduling.k8s.io',
]);

/** Built-in kinds that refuse a PUT without resourceVersion. */
const CONDITIONAL_ONLY = new Set([
  'customresourcedefinitions.apiextensions.k8s.io',
  'leases.coordination.k8s.io',
  'poddisruptionbudgets.policy',
  'mutatingwebhookconfigurations.admissionregistration.k8s.io',
  'validatingwebhookconfigurations.admissionregistration.k8s.io',
  'validatingadmissionpolicies.admissionregistration.k8s.io',
  'validatingadmissionpolicybindings.admissionregistration.k8s.io',
  'mutatingadmissionpolicies.admissionregistration.k8s.io',
  'mutatingadmissionpolicybindings.admissionregistration.k8s.io',
  'apiservices.apiregistration.k8s.io',
  'runtimeclasses.node.k8s.io',
  'csidrivers.storage.k8s.io',
  'csinodes.storage.k8s.io',
  'volumeattachments.storage.k8s.io',
  'csistoragecapacities.storage.k8s.io',
]);

/** Built-in kinds a PUT may create. */
const CREATE_ON_UPDATE = new Set([
  'endpoints',
  'events',
  'leases.coordination.k8s.io',
  'roles.rbac.authorization.k8s.io',
  'rolebindings.rbac.authorization.k8s.io',
  'clusterroles.rbac.authorization.k8s.io',
  'clusterrolebindings.rbac.authorization.k8s.io',
]);

/** Built-in kinds whose DELETE answers the object rather than a Status. */
const RETURNS_DELETED = new Set([
  'pods',
  'services',
  'persistentvolumes',
  'persistentvolumeclaims',
  'podtemplates',
  'resourcequotas',
  'serviceaccounts',
]);

/** True for kinds whose members print in byte order: those the server keeps as plain maps. */
export function isSorted(definition: ResourceDefinition): boolean {
  return definition.custom !== undefined;
}

export function allowsUnconditionalUpdate(definition: ResourceDefinition): boolean {
  return definition.custom === undefined && !CONDITIONAL_ONLY.has(definition.storage);
}

export function allowsCreateOnUpdate(definition: ResourceDefinition): boolean {
  return definition.custom === undefined && CREATE_ON_UPDATE.has(definition.storage);
}

export function returnsDeletedObject(definition: ResourceDefinition): boolean {
  return definition.custom === undefined && RETURNS_DELETED.has(definition.storage);
}

function countsGeneration(definition: ResourceDefinition): boolean {
  return definition.custom !== undefined || COUNTED.has(definition.storage);
}

function hasStatus(definition: ResourceDefinition): boolean {
  return definition.custom === undefined
    ? definition.subresources.some(({ name }) => name === 'status')
    : definition.custom.hasStatus;
}

/** Fills what the storage layer fills on create: name, uid, time, generation, kind specifics. */
export function prepareForCreate(
  cluster: Cluster,
  definition: ResourceDefinition,
  object: JsonObject,
  name: string,
): JsonObject {
  const withoutStatus = hasStatus(definition) ? clearStatus(definition, object) : object;
  const named = withMetadata(
    withoutStatus,
    {
      name,
      uid: crypto.randomUUID(),
      creationTimestamp: timestamp(cluster.now()),
      resourceVersion: undefined,
      deletionTimestamp: undefined,
      deletionGracePeriodSeconds: undefined,
      generation: countsGeneration(definition) ? 1 : undefined,
      selfLink: undefined,
    },
    isSorted(definition),
  );
  return kindStrategy(definition)?.prepareForCreate?.(cluster, named) ?? named;
}

/** The typed form of built-in kinds keeps an empty status where Go has a plain struct; custom kinds lose it. */
function clearStatus(definition: ResourceDefinition, object: JsonObject): JsonObject {
  if (definition.custom !== undefined) {
    return withPath(object, ['status'], undefined);
  }
  return objectAt(object, 'status') === undefined ? object : { ...object, status: {} };
}

/** Checks a new object; the server's texts. */
export function validateCreate(definition: ResourceDefinition, object: JsonObject): FieldCause[] {
  const causes = [...typeCauses(definition, object), ...metadataCauses(definition, object)];
  if (definition.custom !== undefined) {
    return [...causes, ...definition.custom.schema.validate(object)];
  }
  return [...causes, ...(kindStrategy(definition)?.validate?.(object, undefined) ?? [])];
}

/** The validation of definitions judges their metadata too. */
function metadataCauses(definition: ResourceDefinition, object: JsonObject): FieldCause[] {
  return definition.storage === CRD_STORAGE ? [] : validateMetadata(definition, object);
}

function typeCauses(definition: ResourceDefinition, object: JsonObject): FieldCause[] {
  const causes: FieldCause[] = [];
  if (object['kind'] !== definition.kind) {
    causes.push(invalidField('kind', object['kind'] ?? '', `must be ${definition.kind}`));
  }
  if (object['apiVersion'] !== apiVersionOf(definition)) {
    causes.push(invalidField('apiVersion', object['apiVersion'] ?? '', `must be ${apiVersionOf(definition)}`));
  }
  return causes;
}

/**
 * Keeps what an update may not change: system metadata always, status on the resource itself, everything
 * but status on `/status`. Raises the generation when the counted part changed.
 */
export function prepareForUpdate(
  definition: ResourceDefinition,
  object: JsonObject,
  old: JsonObject,
  subresource: string,
): JsonObject {
  const kept = keepOther(definition, object, old, subresource);
  const before = metadataOf(old);
  const generation = numberAt(before, 'generation');
  const changed =
    countsGeneration(definition) && !equalJson(countedPart(definition, kept), countedPart(definition, old));
  const prepared = withMetadata(
    kept,
    {
      uid: metadataOf(kept)['uid'] ?? uidOf(old),
      creationTimestamp: before['creationTimestamp'],
      deletionTimestamp: before['deletionTimestamp'],
      deletionGracePeriodSeconds: before['deletionGracePeriodSeconds'],
      generation: changed ? (generation ?? 0) + 1 : generation,
      selfLink: undefined,
    },
    isSorted(definition),
  );
  return kindStrategy(definition)?.prepareForUpdate?.(prepared, old, subresource) ?? prepared;
}

function keepOther(
  definition: ResourceDefinition,
  object: JsonObject,
  old: JsonObject,
  subresource: string,
): JsonObject {
  if (!hasStatus(definition)) {
    return object;
  }
  if (subresource !== 'status') {
    return subresource === '' ? withPath(object, ['status'], old['status']) : object;
  }
  if (definition.custom === undefined) {
    // Built-in status strategies keep the spec; metadata may change with the status.
    return {
      ...old,
      metadata: object['metadata'] ?? {},
      ...(object['status'] === undefined ? {} : { status: object['status'] }),
    };
  }
  const managedFields = metadataOf(object)['managedFields'];
  const kept = withMetadata(old, { managedFields, resourceVersion: metadataOf(object)['resourceVersion'] }, true);
  return withPath(kept, ['status'], object['status']);
}

function countedPart(definition: ResourceDefinition, object: JsonObject): JsonObject {
  const { metadata: _metadata, apiVersion: _apiVersion, kind: _kind, ...content } = object;
  if (!hasStatus(definition)) {
    return content;
  }
  const { status: _status, ...counted } = content;
  return counted;
}

/** Checks a change; the server's texts. */
export function validateUpdate(
  definition: ResourceDefinition,
  object: JsonObject,
  old: JsonObject,
  subresource: string,
): FieldCause[] {
  // The generic layer and every kind's own strategy both make this check, so causes come twice.
  const metadataUpdate = validateMetadataUpdate(object, old);
  const causes = [
    ...metadataUpdate,
    ...metadataUpdate,
    ...typeCauses(definition, object),
    ...metadataCauses(definition, object),
  ];
  if (definition.custom !== undefined) {
    return [...causes, ...definition.custom.schema.validate(object, old)];
  }
  const strategy = kindStrategy(definition);
  const before = strategy?.withSubresourceChanges?.(object, old, subresource) ?? old;
  return [...causes, ...(strategy?.validate?.(object, before) ?? [])];
}
