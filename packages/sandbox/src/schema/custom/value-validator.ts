import { RE2JS, RE2JSSyntaxException } from 're2js';
import {
  arrayMember,
  canonicalJson,
  equalJson,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  member,
  stringMember,
} from '../json/json-value.ts';
import {
  invalidCause,
  notSupportedCause,
  requiredCause,
  tooLongCause,
  tooManyCause,
  typeInvalidCause,
} from '../model/field-cause.ts';
import type { StatusCause } from '../model/status-cause.ts';
import {
  attempt,
  checkAllOf,
  checkAnyOf,
  checkOneOf,
  type Findings,
  general,
  NO_FIELD,
  type ValueValidator,
} from './alternatives.ts';
import { formatCheck } from './formats.ts';

type Check = ValueValidator;

/** Runs a validator; problems that would be told twice are told once. */
export function runValidator(validator: ValueValidator, value: JsonValue, old: JsonValue | undefined): StatusCause[] {
  const findings: Findings = { causes: [], checks: 0 };
  validator(value, '', old, findings);
  const seen = new Set<string>();
  return findings.causes.filter(({ field, message }) => {
    const text = `${field}\n${message}`;
    if (seen.has(text)) return false;
    seen.add(text);
    return true;
  });
}

/** Compiles the value validations of an OpenAPI schema, with the API server's texts and order of checks. */
export function compileValidator(schema: JsonObject): ValueValidator {
  const types = typesOf(schema);
  const isNullable = member(schema, 'nullable') === true;
  const enumCheck = compileEnum(schema);
  const checks: Check[] = [
    compileType(schema, types),
    compileAlternatives(schema),
    compileString(schema),
    compileFormat(schema, types),
    compileNumber(schema),
    compileArray(schema),
    enumCheck,
    compileObject(schema),
  ].filter((check) => check !== undefined);
  return (value, path, old, findings) => {
    if (old !== undefined && equalJson(value, old)) return;
    if (value === null) {
      if (types.length > 0 && !isNullable) {
        findings.causes.push(typeProblem(path, types.join(','), 'null'));
      }
      enumCheck?.(value, path, old, findings);
      return;
    }
    for (const check of checks) {
      check(value, path, old, findings);
      findings.checks++;
    }
    findings.checks++;
  };
}

function typesOf(schema: JsonObject): readonly string[] {
  if (member(schema, 'x-kubernetes-int-or-string') === true) return ['integer', 'string'];
  const type = stringMember(schema, 'type');
  return type === '' ? [] : [type];
}

function fieldOf(path: string): string {
  return path === '' ? NO_FIELD : path.startsWith('.') ? path.slice(1) : path;
}

function typeName(value: JsonValue): string {
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return value === null ? 'null' : typeof value;
}

/** The format the server sees in a value. */
function formatName(value: JsonValue): string {
  if (typeof value !== 'number') return '';
  return Number.isInteger(value) ? 'int64' : 'float64';
}

function typeProblem(path: string, expected: string, found: string): StatusCause {
  return typeInvalidCause(
    fieldOf(path),
    found,
    `${path} in body must be of type ${expected}: ${JSON.stringify(found)}`,
  );
}

function compileType(schema: JsonObject, types: readonly string[]): Check | undefined {
  const format = activeFormat(schema, types);
  if (types.length === 0) return undefined;
  const isNumeric = types.includes('number') || types.includes('integer');
  return (value, path, _old, findings) => {
    const isText = typeof value === 'string' || Array.isArray(value);
    if (!isNumeric && format !== '' && isText) return;
    const found = typeName(value);
    const fits = types.includes(found) || (found === 'integer' && types.includes('number'));
    if (fits) findings.checks++;
    // With a format, values that are neither text nor list are told about formats instead of types.
    else if (format !== '' && !isText) findings.causes.push(typeProblem(path, format, formatName(value)));
    else findings.causes.push(typeProblem(path, types.join(','), found));
  };
}

/** The format that counts: one the server knows, on a type it belongs to. */
function activeFormat(schema: JsonObject, types: readonly string[]): string {
  const format = stringMember(schema, 'format');
  const [type] = types;
  if (types.length === 1 && type === 'integer') return format === 'int32' || format === 'int64' ? format : '';
  if (types.length === 1 && type === 'number') return format === 'float' || format === 'double' ? format : '';
  return formatCheck(format) === undefined ? '' : format;
}

