import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EvaluationError } from '../../kernel/evaluation-error.ts';
import { STILL_HOST } from '../../kernel/host.fixture.ts';
import type { Json, JsonObject } from '../../kernel/json.ts';
import { createJsonScope } from '../variables/json-scope.ts';
import { type ConditionsOutcome, compileConditions } from './compile-conditions.ts';
import { findOperator } from './operators/list.ts';

const scope = createJsonScope({ a: 1, name: 'web', none: null }, 0);

function evaluate(conditions: Json | undefined): ConditionsOutcome | EvaluationError {
  return compileConditions(conditions, { host: STILL_HOST }).evaluate(scope);
}

const holds = (key: Json, operator: string, value: Json): boolean | undefined => findOperator(operator)?.(value)(key);

const NAMES = [
  'Equals',
  'NotEquals',
  'In',
  'NotIn',
  'AnyIn',
  'AnyNotIn',
  'AllIn',
  'AllNotIn',
  'GreaterThan',
  'DurationLessThan',
];

describe('operators that hold', () => {
  it.each<[Json, string, Json]>([
    ['1024', 'Equals', '1Ki'],
    ['1Gi', 'Equals', '1024Mi'],
    ['1h', 'Equals', '60m'],
    ['1h', 'Equals', 3600],
    ['1.5.2', 'Equals', '1.5.*'],
    [{ foo: 'bar' }, 'Equals', { foo: 'bar' }],
    [1, 'Equals', '1'],
    ['string', 'NotEquals', 1],
    [true, 'NotEquals', 'false'],
    ['1023', 'NotEquals', '1Ki'],
    [['a'], 'NotEqual', 'a'],
    ['1025', 'GreaterThan', '1Ki'],
    ['10h', 'GreaterThanOrEquals', '1h'],
    [100, 'GreaterThanOrEquals', '10'],
    ['2h', 'GreaterThanOrEquals', 3600],
    ['1.5.5', 'GreaterThanOrEquals', '1.5.0'],
    [1, 'LessThanOrEquals', 1.5],
    ['1.0.0-rc.1', 'LessThan', '1.0.0'],
    [60, 'DurationGreaterThanOrEquals', '1m'],
    ['1h', 'DurationLessThan', 3601.9],
    [1, 'In', [1, 2, 3]],
    ['1.1.1.1', 'In', ['1*']],
    [['1.1.1.1', '2.2.2.2'], 'In', ['1.1.1.1', '2.2.2.2', '3.3.3.3']],
    [['1.1.1.1', '4.4.4.4'], 'NotIn', ['1.1.1.1', '2.2.2.2']],
    [['1*'], 'AnyIn', ['1.1.1.1', '2.2.2.2']],
    [['1.1.1.1', '5.5.5.5'], 'AnyIn', '1.1.1.1'],
    ['5', 'AnyIn', '1-10'],
    [[1, 5], 'AnyIn', '0-10'],
    [[1.002, 1.222], 'AnyIn', '1.001-10'],
    ['a', 'AnyIn', '["a","b"]'],
    [['1'], 'AnyIn', 1],
    [['2.1.1.1', '2.2.2.2'], 'AllIn', ['2*']],
    [[3, 2], 'AllIn', '1-10'],
    [[], 'AllIn', ['a']],
    [['1.1.1.1', '4.4.4.4'], 'AllNotIn', '2.2.2.2'],
    [5.5, 'AllNotIn', '6-10'],
    [['5.5.5.5', '4.4.4.4'], 'AnyNotIn', '4.4.4.4'],
    [[1, 5, 11], 'AnyNotIn', '0-10'],
    ['x', 'equals', 'x'],
    ['x', 'ANYIN', ['x']],
  ])('%j %s %j', (key, operator, value) => {
    expect(holds(key, operator, value)).toBe(true);
  });
});

