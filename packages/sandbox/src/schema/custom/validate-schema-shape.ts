import { RE2JS, RE2JSSyntaxException } from 're2js';
import {
  arrayMember,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  member,
  stringMember,
} from '../json/json-value.ts';
import { forbiddenCause, invalidCause, notSupportedCause, requiredCause } from '../model/field-cause.ts';
import type { StatusCause } from '../model/status-cause.ts';

type Place = 'root' | 'item' | 'field';

const TYPES = ['array', 'boolean', 'integer', 'number', 'object', 'string'];
const LIST_TYPES = ['atomic', 'set', 'map'];
const MAP_TYPES = ['granular', 'atomic'];

/** Problems of an `openAPIV3Schema`: what keeps it from being structural, and what no schema may hold. */
export function validateSchemaShape(schema: JsonObject, path: string): StatusCause[] {
  const causes: StatusCause[] = [];
  visit(schema, path, 'root', causes);
  return causes;
}

const FORBIDDEN: readonly (readonly [field: string, detail: string])[] = [
  ['additionalItems', 'additionalItems is not supported'],
  ['definitions', 'definitions is not supported'],
  ['dependencies', 'dependencies is not supported'],
  ['id', 'id is not supported'],
  ['patternProperties', 'patternProperties is not supported'],
  ['$ref', '$ref is not supported'],
];

const MAX_CAUSES = 100;

function visit(schema: JsonObject, path: string, place: Place, causes: StatusCause[]): void {
  if (causes.length >= MAX_CAUSES) return;
  causes.push(...formCauses(schema, path), ...typeCauses(schema, path, place), ...listCauses(schema, path));
  for (const junctor of ['allOf', 'anyOf', 'oneOf']) {
    for (const [index, part] of arrayMember(schema, junctor).entries()) {
      if (isJsonObject(part)) visitJunctor(part, `${path}.${junctor}[${index}]`, schema, path, causes);
    }
  }
  const not = member(schema, 'not');
  if (isJsonObject(not)) visitJunctor(not, `${path}.not`, schema, path, causes);
  const properties = member(schema, 'properties');
  for (const [name, property] of Object.entries(isJsonObject(properties) ? properties : {})) {
    if (isJsonObject(property)) visit(property, `${path}.properties[${name}]`, 'field', causes);
  }
  const additional = member(schema, 'additionalProperties');
  if (isJsonObject(additional)) visit(additional, `${path}.additionalProperties`, 'field', causes);
  const items = member(schema, 'items');
  if (isJsonObject(items)) visit(items, `${path}.items`, 'item', causes);
}

function formCauses(schema: JsonObject, path: string): StatusCause[] {
  const causes: StatusCause[] = [];
  for (const [field, detail] of FORBIDDEN) {
    if (Object.hasOwn(schema, field)) causes.push(forbiddenCause(`${path}.${field}`, detail));
  }
  if (member(schema, 'uniqueItems') === true) {
    const detail = 'uniqueItems cannot be set to true since the runtime complexity becomes quadratic';
    causes.push(forbiddenCause(`${path}.uniqueItems`, detail));
  }
  if (Object.hasOwn(schema, 'additionalProperties') && Object.hasOwn(schema, 'properties')) {
    const isFalse = member(schema, 'additionalProperties') === false;
    const detail = isFalse
      ? 'additionalProperties cannot be set to false'
      : 'additionalProperties and properties are mutual exclusive';
    causes.push(forbiddenCause(`${path}.additionalProperties`, detail));
  } else if (member(schema, 'additionalProperties') === false) {
    causes.push(forbiddenCause(`${path}.additionalProperties`, 'additionalProperties cannot be set to false'));
  }
  if (Array.isArray(member(schema, 'items'))) {
    causes.push(forbiddenCause(`${path}.items`, 'items must be a schema object and not an array'));
  }
  const type = stringMember(schema, 'type');
  if (type === 'null') {
    causes.push(forbiddenCause(`${path}.type`, 'type cannot be set to null, use nullable as an alternative'));
  } else if (type !== '' && !TYPES.includes(type)) {
    causes.push(notSupportedCause(`${path}.type`, type, TYPES));
  }
  const pattern = stringMember(schema, 'pattern');
  const broken = pattern === '' ? undefined : patternProblem(pattern);
  if (broken !== undefined) {
    causes.push(invalidCause(`${path}.pattern`, pattern, `must be a valid regular expression, but isn't: ${broken}`));
  }
  return causes;
}

