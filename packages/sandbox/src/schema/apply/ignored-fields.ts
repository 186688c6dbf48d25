import { BUILTIN_RESOURCES } from '../builtin/resources.ts';
import type { GroupVersionKind } from '../model/group-version-kind.ts';
import { EMPTY_SET, type FieldSet, FieldSetBuilder } from './field-set.ts';
import { fieldElement } from './path-element.ts';

function setOf(...paths: readonly string[]): FieldSet {
  const builder = new FieldSetBuilder();
  for (const path of paths) builder.insert(path.split('.').map(fieldElement));
  return builder.build();
}

/** Fields nobody owns. */
export const STRIPPED_FIELDS: FieldSet = setOf(
  'apiVersion',
  'kind',
  'metadata',
  'metadata.name',
  'metadata.namespace',
  'metadata.creationTimestamp',
  'metadata.selfLink',
  'metadata.uid',
  'metadata.clusterName',
  'metadata.generation',
  'metadata.managedFields',
  'metadata.resourceVersion',
);

const STATUS = setOf('status');
const ALL_BUT_STATUS = setOf('spec', 'metadata');
const SPEC_AND_LABELS = setOf('spec', 'metadata.labels');

/** Fields a write to this endpoint cannot set, so it does not own them either. */
export function ignoredFields(gvk: GroupVersionKind, subresource: string, hasStatus: boolean | undefined): FieldSet {
  const builtin = BUILTIN_RESOURCES.find(
    (resource) => resource.group === gvk.group && resource.version === gvk.version && resource.kind === gvk.kind,
  );
  if (subresource === 'status') return builtin === undefined ? ALL_BUT_STATUS : SPEC_AND_LABELS;
  if (subresource !== '') return EMPTY_SET;
  const resets =
    builtin === undefined ? (hasStatus ?? true) : builtin.subresources.some(({ name }) => name === 'status');
  return resets ? STATUS : EMPTY_SET;
}
