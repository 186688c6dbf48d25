import { isJsonObject, type JsonObject, type JsonValue } from '../json/json-value.ts';
import { type ListType, type MapType, type MergeType, memberType, type ScalarType } from './merge-type.ts';
import { itemElement, PathElementError, printElement } from './path-element.ts';

const MAX_PROBLEMS = 100;

/** A value that does not fit its schema: `.spec.zzz: field not declared in schema`. */
interface TypedProblem {
  readonly path: string;
  readonly text: string;
}

/** Checks a value against its merge type; the text of the server's error, or `undefined` when it fits. */
export function typedProblem(type: MergeType, value: JsonValue): string | undefined {
  const problems: TypedProblem[] = [];
  validate(type, value, '', problems);
  const texts = problems.map(({ path, text }) => (path === '' ? text : `${path}: ${text}`));
  if (texts.length <= 1) return texts[0];
  return ['errors:', ...texts.map((text) => `  ${text}`)].join('\n');
}

function validate(type: MergeType, value: JsonValue, path: string, problems: TypedProblem[]): void {
  if (problems.length >= MAX_PROBLEMS || value === null) return;
  if (isJsonObject(value) && type.map !== undefined) {
    validateMap(type.map, value, path, problems);
  } else if (Array.isArray(value) && type.list !== undefined) {
    validateList(type.list, value, path, problems);
  } else if (type.map !== undefined && !(typeof value !== 'object' && type.scalar !== undefined)) {
    problems.push({ path, text: `expected map, got &{${goPrint(value)}}` });
  } else if (type.scalar !== undefined) {
    const text = scalarProblem(type.scalar, value);
    if (text !== undefined) problems.push({ path, text });
  } else {
    problems.push({ path, text: `expected list, got &{${goPrint(value)}}` });
  }
}

function validateMap(map: MapType, value: JsonObject, path: string, problems: TypedProblem[]): void {
  for (const key of Object.keys(value)) {
    const type = memberType(map, key);
    if (type === undefined) {
      problems.push({ path: `${path}.${key}`, text: 'field not declared in schema' });
      return;
    }
    validate(type, value[key] ?? null, `${path}.${key}`, problems);
  }
}

function validateList(list: ListType, value: readonly JsonValue[], path: string, problems: TypedProblem[]): void {
  const seen = new Set<string>();
  for (const [index, item] of value.entries()) {
    let element = `i:${index}`;
    if (!list.isAtomic) {
      try {
        element = itemElement(list, item);
      } catch (error) {
        if (!(error instanceof PathElementError)) throw error;
        problems.push({ path, text: `element ${index}: ${error.message}` });
        return;
      }
      if (seen.has(element)) problems.push({ path, text: `duplicate entries for key ${printElement(element)}` });
      seen.add(element);
    }
    validate(list.element(), item, path + printElement(element), problems);
  }
}

function scalarProblem(scalar: ScalarType, value: JsonValue): string | undefined {
  switch (scalar) {
    case 'numeric':
      return typeof value === 'number' ? undefined : `expected numeric (int or float), got ${goTypeName(value)}`;
    case 'string':
      return typeof value === 'string'
        ? undefined
        : `expected string, got &value.valueUnstructured{Value:${goPrint(value)}}`;
    case 'boolean':
      return typeof value === 'boolean' ? undefined : `expected boolean, got &{${goPrint(value)}}`;
    default:
      return typeof value === 'object' ? `expected any scalar, got &{${goPrint(value)}}` : undefined;
  }
}

function goTypeName(value: JsonValue): string {
  if (Array.isArray(value)) return '[]interface {}';
  if (typeof value === 'object') return 'map[string]interface {}';
  return typeof value === 'boolean' ? 'bool' : typeof value === 'number' ? 'int64' : 'string';
}

function goPrint(value: JsonValue): string {
  if (Array.isArray(value)) return `[${value.map(goPrint).join(' ')}]`;
  if (!isJsonObject(value)) return value === null ? '<nil>' : String(value);
  return `map[${Object.keys(value)
    .sort()
    .map((key) => `${key}:${goPrint(value[key] ?? null)}`)
    .join(' ')}]`;
}
