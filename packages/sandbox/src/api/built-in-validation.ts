import { validateDefinition } from '../schema/custom/validate-definition.ts';
import type { JsonObject } from '../store/json-value.ts';
import { equalJson, memberAt, numberAt, objectAt, objectsAt, stringAt, valueAtPath } from '../store/json-value.ts';
import { labelsOf, selectorFromObject } from '../store/label-selector.ts';
import { dnsLabelProblems } from '../store/label-syntax.ts';
import type { ResourceDefinition } from './resource-definition.ts';
import type { FieldCause } from './status-error.ts';
import { duplicateField, forbiddenField, invalidField, requiredField } from './status-error.ts';
import { webhookConfigurationCauses } from './webhook-validation.ts';

const TEMPLATED = new Set([
  'deployments.apps',
  'replicasets.apps',
  'statefulsets.apps',
  'daemonsets.apps',
  'jobs.batch',
]);
const SELECTED = new Set(['deployments.apps', 'replicasets.apps', 'statefulsets.apps', 'daemonsets.apps']);
const PORT_TEXT = 'must be between 1 and 65535, inclusive';

/**
 * The rules of built-in validation that people meet most: required members, names, ports, selectors that
 * match their template, members that cannot change. Texts of k8s.io/kubernetes/pkg/apis validation.
 */
export function validateBuiltIn(
  definition: ResourceDefinition,
  object: JsonObject,
  old: JsonObject | undefined,
): FieldCause[] {
  const spec = objectAt(object, 'spec');
  switch (definition.storage) {
    case 'pods':
      return old === undefined ? podSpecCauses(spec, 'spec') : podUpdateCauses(object, old);
    case 'services':
      return serviceCauses(spec);
    case 'configmaps':
    case 'secrets':
      return immutableDataCauses(object, old);
    case 'mutatingwebhookconfigurations.admissionregistration.k8s.io':
    case 'validatingwebhookconfigurations.admissionregistration.k8s.io':
      return webhookConfigurationCauses(object);
    case 'customresourcedefinitions.apiextensions.k8s.io':
      return [...validateDefinition(object, old)];
    default:
      return TEMPLATED.has(definition.storage) ? workloadCauses(definition.storage, spec, old) : [];
  }
}

function workloadCauses(storage: string, spec: JsonObject | undefined, old: JsonObject | undefined): FieldCause[] {
  const causes: FieldCause[] = [];
  const selector = objectAt(spec, 'selector');
  const template = objectAt(spec, 'template');
  const replicas = numberAt(spec, 'replicas');
  if (replicas !== undefined && replicas < 0) {
    causes.push(invalidField('spec.replicas', replicas, 'must be greater than or equal to 0'));
  }
  if (SELECTED.has(storage)) {
    if (selector === undefined) {
      causes.push(requiredField('spec.selector'));
    } else if (Object.keys(selector).length === 0) {
      causes.push(invalidField('spec.selector', selector, 'empty selector is invalid for deployment'));
    } else if (template !== undefined && !selectorFromObject(selector).matches(labelsOf(template))) {
      causes.push(
        invalidField(
          'spec.template.metadata.labels',
          labelsJson(template),
          '`selector` does not match template `labels`',
        ),
      );
    }
    const before = objectAt(objectAt(old, 'spec'), 'selector');
    if (old !== undefined && !equalJson(before, selector)) {
      causes.push(invalidField('spec.selector', selector ?? null, 'field is immutable'));
    }
  }
  return [...causes, ...podSpecCauses(objectAt(template, 'spec'), 'spec.template.spec')];
}

function labelsJson(template: JsonObject): JsonObject {
  return objectAt(objectAt(template, 'metadata'), 'labels') ?? {};
}

/** The checks of a pod spec at `path`. */
function podSpecCauses(spec: JsonObject | undefined, path: string): FieldCause[] {
  const causes: FieldCause[] = [];
  const volumes = new Set(objectsAt(spec, 'volumes').map((volume) => stringAt(volume, 'name')));
  const names = new Set<string>();
  if (objectsAt(spec, 'containers').length === 0) {
    causes.push(requiredField(`${path}.containers`));
  }
  for (const list of ['initContainers', 'containers']) {
    for (const [index, container] of objectsAt(spec, list).entries()) {
      causes.push(...containerCauses(container, `${path}.${list}[${index}]`, volumes, names));
    }
  }
  return causes;
}

