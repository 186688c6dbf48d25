import {
  arrayMember,
  equalJson,
  isJsonObject,
  isWithinDepth,
  type JsonObject,
  type JsonValue,
  member,
  memberAt,
  stringMember,
} from '../json/json-value.ts';
import { invalidCause, notSupportedCause, requiredCause } from '../model/field-cause.ts';
import { SchemaError } from '../model/schema-error.ts';
import type { StatusCause } from '../model/status-cause.ts';
import { immutable } from '../validation/field-rules.ts';
import { validateObjectMeta } from '../validation/metadata.ts';
import { dns1035LabelProblems, dns1123SubdomainProblems } from '../validation/name-syntax.ts';
import { validateSchemaShape } from './validate-schema-shape.ts';

const COLUMN_TYPES = ['boolean', 'date', 'integer', 'number', 'string'];
const COLUMN_FORMATS = ['binary', 'bool', 'byte', 'date', 'date-time', 'double', 'float', 'int32', 'int64', 'password'];

/**
 * Problems of a CustomResourceDefinition, its metadata included: names, versions, and whether the schemas are structural.
 * The object must have its defaults. `old` is the stored definition on update.
 */
export function validateDefinition(definition: JsonObject, old?: JsonObject): readonly StatusCause[] {
  if (!isWithinDepth(definition)) throw new SchemaError('exceeded max depth');
  const spec = member(definition, 'spec');
  const required = `${stringMember(member(spec, 'names'), 'plural')}.${stringMember(spec, 'group')}`;
  const rule = (name: string) => [
    ...dns1123SubdomainProblems(name),
    ...(name === required ? [] : ['must be spec.names.plural+"."+spec.group']),
  ];
  return [
    ...validateObjectMeta(member(definition, 'metadata'), false, rule, 'metadata'),
    ...groupCauses(stringMember(spec, 'group')),
    ...scopeCauses(stringMember(spec, 'scope')),
    ...versionCauses(spec),
    ...nameCauses(member(spec, 'names')),
    ...approvalCauses(definition, stringMember(spec, 'group')),
    ...(old === undefined ? [] : changeCauses(definition, old)),
  ];
}

function groupCauses(group: string): StatusCause[] {
  if (group === '') return [requiredCause('spec.group')];
  const problems = dns1123SubdomainProblems(group);
  if (problems.length > 0) return [invalidCause('spec.group', group, problems.join(','))];
  return group.includes('.') ? [] : [invalidCause('spec.group', group, 'should be a domain with at least one dot')];
}

function scopeCauses(scope: string): StatusCause[] {
  if (scope === '') return [requiredCause('spec.scope')];
  return scope === 'Cluster' || scope === 'Namespaced'
    ? []
    : [notSupportedCause('spec.scope', scope, ['Cluster', 'Namespaced'])];
}

function versionCauses(spec: JsonValue | undefined): StatusCause[] {
  const versions = arrayMember(spec, 'versions').filter(isJsonObject);
  const causes: StatusCause[] = [];
  for (const [index, version] of versions.entries()) causes.push(...schemaGiven(version, index));
  for (const [index, version] of versions.entries()) causes.push(...oneVersion(version, index, versions));
  const names = versions.map((version) => stringMember(version, 'name'));
  if (new Set(names).size < names.length) {
    causes.push(invalidCause('spec.versions', versions, 'must contain unique version names'));
  }
  if (versions.filter((version) => member(version, 'storage') === true).length !== 1) {
    const detail = 'must have exactly one version marked as storage version';
    causes.push(invalidCause('spec.versions', versions, detail));
  }
  return causes;
}

function schemaGiven(version: JsonObject, index: number): StatusCause[] {
  if (isJsonObject(memberAt(version, 'schema', 'openAPIV3Schema'))) return [];
  return [requiredCause(`spec.versions[${index}].schema.openAPIV3Schema`)];
}

/** What all versions share is judged once, where an older form of the definition had it. */
function oneVersion(version: JsonObject, index: number, versions: readonly JsonObject[]): StatusCause[] {
  const causes: StatusCause[] = [];
  const name = stringMember(version, 'name');
  const problems = dns1035LabelProblems(name);
  if (problems.length > 0) causes.push(invalidCause(`spec.versions[${index}].name`, name, problems.join(',')));
  const isShared = (field: string) =>
    versions.every((other) => equalJson(member(other, field), member(version, field)));
  const schema = memberAt(version, 'schema', 'openAPIV3Schema');
  if (isJsonObject(schema) && (index === 0 || !isShared('schema'))) {
    const path = isShared('schema') ? 'spec.validation' : `spec.versions[${index}].schema`;
    causes.push(...validateSchemaShape(schema, `${path}.openAPIV3Schema`));
  }
  const columns = arrayMember(version, 'additionalPrinterColumns');
  if (index === 0 || !isShared('additionalPrinterColumns')) {
    const path = isShared('additionalPrinterColumns') ? 'spec' : `spec.versions[${index}]`;
    for (const [place, column] of columns.entries()) {
      causes.push(...columnCauses(column, `${path}.additionalPrinterColumns[${place}]`));
    }
  }
  return causes;
}

