import { isJsonObject, type JsonValue, member } from '../json/json-value.ts';

/** One step of a JSONPath: a member, an index, a slice, every child, or the items with a member equal to a value. */
type Step =
  | { readonly kind: 'member'; readonly name: string }
  | { readonly kind: 'index'; readonly index: number }
  | { readonly kind: 'slice'; readonly from: number | undefined; readonly to: number | undefined }
  | { readonly kind: 'every' }
  | { readonly kind: 'filter'; readonly path: readonly Step[]; readonly operator: string; readonly value: JsonValue };

const MAX_LENGTH = 1024;
const MAX_RESULTS = 10_000;

/** Finds the values a path names. */
export type JsonPath = (value: JsonValue) => JsonValue[];

/**
 * Compiles the part of kubectl's JSONPath that printer columns use: `.a.b`, `['a.b']`, `.a\.b`, `[0]`, `[-1]`, `[1:3]`,
 * `[*]`, `[?(@.type=="Ready")]`. `undefined` for anything else.
 */
export function compileJsonPath(text: string): JsonPath | undefined {
  const trimmed = text.startsWith('{') && text.endsWith('}') ? text.slice(1, -1) : text;
  const steps =
    trimmed.length > MAX_LENGTH ? undefined : parseSteps(trimmed.startsWith('$') ? trimmed.slice(1) : trimmed);
  if (steps === undefined) return undefined;
  return (value) => steps.reduce<JsonValue[]>((found, step) => take(found, step), [value]);
}

function take(values: readonly JsonValue[], step: Step): JsonValue[] {
  const next: JsonValue[] = [];
  for (const value of values) {
    if (next.length > MAX_RESULTS) break;
    for (const item of follow(value, step)) next.push(item);
  }
  return next;
}

function follow(value: JsonValue, step: Step): readonly JsonValue[] {
  switch (step.kind) {
    case 'member': {
      const found = member(value, step.name);
      return found === undefined ? [] : [found];
    }
    case 'index': {
      const found = Array.isArray(value) ? value.at(step.index) : undefined;
      return found === undefined ? [] : [found];
    }
    case 'slice':
      return Array.isArray(value) ? value.slice(step.from, step.to) : [];
    case 'every':
      return Array.isArray(value) ? value : isJsonObject(value) ? Object.values(value) : [];
    case 'filter':
      return (Array.isArray(value) ? value : []).filter((item) => passes(item, step));
  }
}

function passes(item: JsonValue, step: Extract<Step, { kind: 'filter' }>): boolean {
  const [found] = step.path.reduce<JsonValue[]>((values, inner) => take(values, inner), [item]);
  if (step.operator === '') return found !== undefined;
  if (found === undefined) return false;
  switch (step.operator) {
    case '==':
      return found === step.value;
    case '!=':
      return found !== step.value;
    default:
      return typeof found === 'number' && typeof step.value === 'number' && compare(found, step.operator, step.value);
  }
}

function compare(left: number, operator: string, right: number): boolean {
  if (operator === '<') return left < right;
  if (operator === '<=') return left <= right;
  return operator === '>' ? left > right : left >= right;
}

function parseSteps(text: string): Step[] | undefined {
  const steps: Step[] = [];
  let position = 0;
  while (position < text.length) {
    if (text[position] === '.') {
      const name = readName(text, position + 1);
      if (name === undefined) return undefined;
      if (name.text !== '') steps.push(name.text === '*' ? { kind: 'every' } : { kind: 'member', name: name.text });
      position = name.end;
    } else if (text[position] === '[') {
      const end = closingBracket(text, position);
      const step = end === undefined ? undefined : parseBracket(text.slice(position + 1, end).trim());
      if (end === undefined || step === undefined) return undefined;
      steps.push(step);
      position = end + 1;
    } else {
      return undefined;
    }
  }
  return steps;
}

function readName(text: string, start: number): { text: string; end: number } | undefined {
  let name = '';
  let position = start;
  while (position < text.length && text[position] !== '.' && text[position] !== '[') {
    if (text[position] === '\\') position++;
    name += text[position] ?? '';
    position++;
  }
  return name === '' && text[position] !== '[' && position < text.length ? undefined : { text: name, end: position };
}

function closingBracket(text: string, start: number): number | undefined {
  let quote = '';
  for (let position = start + 1; position < text.length; position++) {
    const character = text[position] ?? '';
    if (quote !== '') {
      if (character === quote) quote = '';
    } else if (character === '"' || character === "'") {
      quote = character;
    } else if (character === ']') {
      return position;
    }
  }
  return undefined;
}

function parseBracket(text: string): Step | undefined {
  if (text === '*') return { kind: 'every' };
  if (/^-?\d{1,9}$/.test(text)) return { kind: 'index', index: Number(text) };
  const slice = /^(-?\d{1,9})?:(-?\d{1,9})?$/.exec(text);
  if (slice !== null) return { kind: 'slice', from: optionalNumber(slice[1]), to: optionalNumber(slice[2]) };
  const quoted = unquote(text);
  if (quoted !== undefined) return { kind: 'member', name: quoted };
  return text.startsWith('?(') && text.endsWith(')') ? parseFilter(text.slice(2, -1).trim()) : undefined;
}

function optionalNumber(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text);
}

function unquote(text: string): string | undefined {
  const quote = text.charAt(0);
  if ((quote !== '"' && quote !== "'") || text.length < 2 || text.at(-1) !== quote) return undefined;
  return text.slice(1, -1);
}

function parseFilter(text: string): Step | undefined {
  if (!text.startsWith('@')) return undefined;
  const found = /(==|!=|<=|>=|<|>)/.exec(text);
  const pathText = (found === null ? text.slice(1) : text.slice(1, found.index)).trim();
  const path = parseSteps(pathText);
  if (path === undefined) return undefined;
  if (found === null) return { kind: 'filter', path, operator: '', value: null };
  const value = parseValue(text.slice(found.index + found[0].length).trim());
  return value === undefined ? undefined : { kind: 'filter', path, operator: found[0], value };
}

function parseValue(text: string): JsonValue | undefined {
  const quoted = unquote(text);
  if (quoted !== undefined) return quoted;
  if (text === 'true' || text === 'false') return text === 'true';
  return /^-?\d{1,15}(\.\d{1,15})?$/.test(text) ? Number(text) : undefined;
}