describe('operators that do not', () => {
  it.each<[Json, string, Json]>([
    [1.0, 'Equals', '2.0'],
    [true, 'Equals', 'true'],
    [['foo', 'bar'], 'Equals', ['bar', 'foo']],
    ['string', 'Equals', 1],
    ['1.5.*', 'Equals', '1.5.2'],
    [2, 'greaterthan', 1],
    ['2h', 'durationgreaterthan', '1h'],
    ['a', 'GreaterThan', 'b'],
    [[1, 5], 'AnyIn', '7-10'],
    [['5'], 'AnyIn', '1-3'],
    [[3, 2], 'AllIn', '5-10'],
    [['1'], 'AllIn', 1],
    [['1*', '2*'], 'AllNotIn', ['1.1.1.1', '2.2.2.2']],
    [[2, 6], 'AllNotIn', '5-10'],
    [['2.2*'], 'AnyNotIn', ['2.2.2.2']],
    [[1, 5, 7], 'AnyNotIn', '0-10'],
    ['4', 'AnyNotIn', '5'],
    ['a', 'NotIn', { a: 1 }],
    [{ a: 1 }, 'AllNotIn', ['b']],
    ...NAMES.map((operator): [Json, string, Json] => [null, operator, 'x']),
  ])('%j %s %j', (key, operator, value) => {
    expect(holds(key, operator, value)).toBe(false);
  });

  it('throws on no JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(...NAMES), fc.jsonValue(), (key, operator, value) => {
        expect(typeof holds(key as Json, operator, value as Json)).toBe('boolean');
      }),
      { numRuns: 1000 },
    );
  });
});

const yes = (message = ''): JsonObject => ({ key: '{{ a }}', operator: 'Equals', value: 1, message });
const no = (message = ''): JsonObject => ({ key: '{{ a }}', operator: 'Equals', value: 2, message });
const broken: JsonObject = { key: '{{ b }}', operator: 'Equals', value: 2 };

describe('blocks', () => {
  it.each<[string, Json | undefined, boolean, readonly string[]]>([
    ['absent', undefined, true, []],
    ['empty block', {}, true, []],
    ['any: [] is false', { any: [] }, false, []],
    ['any: null holds', { any: null }, true, []],
    ['all: [] holds', { all: [] }, true, []],
    ['any stops at the first that holds', { any: [no('a'), yes('b'), broken] }, true, ['b']],
    ['any of none', { any: [no('a'), no('b')] }, false, ['a', 'b']],
    ['all stops at the first that does not', { all: [yes('a'), no('b'), broken] }, false, ['b']],
    ['any and all', { any: [yes('a')], all: [yes('b')] }, true, ['a', 'b']],
    ['any and not all', { any: [yes('a')], all: [no('b')] }, false, ['b']],
    ['legacy list', [yes('a'), yes('b')], true, ['a;b']],
    ['legacy list fails', [yes('a'), no('b'), broken], false, ['b']],
    ['list of blocks', [{ all: [yes('a'), yes('b')] }, { any: [yes('c')] }], true, ['a; b;c']],
    ['list of blocks fails', [{ all: [yes('a')] }, { any: [no('b'), no('c')] }], false, ['b', 'c']],
    ['values are substituted', [{ key: 'web', operator: 'Equals', value: '{{ name }}' }], true, []],
    ['a null key', [{ key: '{{ none }}', operator: 'NotEquals', value: 'x' }], false, []],
  ])('%s', (_, conditions, value, messages) => {
    expect(evaluate(conditions)).toEqual({ value, messages });
  });

  it.each<[string, Json, string]>([
    [
      'unknown variable in a key',
      { all: [broken] },
      'failed to substitute variables in condition key: failed to resolve b at path : JMESPath query failed: Unknown key "b" in path',
    ],
    [
      'unknown variable in a value',
      { all: [{ key: 1, operator: 'Equals', value: '{{ b }}' }] },
      'failed to substitute variables in condition value: failed to resolve b at path : JMESPath query failed: Unknown key "b" in path',
    ],
    [
      'unknown operator',
      [{ key: 1, operator: 'Like', value: 1 }],
      'failed to create handler for condition operator: %!w(<nil>)',
    ],
    ['no conditions at all', 'x', 'invalid condition'],
  ])('%s', (_, conditions, message) => {
    expect(evaluate(conditions)).toEqual(new EvaluationError(message, message.includes('Unknown key')));
  });
});
