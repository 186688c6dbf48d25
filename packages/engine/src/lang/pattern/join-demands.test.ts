import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Json, JsonObject } from '../../kernel/json.ts';
import type { Demand } from '../../model/demand.ts';
import { compilePattern } from './compile-pattern.ts';
import { toDemand } from './demands.ts';
import { joinDemands } from './join-demands.ts';

const NAMES = ['a', 'b', 'c', 'constructor', '__proto__'];
const scalar = fc.constantFrom<Json>(null, true, 0, 1, 5, 'x', 'x*', '>0', 'x | y', '!x', '*', '1-3', '');
const value: fc.Arbitrary<Json> = fc.letrec<{ node: Json }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 3 },
    scalar,
    fc.array(tie('node'), { maxLength: 3 }),
    object(fc.constantFrom(...NAMES), tie('node')),
  ),
})).node;
const key = fc
  .tuple(fc.constantFrom('', '=', 'X', '(', '<', '^'), fc.constantFrom(...NAMES))
  .map(([anchor, name]) => (anchor === '' ? name : anchor === '(' ? `(${name})` : `${anchor}(${name})`));
const pattern: fc.Arbitrary<Json> = fc.letrec<{ node: Json }>((tie) => ({
  node: fc.oneof({ maxDepth: 3 }, scalar, fc.array(tie('node'), { maxLength: 2 }), object(key, tie('node'))),
})).node;

function object(keys: fc.Arbitrary<string>, values: fc.Arbitrary<Json>): fc.Arbitrary<JsonObject> {
  return fc.array(fc.tuple(keys, values), { maxLength: 4 }).map((entries) => Object.fromEntries(entries));
}

describe('joined demands', () => {
  it('hold for exactly the resources that each pattern passes alone', () => {
    fc.assert(
      fc.property(
        fc.array(pattern, { maxLength: 6 }),
        fc.array(object(fc.constantFrom(...NAMES), value), { maxLength: 4 }),
        (patterns, resources) => {
          const joinable = patterns.flatMap((given): { given: Json; demand: Demand }[] => {
            const demand = toDemand(given);
            return demand ? [{ given, demand }] : [];
          });
          const walk = joinDemands(joinable.map(({ demand }) => demand));
          for (const resource of resources) {
            const together = Array.from(walk(resource), (failed) => failed === 0);
            expect(together).toEqual(joinable.map(({ given }) => compilePattern(given).matches(resource)));
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  it.each<[string, Json]>([
    ['a condition anchor', { '(a)': 1 }],
    ['a global anchor', { b: { '<(a)': 1 } }],
    ['an existence anchor', { '^(a)': [{ b: 1 }] }],
    ['a list by positions', { a: [[1]] }],
    ['an empty list', { a: [] }],
    ['a wildcard among labels', { metadata: { labels: { 'app*': 'x' } } }],
  ])('are not made of %s', (_, given) => {
    expect(toDemand(given)).toBeUndefined();
  });

  it('forget the resource before', () => {
    const walk = joinDemands([{ kind: 'map', keys: [{ name: 'a', kind: 'forbidden' }] }]);
    expect([...walk({ a: 1 })]).toEqual([1]);
    expect([...walk({})]).toEqual([0]);
  });
});