function containerCauses(
  container: JsonObject,
  path: string,
  volumes: ReadonlySet<string>,
  names: Set<string>,
): FieldCause[] {
  const causes: FieldCause[] = [];
  const name = stringAt(container, 'name');
  if (name === '') {
    causes.push(requiredField(`${path}.name`));
  } else {
    causes.push(...dnsLabelProblems(name).map((problem) => invalidField(`${path}.name`, name, problem)));
    if (names.has(name)) {
      causes.push(duplicateField(`${path}.name`, name));
    }
    names.add(name);
  }
  if (stringAt(container, 'image') === '') {
    causes.push(requiredField(`${path}.image`));
  }
  for (const [index, port] of objectsAt(container, 'ports').entries()) {
    const number = numberAt(port, 'containerPort');
    if (number === undefined || number === 0) {
      causes.push(requiredField(`${path}.ports[${index}].containerPort`));
    } else if (number < 1 || number > 65_535) {
      causes.push(invalidField(`${path}.ports[${index}].containerPort`, number, PORT_TEXT));
    }
  }
  for (const [index, mount] of objectsAt(container, 'volumeMounts').entries()) {
    const volume = stringAt(mount, 'name');
    if (!volumes.has(volume)) {
      const field = `${path}.volumeMounts[${index}].name`;
      causes.push({ reason: 'FieldValueNotFound', field, message: `Not found: ${JSON.stringify(volume)}` });
    }
  }
  return causes;
}

const POD_UPDATE_TEXT =
  'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)';

function podUpdateCauses(pod: JsonObject, old: JsonObject): FieldCause[] {
  const same = equalJson(fixedPodSpec(pod), fixedPodSpec(old));
  return same ? [] : [forbiddenField('spec', POD_UPDATE_TEXT)];
}

/** The part of a pod spec that never changes after creation, except through its own subresources. */
function fixedPodSpec(pod: JsonObject): JsonObject {
  const spec = objectAt(pod, 'spec') ?? {};
  const fixed: JsonObject = { ...spec };
  for (const key of [
    'activeDeadlineSeconds',
    'tolerations',
    'terminationGracePeriodSeconds',
    'nodeName',
    'ephemeralContainers',
    'schedulingGates',
  ]) {
    delete fixed[key];
  }
  for (const key of ['containers', 'initContainers']) {
    fixed[key] = objectsAt(spec, key).map(({ image: _image, resources: _resources, ...container }) => container);
  }
  return fixed;
}

function serviceCauses(spec: JsonObject | undefined): FieldCause[] {
  const causes: FieldCause[] = [];
  const type = stringAt(spec, 'type');
  const ports = objectsAt(spec, 'ports');
  if (ports.length === 0 && type !== 'ExternalName' && stringAt(spec, 'clusterIP') !== 'None') {
    causes.push(requiredField('spec.ports'));
  }
  for (const [index, port] of ports.entries()) {
    const number = numberAt(port, 'port') ?? 0;
    if (number < 1 || number > 65_535) {
      causes.push(invalidField(`spec.ports[${index}].port`, number, PORT_TEXT));
    }
    if (ports.length > 1 && stringAt(port, 'name') === '') {
      causes.push(requiredField(`spec.ports[${index}].name`));
    }
  }
  if (type === 'ExternalName' && stringAt(spec, 'externalName') === '') {
    causes.push(requiredField('spec.externalName', 'must be specified when `type` is `ExternalName`'));
  }
  return causes;
}

function immutableDataCauses(object: JsonObject, old: JsonObject | undefined): FieldCause[] {
  if (old === undefined || memberAt(old, 'immutable') !== true) {
    return [];
  }
  const causes: FieldCause[] = [];
  if (memberAt(object, 'immutable') !== true) {
    causes.push(forbiddenField('immutable', 'field is immutable when `immutable` is set'));
  }
  for (const key of ['data', 'binaryData']) {
    if (!equalJson(valueAtPath(object, [key]), valueAtPath(old, [key]))) {
      causes.push(forbiddenField(key, 'field is immutable when `immutable` is set'));
    }
  }
  return causes;
}
