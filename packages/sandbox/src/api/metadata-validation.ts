import type { JsonObject } from '../store/json-value.ts';
import { equalJson, memberAt, objectAt, objectsAt, stringAt } from '../store/json-value.ts';
import {
  dns1035Problems,
  dnsLabelProblems,
  labelValueProblems,
  pathSegmentProblems,
  qualifiedNameProblems,
  subdomainProblems,
} from '../store/label-syntax.ts';
import { finalizersOf, metadataOf } from './object-metadata.ts';
import type { ResourceDefinition } from './resource-definition.ts';
import type { FieldCause } from './status-error.ts';
import { forbiddenField, invalidField, requiredField } from './status-error.ts';

const ANNOTATIONS_LIMIT = 256 * 1024;
const STANDARD_FINALIZERS = new Set(['kubernetes', 'foregroundDeletion', 'orphan']);
const DNS_LABEL_KINDS = new Set(['namespaces']);
const PATH_SEGMENT_GROUPS = new Set(['rbac.authorization.k8s.io']);

/** Checks metadata of a new or changed object (apimachinery `ValidateObjectMeta`). */
export function validateMetadata(definition: ResourceDefinition, object: JsonObject): FieldCause[] {
  const metadata = metadataOf(object);
  const causes: FieldCause[] = [];
  const generateName = stringAt(metadata, 'generateName');
  const name = stringAt(metadata, 'name');
  if (generateName !== '') {
    for (const problem of nameProblems(definition, `${generateName.replace(/-+$/, '')}x`)) {
      causes.push(invalidField('metadata.generateName', generateName, problem));
    }
  }
  if (name === '') {
    causes.push(requiredField('metadata.name', 'name or generateName is required'));
  } else {
    for (const problem of nameProblems(definition, name)) {
      causes.push(invalidField('metadata.name', name, problem));
    }
  }
  causes.push(...labelCauses(objectAt(metadata, 'labels'), 'metadata.labels'));
  causes.push(...annotationCauses(objectAt(metadata, 'annotations')));
  causes.push(...ownerCauses(objectsAt(metadata, 'ownerReferences')));
  causes.push(...finalizerCauses(finalizersOf(object)));
  return causes;
}

function nameProblems(definition: ResourceDefinition, name: string): string[] {
  if (PATH_SEGMENT_GROUPS.has(definition.group)) {
    return pathSegmentProblems(name);
  }
  if (definition.group === '' && DNS_LABEL_KINDS.has(definition.plural)) {
    return dnsLabelProblems(name);
  }
  if (definition.group === '' && definition.plural === 'services') {
    return dns1035Problems(name);
  }
  return subdomainProblems(name);
}

/** Label keys and values at `field`. */
export function labelCauses(labels: JsonObject | undefined, field: string): FieldCause[] {
  const causes: FieldCause[] = [];
  for (const [key, value] of Object.entries(labels ?? {})) {
    causes.push(...qualifiedNameProblems(key).map((problem) => invalidField(field, key, problem)));
    if (typeof value === 'string') {
      causes.push(...labelValueProblems(value).map((problem) => invalidField(field, value, problem)));
    }
  }
  return causes;
}

function annotationCauses(annotations: JsonObject | undefined): FieldCause[] {
  const causes: FieldCause[] = [];
  let size = 0;
  for (const [key, value] of Object.entries(annotations ?? {})) {
    for (const problem of qualifiedNameProblems(key.toLowerCase())) {
      causes.push(invalidField('metadata.annotations', key, problem));
    }
    size += key.length + (typeof value === 'string' ? value.length : 0);
  }
  if (size > ANNOTATIONS_LIMIT) {
    causes.push({
      reason: 'FieldValueTooLong',
      field: 'metadata.annotations',
      message: `Too long: may not be more than ${ANNOTATIONS_LIMIT} bytes`,
    });
  }
  return causes;
}

function ownerCauses(owners: readonly JsonObject[]): FieldCause[] {
  const causes: FieldCause[] = [];
  let controllers = 0;
  for (const [index, owner] of owners.entries()) {
    for (const key of ['apiVersion', 'kind', 'name', 'uid']) {
      if (stringAt(owner, key) === '') {
        causes.push(invalidField(`metadata.ownerReferences[${index}].${key}`, '', `${key} must not be empty`));
      }
    }
    controllers += memberAt(owner, 'controller') === true ? 1 : 0;
  }
  if (controllers > 1) {
    causes.push(
      invalidField('metadata.ownerReferences', [...owners], 'Only one reference can have Controller set to true'),
    );
  }
  return causes;
}

function finalizerCauses(finalizers: readonly string[]): FieldCause[] {
  const causes: FieldCause[] = [];
  for (const finalizer of finalizers) {
    for (const problem of qualifiedNameProblems(finalizer)) {
      causes.push(invalidField('metadata.finalizers', finalizer, problem));
    }
    if (!finalizer.includes('/') && !STANDARD_FINALIZERS.has(finalizer)) {
      causes.push(
        invalidField(
          'metadata.finalizers',
          finalizer,
          'name is neither a standard finalizer name nor is it fully qualified',
        ),
      );
    }
  }
  if (finalizers.includes('foregroundDeletion') && finalizers.includes('orphan')) {
    causes.push(
      invalidField(
        'metadata.finalizers',
        [...finalizers],
        'finalizer foregroundDeletion and finalizer orphan cannot be both set',
      ),
    );
  }
  return causes;
}

/** Checks of a change (apimachinery `ValidateObjectMetaUpdate`). */
export function validateMetadataUpdate(object: JsonObject, old: JsonObject): FieldCause[] {
  const causes: FieldCause[] = [];
  const metadata = metadataOf(object);
  const before = metadataOf(old);
  if (stringAt(before, 'deletionTimestamp') !== '') {
    const known = new Set(finalizersOf(old));
    const added = finalizersOf(object).filter((finalizer) => !known.has(finalizer));
    if (added.length > 0) {
      const list = added.map((finalizer) => JSON.stringify(finalizer)).join(', ');
      causes.push(
        forbiddenField(
          'metadata.finalizers',
          `no new finalizers can be added if the object is being deleted, found new finalizers []string{${list}}`,
        ),
      );
    }
  }
  for (const key of ['name', 'namespace', 'uid', 'creationTimestamp']) {
    if (!equalJson(memberAt(metadata, key), memberAt(before, key))) {
      causes.push(invalidField(`metadata.${key}`, memberAt(metadata, key) ?? '', 'field is immutable'));
    }
  }
  return causes;
}
