import { EvaluationError } from '../../../kernel/evaluation-error.ts';
import type { Json } from '../../../kernel/json.ts';
import { compileRegExp } from '../../../kernel/regexp.ts';
import { compileWildcard } from '../../../kernel/wildcard.ts';
import { formatFloat32, TEXT_LIMIT, TEXT_TOO_LONG } from '../go-value.ts';
import { type FunctionBody, type FunctionDefinition, parameter, rememberLast } from './definition.ts';
import { functionError } from './function-error.ts';

/** Functions that match strings, and numbers by their text, against regular expressions (RE2) and wildcards. */
export const PATTERN_FUNCTIONS: readonly FunctionDefinition[] = [
  {
    name: 'regex_match',
    parameters: [parameter('regex', 'string'), parameter('value', 'string', 'number')],
    returns: 'boolean',
    summary: 'whether a regular expression matches anywhere in a string or number',
    example: { expression: "regex_match('^[0-9]+$', `15`)", result: true },
    bind: () => {
      const compile = rememberLast(compileRegExp);
      return ([source, value]) => {
        const regexp = compile(source as string);
        return regexp instanceof EvaluationError ? regexp : regexp.test(textOf(value as string | number));
      };
    },
  },
  {
    name: 'regex_replace_all',
    parameters: [
      parameter('regex', 'string'),
      parameter('value', 'string', 'number'),
      parameter('replacement', 'string', 'number'),
    ],
    returns: 'string',
    summary: 'replaces all matches of a regular expression; `$1` and `$name` stand for groups',
    example: { expression: "regex_replace_all('([a-z])([0-9])', 'a1 b2', '$2$1')", result: '1a 2b' },
    bind: () => replaceWith('regex_replace_all', false),
  },
  {
    name: 'regex_replace_all_literal',
    parameters: [
      parameter('regex', 'string'),
      parameter('value', 'string', 'number'),
      parameter('replacement', 'string', 'number'),
    ],
    returns: 'string',
    summary: 'replaces all matches of a regular expression with a text as it is',
    example: { expression: "regex_replace_all_literal('[0-9]', 'a1', '$1')", result: 'a$1' },
    bind: () => replaceWith('regex_replace_all_literal', true),
  },
  {
    name: 'pattern_match',
    parameters: [parameter('pattern', 'string'), parameter('value', 'string', 'number')],
    returns: 'boolean',
    summary: 'whether a string or number matches a wildcard: `*` any characters, `?` one',
    example: { expression: "pattern_match('prefix-*', 'prefix-foo')", result: true },
    bind: () => {
      const compile = rememberLast(compileWildcard);
      return ([pattern, value]) => compile(pattern as string)(textOf(value as string | number));
    },
  },
];

function replaceWith(name: string, literal: boolean): FunctionBody {
  const compile = rememberLast(compileRegExp);
  return ([source, value, replacement]): Json | EvaluationError => {
    const regexp = compile(source as string);
    if (regexp instanceof EvaluationError) return functionError(name, regexp.message);
    const text = textOf(value as string | number);
    const by = textOf(replacement as string | number);
    // The most there can be: a match at each character, each group reference repeating the whole text.
    if ((text.length + 1) * by.length > 8 * TEXT_LIMIT) return TEXT_TOO_LONG;
    const result = regexp.replaceAll(text, by, { literal });
    return result.length > TEXT_LIMIT ? TEXT_TOO_LONG : result;
  };
}

function textOf(value: string | number): string {
  return typeof value === 'number' ? formatFloat32(value) : value;
}
