import { isJsonObject, type JsonValue } from '../json/json-value.ts';
import type { StatusCause } from './status-cause.ts';

/** A value that a message leaves out. */
const OMITTED = Symbol('omitted');
type BadValue = JsonValue | typeof OMITTED;

/** `Required value`, with a detail when there is one. */
export function requiredCause(field: string, detail = ''): StatusCause {
  return { reason: 'FieldValueRequired', message: withDetail('Required value', detail), field };
}

export function invalidCause(field: string, value: JsonValue, detail: string): StatusCause {
  return { reason: 'FieldValueInvalid', message: withDetail(withValue('Invalid value', value), detail), field };
}

export function typeInvalidCause(field: string, value: JsonValue, detail: string): StatusCause {
  return { reason: 'FieldValueTypeInvalid', message: withDetail(withValue('Invalid value', value), detail), field };
}

export function duplicateCause(field: string, value: JsonValue): StatusCause {
  return { reason: 'FieldValueDuplicate', message: withValue('Duplicate value', value), field };
}

export function notFoundCause(field: string, value: JsonValue): StatusCause {
  return { reason: 'FieldValueNotFound', message: withValue('Not found', value), field };
}

export function forbiddenCause(field: string, detail: string): StatusCause {
  return { reason: 'FieldValueForbidden', message: withDetail('Forbidden', detail), field };
}

export function notSupportedCause(field: string, value: JsonValue, supported: readonly string[]): StatusCause {
  const list = supported.map((item) => JSON.stringify(item)).join(', ');
  return {
    reason: 'FieldValueNotSupported',
    message: withDetail(withValue('Unsupported value', value), list === '' ? '' : `supported values: ${list}`),
    field,
  };
}

/** Too many bytes; the value itself is never shown. */
export function tooLongCause(field: string, limit: number): StatusCause {
  const detail = limit < 0 ? 'value is too long' : `may not be more than ${limit} ${limit === 1 ? 'byte' : 'bytes'}`;
  return { reason: 'FieldValueTooLong', message: withDetail('Too long', detail), field };
}

export function tooManyCause(field: string, count: number, limit: number): StatusCause {
  const detail = limit < 0 ? 'has too many items' : `must have at most ${limit} ${limit === 1 ? 'item' : 'items'}`;
  return {
    reason: 'FieldValueTooMany',
    message: withDetail(withValue('Too many', count < 0 ? OMITTED : count), detail),
    field,
  };
}

/** The message of a 422 `Status`: `Widget.example.com "a" is invalid: spec.size: Required value`; several in brackets. */
export function invalidMessage(kind: string, group: string, name: string, causes: readonly StatusCause[]): string {
  const texts = [...new Set(causes.map(({ field, message }) => `${field}: ${message}`))];
  const list = texts.length === 1 ? (texts[0] ?? '') : `[${texts.join(', ')}]`;
  return `${group === '' ? kind : `${kind}.${group}`} ${JSON.stringify(name)} is invalid: ${list}`;
}

function withValue(kind: string, value: BadValue): string {
  return value === OMITTED ? kind : `${kind}: ${printValue(value)}`;
}

function withDetail(text: string, detail: string): string {
  return detail === '' ? text : `${text}: ${detail}`;
}

/** Go's JSON: members in byte order, `<`, `>` and `&` escaped only inside objects and lists. */
function printValue(value: JsonValue): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value !== 'object' || value === null) return String(value);
  return JSON.stringify(sorted(value)).replace(/[<>&]/g, (character) => ESCAPES[character] ?? character);
}

const ESCAPES: Readonly<Record<string, string>> = { '<': '\\u003c', '>': '\\u003e', '&': '\\u0026' };

function sorted(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, sorted(value[key] ?? null)]),
  );
}
