import type { SourceMap } from '@vouchsafe/engine';
import { isJsonArray, isJsonObject, type Json, type JsonObject } from '@vouchsafe/engine/kernel';

/**
 * The shape of a file of the command line. `map` is an object of anything, `any` is not looked at; an object lists its
 * fields. Upstream decodes these files strictly, names in any case.
 */
export type Shape =
  | 'text'
  | 'flag'
  | 'number'
  | 'map'
  | 'any'
  | { readonly list: Shape }
  | { readonly fields: Readonly<Record<string, Shape>> };

/** The value with its names as the shape spells them, and what does not fit: `unknown field "x.y"` and wrong types. */
export function checkShape(
  value: Json,
  shape: Shape,
  path = '',
): { readonly value: Json; readonly problems: readonly string[] } {
  const problems: string[] = [];
  const fitted = fit(value, shape, path, problems);
  return { value: fitted, problems };
}

/** The problems with the places of the fields that they name. */
export function placeProblems(problems: readonly string[], path: string, sources: SourceMap): readonly string[] {
  return problems.map((problem) => {
    const [, field = ''] = /"([^"]*)"/.exec(problem) ?? [];
    const range = sources(field);
    return range ? `${problem} (${path}:${range.line}:${range.column})` : problem;
  });
}

function fit(value: Json, shape: Shape, path: string, problems: string[]): Json {
  if (shape === 'any' || value === null) return value;
  if (typeof shape === 'object') {
    if ('list' in shape) return fitList(value, shape.list, path, problems);
    return fitFields(value, shape.fields, path, problems);
  }
  if (!isOfType(value, shape)) problems.push(`wrong type of "${path}": expected ${TYPE_NAMES[shape]}`);
  return value;
}

const TYPE_NAMES = { text: 'a string', flag: 'true or false', number: 'a number', map: 'an object' } as const;

function isOfType(value: Json, type: 'text' | 'flag' | 'number' | 'map'): boolean {
  if (type === 'text') return typeof value === 'string';
  if (type === 'flag') return typeof value === 'boolean';
  return type === 'number' ? typeof value === 'number' : isJsonObject(value);
}

function fitList(value: Json, item: Shape, path: string, problems: string[]): Json {
  if (isJsonArray(value)) return value.map((entry, index) => fit(entry, item, `${path}[${index}]`, problems));
  problems.push(`wrong type of "${path}": expected a list`);
  return value;
}

function fitFields(value: Json, fields: Readonly<Record<string, Shape>>, path: string, problems: string[]): Json {
  if (!isJsonObject(value)) {
    problems.push(`wrong type of "${path}": expected an object`);
    return value;
  }
  const fitted: Record<string, Json> = {};
  for (const [written, item] of Object.entries(value)) {
    const name = nameOf(written, fields);
    const at = path === '' ? written : `${path}.${written}`;
    const shape = name === undefined ? undefined : fields[name];
    if (name === undefined || shape === undefined) problems.push(`unknown field "${at}"`);
    else fitted[name] = fit(item, shape, at, problems);
  }
  return fitted as JsonObject;
}

function nameOf(written: string, fields: Readonly<Record<string, Shape>>): string | undefined {
  if (Object.hasOwn(fields, written)) return written;
  const lower = written.toLowerCase();
  return Object.keys(fields).find((name) => name.toLowerCase() === lower);
}

export const METADATA: Shape = {
  fields: {
    name: 'text',
    generateName: 'text',
    namespace: 'text',
    labels: 'map',
    annotations: 'map',
    creationTimestamp: 'any',
    deletionTimestamp: 'any',
    finalizers: 'any',
    generation: 'any',
    managedFields: 'any',
    ownerReferences: 'any',
    resourceVersion: 'text',
    selfLink: 'text',
    uid: 'text',
  },
};
