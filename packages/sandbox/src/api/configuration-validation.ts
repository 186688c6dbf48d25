import type { JsonObject } from '../store/json-value.ts';
import { listAt, memberAt, numberAt, objectAt, objectsAt, stringAt, stringsAt } from '../store/json-value.ts';
import type { FieldCause } from './status-error.ts';
import { duplicateField, invalidField, requiredField, unsupportedField } from './status-error.ts';

const REVIEW_VERSIONS = ['v1', 'v1beta1'];
const SIDE_EFFECTS = ['None', 'NoneOnDryRun'];
const LONGEST_TIMEOUT = 30;
const URL_FORM = 'desired format: https://host[:port]/path';

/** The checks of webhook configurations; texts of pkg/apis/admissionregistration/validation. */
export function webhookConfigurationCauses(object: JsonObject): FieldCause[] {
  const names = new Set<string>();
  return objectsAt(object, 'webhooks').flatMap((webhook, index) => {
    const path = `webhooks[${index}]`;
    const name = stringAt(webhook, 'name');
    const repeated = names.has(name) ? [duplicateField(`${path}.name`, name)] : [];
    names.add(name);
    return [
      ...repeated,
      ...nameCauses(name, `${path}.name`),
      ...versionCauses(webhook, path),
      ...sideEffectCauses(webhook, path),
      ...timeoutCauses(webhook, path),
      ...clientCauses(objectAt(webhook, 'clientConfig'), `${path}.clientConfig`),
      ...conditionCauses(webhook, path),
    ];
  });
}

function nameCauses(name: string, field: string): FieldCause[] {
  if (name === '') {
    return [requiredField(field)];
  }
  return name.split('.').length < 3
    ? [invalidField(field, name, 'should be a domain with at least three segments separated by dots')]
    : [];
}

function versionCauses(webhook: JsonObject, path: string): FieldCause[] {
  const field = `${path}.admissionReviewVersions`;
  const versions = stringsAt(webhook, 'admissionReviewVersions');
  if (versions.length === 0) {
    return [requiredField(field, `must specify one of ${REVIEW_VERSIONS.join(', ')}`)];
  }
  return versions.some((version) => REVIEW_VERSIONS.includes(version))
    ? []
    : [invalidField(field, versions, `must include at least one of ${REVIEW_VERSIONS.join(', ')}`)];
}

function sideEffectCauses(webhook: JsonObject, path: string): FieldCause[] {
  const sideEffects = stringAt(webhook, 'sideEffects');
  if (sideEffects === '') {
    return [requiredField(`${path}.sideEffects`, `must specify one of ${SIDE_EFFECTS.join(', ')}`)];
  }
  return SIDE_EFFECTS.includes(sideEffects) ? [] : [unsupportedField(`${path}.sideEffects`, sideEffects, SIDE_EFFECTS)];
}

function timeoutCauses(webhook: JsonObject, path: string): FieldCause[] {
  const seconds = numberAt(webhook, 'timeoutSeconds');
  return seconds !== undefined && (seconds < 1 || seconds > LONGEST_TIMEOUT)
    ? [
        invalidField(
          `${path}.timeoutSeconds`,
          seconds,
          `the timeout value must be between 1 and ${LONGEST_TIMEOUT} seconds`,
        ),
      ]
    : [];
}

function clientCauses(clientConfig: JsonObject | undefined, path: string): FieldCause[] {
  const url = memberAt(clientConfig, 'url');
  const service = objectAt(clientConfig, 'service');
  if ((typeof url === 'string') === (service !== undefined)) {
    return [requiredField(path, 'exactly one of url or service is required')];
  }
  if (typeof url === 'string') {
    return urlCauses(url, `${path}.url`);
  }
  return ['name', 'namespace']
    .filter((key) => stringAt(service, key) === '')
    .map((key) => requiredField(`${path}.service.${key}`, `service ${key} is required`));
}

function urlCauses(text: string, field: string): FieldCause[] {
  const url = URL.parse(text);
  if (url === null) {
    return [requiredField(field, `url must be a valid URL: ${URL_FORM}`)];
  }
  return url.protocol === 'https:'
    ? []
    : [invalidField(field, url.protocol.replace(/:$/, ''), `'https' is the only allowed URL scheme; ${URL_FORM}`)];
}

function conditionCauses(webhook: JsonObject, path: string): FieldCause[] {
  return objectsAt(webhook, 'matchConditions').flatMap((condition, index) =>
    ['name', 'expression']
      .filter((key) => stringAt(condition, key).trim() === '')
      .map((key) => requiredField(`${path}.matchConditions[${index}].${key}`)),
  );
}

/** The checks of custom resource definitions that people meet; texts of apiextensions validation. */
export function customResourceDefinitionCauses(crd: JsonObject, old: JsonObject | undefined): FieldCause[] {
  const spec = objectAt(crd, 'spec');
  const names = objectAt(spec, 'names');
  const plural = stringAt(names, 'plural');
  const group = stringAt(spec, 'group');
  const name = stringAt(objectAt(crd, 'metadata'), 'name');
  const causes: FieldCause[] = [];
  if (name !== `${plural}.${group}`) {
    causes.push(invalidField('metadata.name', name, 'must be spec.names.plural+"."+spec.group'));
  }
  for (const key of ['group', 'scope']) {
    if (stringAt(spec, key) === '') {
      causes.push(requiredField(`spec.${key}`));
    }
  }
  for (const key of ['plural', 'kind']) {
    if (stringAt(names, key) === '') {
      causes.push(requiredField(`spec.names.${key}`));
    }
  }
  const scope = stringAt(spec, 'scope');
  if (scope !== '' && scope !== 'Namespaced' && scope !== 'Cluster') {
    causes.push(unsupportedField('spec.scope', scope, ['Cluster', 'Namespaced']));
  }
  causes.push(...versionListCauses(spec), ...immutableCauses(spec, objectAt(old, 'spec')));
  return causes;
}

function versionListCauses(spec: JsonObject | undefined): FieldCause[] {
  const causes: FieldCause[] = [];
  const versions = objectsAt(spec, 'versions');
  const storage = versions.filter((version) => version['storage'] === true).length;
  if (storage !== 1) {
    causes.push(
      invalidField(
        'spec.versions',
        [...listAt(spec, 'versions')],
        'must have exactly one version marked as storage version',
      ),
    );
  }
  for (const [index, version] of versions.entries()) {
    if (objectAt(objectAt(version, 'schema'), 'openAPIV3Schema') === undefined) {
      causes.push(requiredField(`spec.versions[${index}].schema.openAPIV3Schema`, 'schemas are required'));
    }
  }
  return causes;
}

function immutableCauses(spec: JsonObject | undefined, before: JsonObject | undefined): FieldCause[] {
  if (before === undefined) {
    return [];
  }
  const causes: FieldCause[] = [];
  for (const key of ['group', 'scope']) {
    if (stringAt(spec, key) !== stringAt(before, key)) {
      causes.push(invalidField(`spec.${key}`, stringAt(spec, key), 'field is immutable'));
    }
  }
  for (const key of ['plural', 'kind']) {
    if (stringAt(objectAt(spec, 'names'), key) !== stringAt(objectAt(before, 'names'), key)) {
      causes.push(invalidField(`spec.names.${key}`, stringAt(objectAt(spec, 'names'), key), 'field is immutable'));
    }
  }
  return causes;
}
