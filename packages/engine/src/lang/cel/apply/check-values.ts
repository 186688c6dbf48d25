import { isJsonArray, isJsonObject, type Json, type JsonArray, type JsonObject } from '../../../kernel/json.ts';
import { identifyElement } from './element-identity.ts';
import { type ListSchema, type MapSchema, memberSchema, type ObjectSchema, type ScalarKind } from './object-schema.ts';

const MOST_PROBLEMS = 100;

/** What is wrong with a value by its schema, as upstream words it: `.spec.zzz: field not declared in schema`. */
export function valueProblem(schema: ObjectSchema, value: Json): string | undefined {
  const problems: string[] = [];
  check(schema, value, '', problems);
  if (problems.length <= 1) return problems[0];
  return ['errors:', ...problems.map((problem) => `  ${problem}`)].join('\n');
}

function check(schema: ObjectSchema, value: Json, path: string, problems: string[]): void {
  if (problems.length >= MOST_PROBLEMS || value === null) return;
  const { map, list, scalar } = schema;
  if (isJsonObject(value) && map) checkMap(map, value, path, problems);
  else if (isJsonArray(value) && list) checkList(list, value, path, problems);
  else {
    const text = mismatch(value, map !== undefined, scalar);
    if (text !== undefined) problems.push(path === '' ? text : `${path}: ${text}`);
  }
}

function mismatch(value: Json, isMap: boolean, scalar: ScalarKind | undefined): string | undefined {
  const isScalar = typeof value !== 'object';
  if (isMap && !(isScalar && scalar !== undefined)) return `expected map, got &{${printGo(value)}}`;
  if (scalar === undefined) return `expected list, got &{${printGo(value)}}`;
  return scalarProblem(scalar, value);
}

function checkMap(map: MapSchema, value: JsonObject, path: string, problems: string[]): void {
  for (const [key, item] of Object.entries(value)) {
    const schema = memberSchema(map, key);
    if (!schema) {
      problems.push(`${path}.${key}: field not declared in schema`);
      return;
    }
    check(schema, item, `${path}.${key}`, problems);
  }
}

function checkList(list: ListSchema, value: JsonArray, path: string, problems: string[]): void {
  const seen = new Set<string>();
  for (const [index, item] of value.entries()) {
    let shown = `[${index}]`;
    if (!list.isAtomic) {
      const identity = identifyElement(list, item);
      if (identity.problem !== undefined) {
        problems.push(`${path}: element ${index}: ${identity.problem}`);
        return;
      }
      ({ shown } = identity);
      if (seen.has(identity.id)) problems.push(`${path}: duplicate entries for key ${shown}`);
      seen.add(identity.id);
    }
    check(list.element(), item, path + shown, problems);
  }
}

function scalarProblem(scalar: ScalarKind, value: Json): string | undefined {
  switch (scalar) {
    case 'numeric':
      return typeof value === 'number' ? undefined : `expected numeric (int or float), got ${goType(value)}`;
    case 'string':
      return typeof value === 'string'
        ? undefined
        : `expected string, got &value.valueUnstructured{Value:${printGo(value)}}`;
    case 'boolean':
      return typeof value === 'boolean' ? undefined : `expected boolean, got &{${printGo(value)}}`;
    default:
      return typeof value === 'object' ? `expected any scalar, got &{${printGo(value)}}` : undefined;
  }
}

function goType(value: Json): string {
  if (isJsonArray(value)) return '[]interface {}';
  if (typeof value === 'object') return 'map[string]interface {}';
  return typeof value === 'boolean' ? 'bool' : typeof value === 'number' ? 'int64' : 'string';
}

function printGo(value: Json): string {
  if (isJsonArray(value)) return `[${value.map(printGo).join(' ')}]`;
  if (!isJsonObject(value)) return value === null ? '<nil>' : String(value);
  const members = Object.keys(value).sort();
  return `map[${members.map((key) => `${key}:${printGo(value[key] ?? null)}`).join(' ')}]`;
}
