import type { DiagnosticCode } from '../../kernel/diagnostics/codes.ts';
import { isJsonArray, isJsonObject, type Json, type JsonObject, member } from '../../kernel/json.ts';
import { appendDocumentPath } from '../../kernel/json-path.ts';
import { nearestField } from './nearest-field.ts';
import { type Holder, placeOfField } from './place-of-field.ts';
import { follow, type SchemaLink, type SchemaNode } from './policy-schema.ts';

export interface SchemaProblem {
  readonly code: DiagnosticCode;
  readonly path: string;
  readonly message: string;
  readonly hint?: string;
}

/** Most problems reported of one document: more tell nobody anything. */
const PROBLEMS = 100;

/**
 * Everything that a document has against its schema, in document order: unknown fields (with where they belong, or the nearest known one),
 * wrong types, values that are not allowed, missing fields. A null stands for an absent field, as the API server has it.
 */
export function checkSchema(document: JsonObject, schema: SchemaNode): readonly SchemaProblem[] {
  const problems: SchemaProblem[] = [];
  checkValue(document, schema, '', (problem) => {
    if (problems.length < PROBLEMS) problems.push(typeof problem === 'function' ? problem() : problem);
  });
  return problems;
}

/** A problem, or how to find its words: nobody looks for the place of the millionth unknown field. */
type Report = (problem: SchemaProblem | (() => SchemaProblem)) => void;

const TYPE_NAMES = {
  o: 'an object',
  l: 'a list',
  s: 'a string',
  b: 'a boolean',
  i: 'an integer',
  n: 'a number',
} as const;

function checkValue(value: Json, link: SchemaLink, path: string, report: Report, above?: Holder): void {
  const schema = follow(link);
  if (schema.t && !hasType(value, schema.t)) {
    report({ code: 'policy-wrong-type', path, message: `expected ${TYPE_NAMES[schema.t]}, found ${describe(value)}` });
    return;
  }
  if (isJsonArray(value)) {
    const { i } = schema;
    if (i !== undefined)
      for (const [index, item] of value.entries()) checkValue(item, i, appendDocumentPath(path, index), report, above);
  } else if (isJsonObject(value)) checkObject(value, { schema, path, above }, report);
  else checkScalar(value, schema, path, report);
}

function hasType(value: Json, type: NonNullable<SchemaNode['t']>): boolean {
  switch (type) {
    case 'o':
      return isJsonObject(value);
    case 'l':
      return isJsonArray(value);
    case 's':
      return typeof value === 'string';
    case 'b':
      return typeof value === 'boolean';
    case 'i':
      return Number.isInteger(value);
    case 'n':
      return typeof value === 'number';
  }
}

/** What was found, in the words of the types; texts are quoted, and cut. */
function describe(value: Json): string {
  if (value === null) return 'null';
  if (isJsonArray(value)) return 'a list';
  if (isJsonObject(value)) return 'an object';
  const text = String(value);
  return `the ${typeof value} \`${text.length > 60 ? `${text.slice(0, 60)}…` : text}\``;
}

function checkObject(object: JsonObject, holder: Holder, report: Report): void {
  const { schema, path } = holder;
  for (const [key, value] of Object.entries(object)) {
    const place = appendDocumentPath(path, key);
    const field = schema.p && Object.hasOwn(schema.p, key) ? schema.p[key] : schema.a;
    if (field === undefined) {
      if (schema.p && !schema.any) report(() => unknownField(key, holder, place));
    } else if (value !== null) checkValue(value, field, place, report, holder);
  }
  for (const key of schema.r ?? []) {
    if (isAbsent(object, key))
      report({ code: 'policy-missing-field', path, message: `the field \`${key}\` is required` });
  }
  checkAlternatives(object, schema, path, report);
}

function unknownField(key: string, holder: Holder, path: string): SchemaProblem {
  const problem = { code: 'policy-unknown-field', path, message: `unknown field \`${key}\`` } as const;
  const place = placeOfField(key, holder);
  if (place !== undefined) return { ...problem, hint: `${place} has a field of that name: mind the indentation` };
  const near = nearestField(key, Object.keys(holder.schema.p ?? {}));
  return near === undefined ? problem : { ...problem, hint: `did you mean \`${near}\`?` };
}

function isAbsent(object: JsonObject, key: string): boolean {
  const value = member(object, key);
  return value === undefined || value === null;
}

function checkAlternatives(object: JsonObject, { not, one }: SchemaNode, path: string, report: Report): void {
  if (not?.every((key) => !isAbsent(object, key))) {
    report({ code: 'policy-conflict', path, message: `${list(not)} can not be specified together` });
  }
  if (one && one.filter((key) => !isAbsent(object, key)).length !== 1) {
    report({ code: 'policy-conflict', path, message: `exactly one of ${list(one)} is required` });
  }
}

function list(keys: readonly string[]): string {
  return keys.map((key) => `\`${key}\``).join(', ');
}

function checkScalar(value: Json, schema: SchemaNode, path: string, report: Report): void {
  if (schema.e && typeof value === 'string' && !isAllowed(value, schema.e)) {
    const near = nearestField(value, schema.e);
    report({
      code: 'policy-invalid-value',
      path,
      message: `\`${value.slice(0, 100)}\` is not one of ${list(schema.e)}`,
      ...(near ? { hint: `did you mean \`${near}\`?` } : {}),
    });
  }
  if (typeof value === 'string' && schema.len !== undefined && value.length > schema.len) {
    report({ code: 'policy-invalid-value', path, message: `must be no more than ${schema.len} characters long` });
  }
  if (typeof value === 'number' && isOutside(value, schema)) {
    report({
      code: 'policy-invalid-value',
      path,
      message: `${value} is not between ${schema.min ?? '…'} and ${schema.max ?? '…'}`,
    });
  }
}

/** Failure actions are taken in either case wherever they are written; the CRD allows it at the policy only. */
function isAllowed(value: string, allowed: readonly string[]): boolean {
  if (allowed.includes(value)) return true;
  return allowed.includes('Enforce') && (value === 'enforce' || value === 'audit');
}

function isOutside(value: number, { min, max }: SchemaNode): boolean {
  return (min !== undefined && value < min) || (max !== undefined && value > max);
}
