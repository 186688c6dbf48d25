import { validateDefinition } from '../schema/custom/validate-definition.ts';
import { validateBuiltin } from '../schema/validation/validate-builtin.ts';
import type { JsonObject } from '../store/json-value.ts';
import type { ResourceDefinition } from './resource-definition.ts';
import type { FieldCause } from './status-error.ts';
import { webhookConfigurationCauses } from './webhook-validation.ts';

/** What the API server has against an object of a built-in kind, beyond its metadata and its schema. */
export function validateBuiltIn(
  definition: ResourceDefinition,
  object: JsonObject,
  old: JsonObject | undefined,
): readonly FieldCause[] {
  switch (definition.storage) {
    case 'mutatingwebhookconfigurations.admissionregistration.k8s.io':
    case 'validatingwebhookconfigurations.admissionregistration.k8s.io':
      return webhookConfigurationCauses(object);
    case 'customresourcedefinitions.apiextensions.k8s.io':
      return validateDefinition(object, old);
    default:
      return validateBuiltin(definition, object, old);
  }
}