function patternProblem(pattern: string): string | undefined {
  try {
    RE2JS.compile(pattern);
    return undefined;
  } catch (error) {
    if (error instanceof RE2JSSyntaxException) return error.message;
    throw error;
  }
}

function typeCauses(schema: JsonObject, path: string, place: Place): StatusCause[] {
  const causes: StatusCause[] = [];
  const type = stringMember(schema, 'type');
  const isFlag = (field: string) => member(schema, field) === true;
  const isFree = isFlag('x-kubernetes-int-or-string') || isFlag('x-kubernetes-preserve-unknown-fields');
  if (type === 'array' && !isJsonObject(member(schema, 'items')))
    causes.push(requiredCause(`${path}.items`, 'must be specified'));
  if (place === 'root' && Object.hasOwn(schema, 'additionalProperties')) {
    causes.push(forbiddenCause(`${path}.additionalProperties`, 'must not be used at the root'));
  }
  if (isFlag('x-kubernetes-embedded-resource') && type !== 'object') {
    const detail = 'must be object if x-kubernetes-embedded-resource is true';
    causes.push(type === '' ? requiredCause(`${path}.type`, detail) : invalidCause(`${path}.type`, type, detail));
  } else if (type === '' && !isFree) {
    causes.push(requiredCause(`${path}.type`, EMPTY_TYPE[place]));
  }
  if (place === 'root' && type !== '' && type !== 'object') {
    causes.push(invalidCause(`${path}.type`, type, 'must be object at the root'));
  }
  const isEmbedded = isFlag('x-kubernetes-embedded-resource') && !isFlag('x-kubernetes-preserve-unknown-fields');
  if (isEmbedded && !isJsonObject(member(schema, 'properties'))) {
    const detail =
      'must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields';
    causes.push(requiredCause(`${path}.properties`, detail));
  }
  if (isFlag('x-kubernetes-int-or-string') && type !== '') {
    causes.push(invalidCause(`${path}.type`, type, 'must be empty if x-kubernetes-int-or-string is true'));
  }
  if (member(schema, 'x-kubernetes-preserve-unknown-fields') === false) {
    causes.push(invalidCause(`${path}.x-kubernetes-preserve-unknown-fields`, false, 'must be true or undefined'));
  }
  return causes;
}

const EMPTY_TYPE: Readonly<Record<Place, string>> = {
  root: 'must not be empty at the root',
  item: 'must not be empty for specified array items',
  field: 'must not be empty for specified object fields',
};

function listCauses(schema: JsonObject, path: string): StatusCause[] {
  const causes: StatusCause[] = [];
  const listType = stringMember(schema, 'x-kubernetes-list-type');
  const mapType = stringMember(schema, 'x-kubernetes-map-type');
  const keys = arrayMember(schema, 'x-kubernetes-list-map-keys');
  const type = stringMember(schema, 'type');
  if (listType !== '' && type !== 'array') {
    causes.push(invalidCause(`${path}.type`, type, 'must be array if x-kubernetes-list-type is specified'));
  }
  if (listType !== '' && !LIST_TYPES.includes(listType)) {
    causes.push(notSupportedCause(`${path}.x-kubernetes-list-type`, listType, LIST_TYPES));
  }
  if (listType === 'map' && keys.length === 0) {
    const detail = 'must not be empty if x-kubernetes-list-type is map';
    causes.push(requiredCause(`${path}.x-kubernetes-list-map-keys`, detail));
  }
  if (keys.length > 0 && listType !== 'map') {
    const detail = 'must be map if x-kubernetes-list-map-keys is non-empty';
    const at = `${path}.x-kubernetes-list-type`;
    causes.push(listType === '' ? requiredCause(at, detail) : invalidCause(at, listType, detail));
  }
  if (mapType !== '' && type !== 'object') {
    causes.push(invalidCause(`${path}.type`, type, 'must be object if x-kubernetes-map-type is specified'));
  }
  if (mapType !== '' && !MAP_TYPES.includes(mapType)) {
    causes.push(notSupportedCause(`${path}.x-kubernetes-map-type`, mapType, MAP_TYPES));
  }
  if (listType === 'map') causes.push(...keyCauses(schema, keys, path));
  return causes;
}

