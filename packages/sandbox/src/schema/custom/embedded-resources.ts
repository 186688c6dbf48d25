import { isJsonObject, type JsonObject, type JsonValue, member } from '../json/json-value.ts';
import { invalidCause, requiredCause } from '../model/field-cause.ts';
import type { StatusCause } from '../model/status-cause.ts';
import { dns1035LabelProblems } from '../validation/name-syntax.ts';
import type { StructuralSchema } from './structural-schema.ts';

/** Checks objects inside an object: each must name its version and kind. */
export function validateEmbeddedResources(schema: StructuralSchema, object: JsonObject): StatusCause[] {
  const causes: StatusCause[] = [];
  visit(schema, object, '', causes);
  return causes;
}

function visit(schema: StructuralSchema | undefined, value: JsonValue, path: string, causes: StatusCause[]): void {
  if (schema === undefined) return;
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) visit(schema.items, item, `${path}[${index}]`, causes);
  } else if (isJsonObject(value)) {
    if (schema.isEmbedded) validateEmbedded(value, path, causes);
    for (const key of Object.keys(value)) {
      const property = schema.properties.get(key);
      if (property !== undefined) visit(property, value[key] ?? null, path === '' ? key : `${path}.${key}`, causes);
      else if (schema.additional !== true) visit(schema.additional, value[key] ?? null, `${path}[${key}]`, causes);
    }
  }
}

function validateEmbedded(value: JsonObject, path: string, causes: StatusCause[]): void {
  const apiVersion = member(value, 'apiVersion');
  const kind = member(value, 'kind');
  if (apiVersion === undefined) causes.push(requiredCause(`${path}.apiVersion`));
  else if (typeof apiVersion !== 'string')
    causes.push(invalidCause(`${path}.apiVersion`, apiVersion, 'must be a string'));
  else if (apiVersion === '') causes.push(invalidCause(`${path}.apiVersion`, apiVersion, 'must not be empty'));
  else if (apiVersion.split('/').length > 2) {
    causes.push(invalidCause(`${path}.apiVersion`, apiVersion, `unexpected GroupVersion string: ${apiVersion}`));
  }
  if (kind === undefined) causes.push(requiredCause(`${path}.kind`));
  else if (typeof kind !== 'string') causes.push(invalidCause(`${path}.kind`, kind, 'must be a string'));
  else if (kind === '') causes.push(invalidCause(`${path}.kind`, kind, 'must not be empty'));
  else {
    const problems = dns1035LabelProblems(kind.toLowerCase());
    if (problems.length > 0) {
      const detail = `may have mixed case, but should otherwise match: ${problems.join(',')}`;
      causes.push(invalidCause(`${path}.kind`, kind, detail));
    }
  }
}