function compileString(schema: JsonObject): Check | undefined {
  const maximum = numberMember(schema, 'maxLength');
  const minimum = numberMember(schema, 'minLength');
  const source = stringMember(schema, 'pattern');
  const pattern = source === '' ? undefined : compilePattern(source);
  if (maximum === undefined && minimum === undefined && pattern === undefined) return undefined;
  return (value, path, _old, findings) => {
    if (typeof value !== 'string') return;
    const length = maximum === undefined && minimum === undefined ? 0 : countCharacters(value);
    if (maximum !== undefined && length > maximum) {
      findings.causes.push(tooLongCause(fieldOf(path), maximum));
    } else if (minimum !== undefined && length < minimum) {
      findings.causes.push(
        invalidCause(fieldOf(path), value, `${path} in body should be at least ${minimum} chars long`),
      );
    } else if (pattern !== undefined && !pattern.matches(value)) {
      findings.causes.push(invalidCause(fieldOf(path), value, `${path} in body should match '${pattern.shown}'`));
    }
  };
}

function countCharacters(text: string): number {
  let count = 0;
  for (const _character of text) count++;
  return count;
}

/** A linear-time expression; one that does not compile matches nothing, as on the server. */
function compilePattern(source: string): { matches: (text: string) => boolean; shown: string } {
  try {
    const compiled = RE2JS.compile(source);
    return { matches: (text) => compiled.matcher(text).find(), shown: source };
  } catch (error) {
    if (!(error instanceof RE2JSSyntaxException)) throw error;
    return { matches: () => false, shown: `${source}, but pattern is invalid: ${error.message}` };
  }
}

function compileFormat(schema: JsonObject, types: readonly string[]): Check | undefined {
  const format = activeFormat(schema, types);
  const check = formatCheck(format);
  if (check === undefined) return undefined;
  return (value, path, _old, findings) => {
    if (typeof value !== 'string' || check(value)) return;
    findings.causes.push(
      typeInvalidCause(fieldOf(path), value, `${path} in body must be of type ${format}: ${JSON.stringify(value)}`),
    );
  };
}

function compileNumber(schema: JsonObject): Check | undefined {
  const isInteger = stringMember(schema, 'type') === 'integer' && member(schema, 'x-kubernetes-int-or-string') !== true;
  const format = isInteger ? activeFormat(schema, ['integer']) : '';
  const multiple = numberMember(schema, 'multipleOf');
  const maximum = numberMember(schema, 'maximum');
  const minimum = numberMember(schema, 'minimum');
  const isBelow = member(schema, 'exclusiveMaximum') === true;
  const isAbove = member(schema, 'exclusiveMinimum') === true;
  return (value, path, _old, findings) => {
    if (typeof value !== 'number') return;
    const fail = (detail: string) =>
      findings.causes.push(invalidCause(fieldOf(path), value, `${path} in body ${detail}`));
    const isOutside = format === 'int32' && (value > 2147483647 || value < -2147483648);
    if (isInteger && (isOutside || !Number.isInteger(value))) {
      const wanted = format === '' ? '(default format)' : `with format ${format}`;
      findings.causes.push(invalidCause(NO_FIELD, '', `Checked value must be of type integer ${wanted} in ${path}`));
    }
    if (multiple !== undefined && multiple > 0 && !Number.isInteger(value / multiple))
      fail(`should be a multiple of ${multiple}`);
    if (minimum !== undefined && (isAbove ? value <= minimum : value < minimum)) {
      fail(`should be greater than ${isAbove ? '' : 'or equal to '}${minimum}`);
    }
    if (maximum !== undefined && (isBelow ? value >= maximum : value > maximum)) {
      fail(`should be less than ${isBelow ? '' : 'or equal to '}${maximum}`);
    }
    findings.checks++;
  };
}

function compileEnum(schema: JsonObject): Check | undefined {
  const values = arrayMember(schema, 'enum');
  if (values.length === 0) return undefined;
  const allowed = new Set(values.map(canonicalJson));
  const shown = values.map((value) => (typeof value === 'string' ? value : JSON.stringify(value)));
  return (value, path, _old, findings) => {
    if (!allowed.has(canonicalJson(value))) findings.causes.push(notSupportedCause(fieldOf(path), value, shown));
  };
}

