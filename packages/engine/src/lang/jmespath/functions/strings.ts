import type { EvaluationError } from '../../../kernel/evaluation-error.ts';
import type { Json } from '../../../kernel/json.ts';
import { TEXT_LIMIT, TEXT_TOO_LONG } from '../go-value.ts';
import { compareText } from '../text-order.ts';
import { definePure, type FunctionDefinition, parameter } from './definition.ts';
import { functionError } from './function-error.ts';

/** Functions on strings. Bodies rely on the checked parameter types. */
export const STRING_FUNCTIONS: readonly FunctionDefinition[] = [
  definePure({
    name: 'starts_with',
    parameters: [parameter('subject', 'string'), parameter('prefix', 'string')],
    returns: 'boolean',
    summary: 'whether a string begins with another',
    example: { expression: "starts_with('kube-system', 'kube-')", result: true },
    call: ([subject, prefix]) => (subject as string).startsWith(prefix as string),
  }),
  definePure({
    name: 'ends_with',
    parameters: [parameter('subject', 'string'), parameter('suffix', 'string')],
    returns: 'boolean',
    summary: 'whether a string ends with another',
    example: { expression: "ends_with('kube-system', '-system')", result: true },
    call: ([subject, suffix]) => (subject as string).endsWith(suffix as string),
  }),
  definePure({
    name: 'join',
    parameters: [parameter('separator', 'string'), parameter('values', 'array[string]')],
    returns: 'string',
    summary: 'the members of a list of strings with a separator between them',
    example: { expression: 'join(\', \', `["a", "b"]`)', result: 'a, b' },
    call: ([separator, values]) => join(separator as string, values as readonly string[]),
  }),
  definePure({
    name: 'split',
    parameters: [parameter('value', 'string'), parameter('separator', 'string')],
    returns: 'array[string]',
    summary: 'the parts of a string between separators; its characters when the separator is empty',
    example: { expression: "split('a,b', ',')", result: ['a', 'b'] },
    call: ([value, separator], context) => {
      const text = value as string;
      const parts = separator === '' ? [...text] : text.split(separator as string);
      return context.spend(parts.length) ?? parts;
    },
  }),
  definePure({
    name: 'compare',
    parameters: [parameter('a', 'string'), parameter('b', 'string')],
    returns: 'number',
    summary: 'order of two strings: -1, 0 or 1',
    example: { expression: "compare('a', 'b')", result: -1 },
    call: ([a, b]) => Math.sign(compareText(a as string, b as string)),
  }),
  definePure({
    name: 'equal_fold',
    parameters: [parameter('a', 'string'), parameter('b', 'string')],
    returns: 'boolean',
    summary: 'whether two strings are equal when case is ignored',
    example: { expression: "equal_fold('Go', 'GO')", result: true },
    call: ([a, b]) => foldCase(a as string) === foldCase(b as string),
  }),
  definePure({
    name: 'replace',
    parameters: [
      parameter('value', 'string'),
      parameter('old', 'string'),
      parameter('new', 'string'),
      parameter('count', 'number'),
    ],
    returns: 'string',
    summary: 'a string with the first so many occurrences of a text replaced; all when the count is negative',
    example: { expression: "replace('a-a-a', 'a', 'b', `2`)", result: 'b-b-a' },
    call: ([value, old, replacement, count]) =>
      replaceCount(value as string, old as string, replacement as string, Math.trunc(count as number)),
  }),
  definePure({
    name: 'replace_all',
    parameters: [parameter('value', 'string'), parameter('old', 'string'), parameter('new', 'string')],
    returns: 'string',
    summary: 'a string with all occurrences of a text replaced',
    example: { expression: "replace_all('a-a', 'a', 'b')", result: 'b-b' },
    call: ([value, old, replacement]) => replaceCount(value as string, old as string, replacement as string, -1),
  }),
  definePure({
    name: 'to_upper',
    parameters: [parameter('value', 'string')],
    returns: 'string',
    summary: 'a string in upper case',
    example: { expression: "to_upper('abc')", result: 'ABC' },
    call: ([value]) => (value as string).toUpperCase(),
  }),
  definePure({
    name: 'to_lower',
    parameters: [parameter('value', 'string')],
    returns: 'string',
    summary: 'a string in lower case',
    example: { expression: "to_lower('ABC')", result: 'abc' },
    call: ([value]) => (value as string).toLowerCase(),
  }),
  definePure({
    name: 'trim',
    parameters: [parameter('value', 'string'), parameter('cutset', 'string')],
    returns: 'string',
    summary: 'a string without the leading and trailing characters that are in a set',
    example: { expression: "trim('¡¡Hello!!', '!¡')", result: 'Hello' },
    call: ([value, cutset]) => trim(value as string, cutset as string),
  }),
  definePure({
    name: 'trim_prefix',
    parameters: [parameter('value', 'string'), parameter('prefix', 'string')],
    returns: 'string',
    summary: 'a string without a prefix, when it has it',
    example: { expression: "trim_prefix('v1.2', 'v')", result: '1.2' },
    call: ([value, prefix]) => {
      const text = value as string;
      return text.startsWith(prefix as string) ? text.slice((prefix as string).length) : text;
    },
  }),
  definePure({
    name: 'truncate',
    parameters: [parameter('value', 'string'), parameter('length', 'number')],
    returns: 'string',
    summary: 'the first so many characters of a string',
    example: { expression: "truncate('Lorem ipsum', `5`)", result: 'Lorem' },
    call: ([value, length]) => [...(value as string)].slice(0, Math.max(0, Math.trunc(length as number))).join(''),
  }),
  definePure({
    name: 'to_boolean',
    parameters: [parameter('value', 'string')],
    returns: 'boolean',
    summary: 'true or false from its name in any case; anything else fails',
    example: { expression: "to_boolean('True')", result: true },
    call: ([value]) => toBoolean(value as string),
  }),
  definePure({
    name: 'path_canonicalize',
    parameters: [parameter('path', 'string')],
    returns: 'string',
    summary: 'the shortest spelling of a file path: without `.`, `..` and doubled slashes',
    example: { expression: "path_canonicalize('/var//lib/../run')", result: '/var/run' },
    call: ([path]) => canonicalPath(path as string),
  }),
];

