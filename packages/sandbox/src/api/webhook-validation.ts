import type { JsonObject } from '../store/json-value.ts';
import { memberAt, numberAt, objectAt, objectsAt, stringAt, stringsAt } from '../store/json-value.ts';
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
