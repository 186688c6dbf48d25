import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EvaluationError } from '../../kernel/evaluation-error.ts';
import type { Json, JsonObject } from '../../kernel/json.ts';
import { createJsonScope } from '../variables/json-scope.ts';
import { compileByOperation } from './by-operation.ts';
import { compileConditions } from './compile-conditions.ts';
import { compileRefutation } from './refutation.ts';

const tools = { host: { sha256: () => '', md5: () => '' } } as unknown as Parameters<typeof compileConditions>[1];

const ADDED = '{{ request.object.spec.[init, main][].caps.add[] }}';
const KEYS = "{{ request.object.spec.main[].keys(@)[] || '' }}";
const DROPPED = '{{ element.caps.drop[] || `[]` }}';
const allNotIn = (key: Json, value: Json): JsonObject => ({ all: [{ key, operator: 'AnyNotIn', value }] });
const anyNotIn = (key: Json, value: Json): JsonObject => ({ any: [{ key, operator: 'AnyNotIn', value }] });

const SHAPES: readonly JsonObject[] = [
  allNotIn(ADDED, ['A', 'B']),
  allNotIn(KEYS, ['caps', 'name', '']),
  allNotIn('A', DROPPED),
  anyNotIn(DROPPED, ['A', '']),
  ...['Equals', 'notequals', 'In', 'AnyNotIn', 'GreaterThan'].flatMap((operator): readonly JsonObject[] => [
    { any: [{ key: "{{ element.name || '' }}", operator, value: '' }] },
    { all: [{ key: '{{ element.name }}', operator, value: 'A' }] },
  ]),
];

const UNNAMED = SHAPES[4] ?? {};

describe('a refutation', () => {
  it.each<[string, JsonObject, JsonObject, boolean]>([
    ['of what is all listed', SHAPES[0] ?? {}, { spec: { main: [{ caps: { add: ['A'] } }, {}] } }, true],
    ['of an empty list', SHAPES[0] ?? {}, { spec: { main: [{}] } }, true],
    ['not of what is not listed', SHAPES[0] ?? {}, { spec: { main: [{ caps: { add: ['C'] } }] } }, false],
    ['not where there is nothing to look at', SHAPES[0] ?? {}, {}, false],
    ['not of other types', SHAPES[0] ?? {}, { spec: { main: 'A' } }, false],
    [
      'not of texts that hold variables',
      anyNotIn(ADDED, ['A']),
      { spec: { main: [{ caps: { add: ['{{ x }}'] } }] } },
      false,
    ],
    ['of keys', SHAPES[1] ?? {}, { spec: { main: [{ name: 'a', caps: {} }] } }, true],
  ])('%s', (_, conditions, object, refuted) => {
    expect(compileRefutation(conditions)?.({ request: { object } })).toBe(refuted);
  });

  it.each<[Json, boolean]>([
    [{ name: 'A' }, true],
    [{ name: '' }, false],
    [{ name: '{{ x }}' }, false],
    [{ name: 1 }, false],
    [{}, false],
    [null, false],
  ])('of one text beside another: %j', (element, refuted) => {
    expect(compileRefutation(UNNAMED)?.({ element })).toBe(refuted);
  });

  it.each<[string, Json]>([
    ['unknown operators', { all: [{ key: ADDED, operator: 'Is', value: 'A' }] }],
    ['other operators', { all: [{ key: ADDED, operator: 'AnyIn', value: ['A'] }] }],
    ['both blocks', { ...allNotIn(ADDED, ['A']), ...anyNotIn(ADDED, ['A']) }],
    ['values with variables', allNotIn(ADDED, ['{{ x }}'])],
    ['values with references', allNotIn(ADDED, ['$(./x)'])],
    ['text around the variable', allNotIn(`x${ADDED}`, ['A'])],
    ['filters', allNotIn('{{ request.object.spec.main[?name].caps[] }}', ['A'])],
    ['other defaults', allNotIn("{{ request.object.a[] || 'z' }}", ['A'])],
    ['no conditions', { all: [] }],
    ['legacy lists', [{ key: ADDED, operator: 'AnyNotIn', value: ['A'] }]],
  ])('is not made for %s', (_, conditions) => {
    expect(compileRefutation(conditions)).toBeUndefined();
  });

  it('says nothing that the evaluation does not say', () => {
    const leaf = fc.constantFrom<Json>(
      'A',
      'B',
      'C',
      '',
      '{{ a }}',
      null,
      1,
      true,
      {},
      [],
      ['A'],
      [['A', null]],
      [null],
      ['{{'],
      ['B', 'C'],
    );
    const caps = fc.oneof(fc.record({ add: leaf, drop: leaf }, { requiredKeys: [] }), leaf);
    const container = fc.oneof(
      { weight: 4, arbitrary: fc.record({ name: leaf, caps }, { requiredKeys: [] }) },
      { weight: 1, arbitrary: leaf },
    );
    const list = fc.oneof(
      { weight: 4, arbitrary: fc.array(container, { maxLength: 3 }) },
      { weight: 1, arbitrary: leaf },
    );
    const spec = fc.oneof(
      { weight: 6, arbitrary: fc.record({ init: list, main: list }, { requiredKeys: [] }) },
      { weight: 1, arbitrary: leaf },
    );
    fc.assert(
      fc.property(fc.constantFrom(...SHAPES), spec, container, (conditions, given, element) => {
        const variables = { request: { object: { spec: given as Json } }, element: element as Json };
        if (!compileRefutation(conditions)?.(variables)) return;
        const outcome = compileConditions(conditions, tools).evaluate(createJsonScope(variables, 0));
        expect(outcome instanceof EvaluationError ? outcome.message : outcome.value).toBe(false);
      }),
      { numRuns: 5000 },
    );
  });
});

describe('conditions on the operation', () => {
  const notDelete = {
    all: [{ key: "{{ request.operation || 'BACKGROUND' }}", operator: 'NotEquals', value: 'DELETE' }],
  };

  it('are judged by it alone', () => {
    const test = compileByOperation(notDelete, compileConditions(notDelete, tools));
    expect(['CREATE', 'DELETE', 'CREATE'].map((operation) => test?.(operation))).toEqual([true, false, true]);
  });

  it.each<[string, Json]>([
    ['other variables', { all: [{ key: '{{ request.namespace }}', operator: 'Equals', value: 'a' }] }],
    ['references', { all: [{ key: '{{ request.operation }}', operator: 'Equals', value: '$(./x)' }] }],
    ['text around it', { all: [{ key: 'a{{ request.operation }}', operator: 'Equals', value: 'a' }] }],
  ])('are not what has %s', (_, conditions) => {
    expect(compileByOperation(conditions, compileConditions(conditions, tools))).toBeUndefined();
  });
});