function join(separator: string, values: readonly string[]): string | EvaluationError {
  let length = separator.length * Math.max(0, values.length - 1);
  for (const value of values) length += value.length;
  return length > TEXT_LIMIT ? TEXT_TOO_LONG : values.join(separator);
}

/** Simple case folding, close to Go's: the upper case of a character stands for both, if it is one character. */
function foldCase(text: string): string {
  let folded = '';
  for (const char of text) {
    const upper = char.toUpperCase();
    const lower = (upper.length === char.length ? upper : char).toLowerCase();
    folded += lower.length === char.length ? lower : char;
  }
  return folded;
}

/** Go's `strings.Replace`: an empty `old` matches before every character and at the end; a negative count is all. */
function replaceCount(text: string, old: string, replacement: string, count: number): string | EvaluationError {
  if (count === 0 || old === replacement) return text;
  const pieces = old === '' ? ['', ...text] : text.split(old);
  const matches = old === '' ? pieces.length : pieces.length - 1;
  const limit = count < 0 ? matches : Math.min(count, matches);
  if (text.length + limit * Math.max(0, replacement.length - old.length) > TEXT_LIMIT) return TEXT_TOO_LONG;
  if (old === '') return replaceBetween([...text], replacement, limit);
  const parts: string[] = [pieces[0] ?? ''];
  for (let index = 1; index < pieces.length; index++)
    parts.push(index <= limit ? replacement : old, pieces[index] ?? '');
  return parts.join('');
}

function replaceBetween(characters: readonly string[], replacement: string, limit: number): string {
  const parts: string[] = [];
  characters.forEach((character, index) => {
    if (index < limit) parts.push(replacement);
    parts.push(character);
  });
  if (characters.length < limit) parts.push(replacement);
  return parts.join('');
}

function trim(text: string, cutset: string): string {
  const cut = new Set(cutset);
  const characters = [...text];
  let start = 0;
  let end = characters.length;
  while (start < end && cut.has(characters[start] ?? '')) start++;
  while (end > start && cut.has(characters[end - 1] ?? '')) end--;
  return characters.slice(start, end).join('');
}

function toBoolean(text: string): Json | EvaluationError {
  const lower = text.toLowerCase();
  if (lower === 'true' || lower === 'false') return lower === 'true';
  return functionError('to_boolean', `lowercase argument must be 'true' or 'false' (provided: '${text}')`);
}

/** Go's `filepath.Join` of one element: empty stays empty, else `filepath.Clean`. */
function canonicalPath(path: string): string {
  if (path === '') return '';
  const rooted = path.startsWith('/');
  const kept: string[] = [];
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') kept.push(part);
    else if (kept.length > 0 && kept.at(-1) !== '..') kept.pop();
    else if (!rooted) kept.push('..');
  }
  const clean = kept.join('/');
  return rooted ? `/${clean}` : clean === '' ? '.' : clean;
}