function compileArray(schema: JsonObject): Check | undefined {
  const items = member(schema, 'items');
  const validateItem = isJsonObject(items) ? compileValidator(items) : undefined;
  const minimum = numberMember(schema, 'minItems');
  const maximum = numberMember(schema, 'maxItems');
  const isUnique = member(schema, 'uniqueItems') === true;
  const keys =
    stringMember(schema, 'x-kubernetes-list-type') === 'map' ? arrayMember(schema, 'x-kubernetes-list-map-keys') : [];
  return (value, path, old, findings) => {
    if (!Array.isArray(value)) return;
    if (validateItem !== undefined) {
      const oldItems = keys.length > 0 ? itemsByKeys(keys, old) : undefined;
      for (const [index, item] of value.entries()) {
        validateItem(item, `${path}[${index}]`, oldItems?.get(itemKey(keys, item)), findings);
      }
    }
    if (minimum !== undefined && value.length < minimum) {
      const detail = `${path} in body should have at least ${minimum} items`;
      findings.causes.push(invalidCause(fieldOf(path), value.length, detail));
    }
    if (maximum !== undefined && value.length > maximum) {
      findings.causes.push(tooManyCause(fieldOf(path), value.length, maximum));
    }
    if (isUnique && new Set(value.map(canonicalJson)).size < value.length) {
      findings.causes.push(invalidCause(fieldOf(path), '', `${path} in body shouldn't contain duplicates`));
    }
    findings.checks++;
  };
}

function itemKey(keys: readonly JsonValue[], item: JsonValue): string {
  return canonicalJson(keys.map((key) => (typeof key === 'string' ? (member(item, key) ?? null) : null)));
}

function itemsByKeys(keys: readonly JsonValue[], old: JsonValue | undefined): ReadonlyMap<string, JsonValue> {
  return new Map((Array.isArray(old) ? old : []).map((item) => [itemKey(keys, item), item]));
}

function compileObject(schema: JsonObject): Check | undefined {
  const properties = compileProperties(member(schema, 'properties'));
  const additional = member(schema, 'additionalProperties');
  const validateAdditional = isJsonObject(additional) ? compileValidator(additional) : undefined;
  const required = arrayMember(schema, 'required').filter((name) => typeof name === 'string');
  const minimum = numberMember(schema, 'minProperties');
  const maximum = numberMember(schema, 'maxProperties');
  return (value, path, old, findings) => {
    if (!isJsonObject(value)) return;
    const keys = Object.keys(value);
    if (minimum !== undefined && keys.length < minimum) {
      const detail = `${path} in body should have at least ${minimum} properties`;
      findings.causes.push(invalidCause(fieldOf(path), keys.length, detail));
    }
    if (maximum !== undefined && keys.length > maximum) {
      findings.causes.push(tooManyCause(fieldOf(path), keys.length, maximum));
    }
    for (const key of keys) {
      if (properties.has(key)) continue;
      if (additional === false) {
        findings.causes.push(invalidCause(fieldOf(path), '', `${path}.${key} in body is a forbidden property`));
      } else {
        validateAdditional?.(value[key] ?? null, `${path}.${key}`, member(old, key), findings);
      }
    }
    for (const [name, validate] of properties) {
      const item = member(value, name);
      if (item !== undefined) validate(item, path === '' ? name : `${path}.${name}`, member(old, name), findings);
    }
    for (const name of required) {
      if (!Object.hasOwn(value, name)) findings.causes.push(requiredCause(fieldOf(`${path}.${name}`)));
    }
  };
}

function compileProperties(properties: JsonValue | undefined): ReadonlyMap<string, ValueValidator> {
  const compiled = new Map<string, ValueValidator>();
  for (const [name, property] of Object.entries(isJsonObject(properties) ? properties : {})) {
    if (isJsonObject(property)) compiled.set(name, compileValidator(property));
  }
  return compiled;
}

function compileAlternatives(schema: JsonObject): Check | undefined {
  const anyOf = compileList(schema, 'anyOf');
  const oneOf = compileList(schema, 'oneOf');
  const allOf = compileList(schema, 'allOf');
  const not = member(schema, 'not');
  const validateNot = isJsonObject(not) ? compileValidator(not) : undefined;
  if (anyOf.length + oneOf.length + allOf.length === 0 && validateNot === undefined) return undefined;
  return (value, path, old, findings) => {
    if (anyOf.length > 0) checkAnyOf(anyOf, value, path, old, findings);
    if (oneOf.length > 0) checkOneOf(oneOf, value, path, old, findings);
    if (allOf.length > 0) checkAllOf(allOf, value, path, old, findings);
    if (validateNot !== undefined && attempt(validateNot, value, path, old).causes.length === 0) {
      findings.causes.push(general(`${JSON.stringify(path)} must not validate the schema (not)`));
    }
    findings.checks++;
  };
}

function compileList(schema: JsonObject, field: string): ValueValidator[] {
  return arrayMember(schema, field).filter(isJsonObject).map(compileValidator);
}

function numberMember(schema: JsonObject, key: string): number | undefined {
  const value = member(schema, key);
  return typeof value === 'number' ? value : undefined;
}