function columnCauses(column: JsonValue, path: string): StatusCause[] {
  const causes: StatusCause[] = [];
  const type = stringMember(column, 'type');
  const format = stringMember(column, 'format');
  const jsonPath = stringMember(column, 'jsonPath');
  if (stringMember(column, 'name') === '') causes.push(requiredCause(`${path}.name`));
  const types = `must be one of ${COLUMN_TYPES.join(',')}`;
  if (type === '') causes.push(requiredCause(`${path}.type`, types));
  else if (!COLUMN_TYPES.includes(type)) causes.push(invalidCause(`${path}.type`, type, types));
  if (format !== '' && !COLUMN_FORMATS.includes(format)) {
    causes.push(invalidCause(`${path}.format`, format, `must be one of ${COLUMN_FORMATS.join(',')}`));
  }
  if (jsonPath === '') causes.push(requiredCause(`${path}.JSONPath`));
  else if (!jsonPath.startsWith('.')) {
    causes.push(invalidCause(`${path}.JSONPath`, jsonPath, 'must be a simple json path starting with .'));
  }
  return causes;
}

function nameCauses(names: JsonValue | undefined): StatusCause[] {
  const causes: StatusCause[] = [];
  const text = (field: string) => stringMember(names, field);
  for (const field of ['plural', 'singular', 'kind', 'listKind']) {
    if (text(field) === '') causes.push(requiredCause(`spec.names.${field}`));
  }
  for (const field of ['plural', 'singular']) {
    if (text(field) !== '') causes.push(...labelCauses(`spec.names.${field}`, text(field)));
  }
  for (const field of ['kind', 'listKind']) {
    const problems = text(field) === '' ? [] : dns1035LabelProblems(text(field).toLowerCase());
    if (problems.length === 0) continue;
    const detail = `may have mixed case, but should otherwise match: ${problems.join(',')}`;
    causes.push(invalidCause(`spec.names.${field}`, text(field), detail));
  }
  for (const [index, name] of arrayMember(names, 'shortNames').entries()) {
    if (typeof name === 'string') causes.push(...labelCauses(`spec.names.shortNames[${index}]`, name));
  }
  if (text('kind') !== '' && text('kind') === text('listKind')) {
    causes.push(invalidCause('spec.names.listKind', text('listKind'), 'kind and listKind may not be the same'));
  }
  for (const [index, name] of arrayMember(names, 'categories').entries()) {
    if (typeof name === 'string') causes.push(...labelCauses(`spec.names.categories[${index}]`, name));
  }
  return causes;
}

function labelCauses(path: string, name: string): StatusCause[] {
  const problems = dns1035LabelProblems(name);
  return problems.length === 0 ? [] : [invalidCause(path, name, problems.join(','))];
}

/** Groups of the project itself need a sign that the API was reviewed. */
function approvalCauses(definition: JsonObject, group: string): StatusCause[] {
  const key = 'api-approved.kubernetes.io';
  const isProtected = group.endsWith('.k8s.io') || group.endsWith('.kubernetes.io') || group === 'k8s.io';
  const approval = stringMember(memberAt(definition, 'metadata', 'annotations'), key);
  if (!isProtected || approval !== '') return [];
  const detail =
    'protected groups must have approval annotation "api-approved.kubernetes.io", see https://github.com/kubernetes/enhancements/pull/1111';
  return [requiredCause(`metadata.annotations[${key}]`, detail)];
}

function changeCauses(definition: JsonObject, old: JsonObject): StatusCause[] {
  const at = (object: JsonObject, ...path: string[]) => memberAt(object, 'spec', ...path);
  const isEstablished = arrayMember(member(old, 'status'), 'conditions').some(
    (condition) => member(condition, 'type') === 'Established' && member(condition, 'status') === 'True',
  );
  const causes: StatusCause[] = [];
  if (isEstablished) {
    causes.push(...immutable('spec.scope', at(definition, 'scope'), at(old, 'scope')));
    causes.push(...immutable('spec.names.kind', at(definition, 'names', 'kind'), at(old, 'names', 'kind')));
  }
  causes.push(...immutable('spec.group', at(definition, 'group'), at(old, 'group')));
  causes.push(...immutable('spec.names.plural', at(definition, 'names', 'plural'), at(old, 'names', 'plural')));
  const versions = new Set(arrayMember(at(definition), 'versions').map((version) => stringMember(version, 'name')));
  for (const [index, stored] of arrayMember(member(definition, 'status'), 'storedVersions').entries()) {
    if (typeof stored === 'string' && !versions.has(stored)) {
      const detail = `missing from spec.versions; ${stored} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in ${stored} and removes ${stored} from status.storedVersions`;
      causes.push(invalidCause(`status.storedVersions[${index}]`, stored, detail));
    }
  }
  return causes;
}