function keyCauses(schema: JsonObject, keys: readonly JsonValue[], path: string): StatusCause[] {
  const items = member(schema, 'items');
  const itemType = stringMember(items, 'type');
  if (itemType !== 'object')
    return [
      invalidCause(`${path}.items.type`, itemType, "must be object if parent array's x-kubernetes-list-type is map"),
    ];
  const properties = member(items, 'properties');
  return keys.flatMap((key, index) => {
    if (typeof key !== 'string' || isJsonObject(member(properties, key))) return [];
    const detail = 'entries must all be names of item properties';
    return [invalidCause(`${path}.x-kubernetes-list-map-keys[${index}]`, key, detail)];
  });
}

const JUNCTOR_FORBIDDEN: readonly (readonly [field: string, detail: string])[] = [
  ['type', 'must be empty to be structural'],
  ['additionalProperties', 'must be undefined to be structural'],
  ['default', 'must be undefined to be structural'],
  ['title', 'must be empty to be structural'],
  ['description', 'must be empty to be structural'],
  ['nullable', 'must be false to be structural'],
  ['x-kubernetes-preserve-unknown-fields', 'must be false to be structural'],
  ['x-kubernetes-embedded-resource', 'must be false to be structural'],
  ['x-kubernetes-int-or-string', 'must be false to be structural'],
  ['x-kubernetes-list-map-keys', 'must be empty to be structural'],
  ['x-kubernetes-list-type', 'must be undefined to be structural'],
  ['x-kubernetes-map-type', 'must be undefined to be structural'],
];

/** Inside `allOf` and its kin only values may be judged, and only of fields that are declared outside. */
function visitJunctor(
  part: JsonObject,
  path: string,
  outside: JsonValue | undefined,
  outsidePath: string,
  causes: StatusCause[],
): void {
  if (causes.length >= MAX_CAUSES) return;
  const isIntOrString = member(outside, 'x-kubernetes-int-or-string') === true;
  for (const [field, detail] of JUNCTOR_FORBIDDEN) {
    const isAllowed = field === 'type' && isIntOrString;
    const value = member(part, field);
    const isSet = value !== undefined && value !== false && value !== '';
    if (isSet && !isAllowed) causes.push(forbiddenCause(`${path}.${field}`, detail));
  }
  const properties = member(part, 'properties');
  for (const [name, property] of Object.entries(isJsonObject(properties) ? properties : {})) {
    if (!isJsonObject(property)) continue;
    const declared = member(member(outside, 'properties'), name);
    const declaredPath = `${outsidePath}.properties[${name}]`;
    if (!isJsonObject(declared) && !isJsonObject(member(outside, 'additionalProperties'))) {
      causes.push(requiredCause(declaredPath, `because it is defined in ${path}.properties[${name}]`));
    }
    visitJunctor(property, `${path}.properties[${name}]`, declared, declaredPath, causes);
  }
  const items = member(part, 'items');
  if (isJsonObject(items)) {
    const declared = member(outside, 'items');
    if (!isJsonObject(declared))
      causes.push(requiredCause(`${outsidePath}.items`, `because it is defined in ${path}.items`));
    visitJunctor(items, `${path}.items`, declared, `${outsidePath}.items`, causes);
  }
  for (const junctor of ['allOf', 'anyOf', 'oneOf']) {
    for (const [index, inner] of arrayMember(part, junctor).entries()) {
      if (isJsonObject(inner)) visitJunctor(inner, `${path}.${junctor}[${index}]`, outside, outsidePath, causes);
    }
  }
  const not = member(part, 'not');
  if (isJsonObject(not)) visitJunctor(not, `${path}.not`, outside, outsidePath, causes);
}
