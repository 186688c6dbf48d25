import { describe, expect, it } from 'vitest';
import { formatIssues } from '../syntax/source.ts';
import { CelError } from '../values/cel-error.ts';
import { DYN, formatType } from '../values/cel-type.ts';
import type { CelValue } from '../values/cel-value.ts';
import { toJson } from '../values/to-json.ts';
import { createEnvironment, type Environment } from './environment.ts';

const POD = {
  spec: {
    containers: [{ name: 'a', image: 'nginx:1' }, { name: 'b' }],
    count: 3,
    text: 'hello',
    none: null,
    ratio: 1.5,
  },
  metadata: { labels: { app: 'web' } },
};
const environment = createEnvironment({ variables: { object: DYN } });

function run(text: string, within: Environment = environment, object: CelValue = POD): unknown {
  const compiled = within.compile(text);
  if ('issues' in compiled) return formatIssues(text, compiled.issues);
  const value = compiled.program.evaluate({ object });
  return value instanceof CelError ? `error: ${value.message}` : toJson(value);
}

describe('values', () => {
  it.each<[string, unknown]>([
    ['object.spec.count + 1', 4],
    ['object.spec.ratio * 2.0', 3],
    ['9007199254740993 - 9007199254740992', 1],
    ['9223372036854775807 + 1', 'error: integer overflow'],
    ['-7 / 2', -3],
    ['-7 % 3', -1],
    [
      '1 == 1.0 || true',
      "ERROR: <input>:1:3: found no matching overload for '_==_' applied to '(int, double)'\n | 1 == 1.0 || true\n | ..^",
    ],
    ['dyn(1) == 1.0', true],
    ['type(object.spec.count) == int', true],
    ['type(object.spec.ratio) == double', true],
    ['type(1.0) == double && type(1u) == uint', true],
    ["'a' + 'b' + object.spec.text", 'abhello'],
    ['[1, 2] + [3]', [1, 2, 3]],
    ["{'a': 1}.a", 1],
    ['object.spec.containers[1].name', 'b'],
    ['object.spec.containers[2]', 'error: index out of bounds: 2'],
    ['object.spec.missing', 'error: no such key: missing'],
    ['object.spec.none.x', 'error: no such key: x'],
    ['has(object.spec.none)', true],
    ['has(object.spec.none.x)', false],
    ['object.spec.containers.filter(c, has(c.image)).map(c, c.name)', ['a']],
    ['object.spec.containers.exists_one(c, has(c.image))', true],
    ['object.metadata.labels.map(k, k)', ['app']],
    ['object.?spec.?gone.orValue(7)', 7],
    ["object.metadata.labels[?'app'].orValue('x')", 'web'],
    ["'a.b'.matches('^a[.]b$')", true],
    ["timestamp('2024-02-29T00:00:00Z') + duration('24h')", '2024-03-01T00:00:00Z'],
    ['size("\\u00e9\\U0001F600")', 2],
  ])('%s', (text, expected) => {
    expect(run(text)).toEqual(expected);
  });
});

describe('errors are values', () => {
  it.each<[string, unknown]>([
    ['1 / 0 == 1 || true', true],
    ['true || 1 / 0 == 1', true],
    ['1 / 0 == 1 && false', false],
    ['1 / 0 == 1 && true', 'error: division by zero'],
    ['[1, 0].exists(i, 1 / i == 1)', true],
    ['[0, 1].all(i, 1 / i == 2)', false],
    ['[0, 1].map(i, 1 / i)', 'error: division by zero'],
    ['true ? 1 : 1 / 0', 1],
  ])('%s', (text, expected) => {
    expect(run(text)).toEqual(expected);
  });

  it('never absorbs what a host throws', () => {
    const need = { need: 'a fact' };
    const asking = environment.extend({
      functions: [
        {
          name: 'ask',
          overloads: [
            {
              id: 'ask',
              member: false,
              parameters: [],
              result: DYN,
              host: true,
              cost: undefined,
              call: () => {
                throw need;
              },
            },
          ],
        },
      ],
    });
    for (const text of [
      'ask() == 1 || true',
      'false && ask() == 1 || ask() == 2',
      '[1].exists(i, ask() == i)',
      'has(ask().x)',
    ]) {
      const compiled = asking.compile(text);
      if ('issues' in compiled) throw new Error(text);
      expect(() => compiled.program.evaluate({})).toThrow(expect.objectContaining(need));
    }
  });
});

describe('names that objects inherit', () => {
  it.each(['constructor', '__proto__', 'toString', 'hasOwnProperty', 'valueOf'])('%s is absent', (name) => {
    expect(run(`object.${name}`)).toBe(`error: no such key: ${name}`);
    expect(run(`object['${name}']`)).toBe(`error: no such key: ${name}`);
    expect(run(`has(object.${name})`)).toBe(false);
    expect(run(`'${name}' in object`)).toBe(false);
    expect(run(`object.?${name}.hasValue()`)).toBe(false);
    expect(run(`{'a': 1}.${name}`)).toBe(`error: no such key: ${name}`);
    expect(run(`object.spec.text.${name}`)).toBe(`error: no such key: ${name}`);
  });

  it('are found where they are own members', () => {
    const object = JSON.parse('{"__proto__": 1, "constructor": 2}') as CelValue;
    expect(run('object.__proto__ + object.constructor', environment, object)).toBe(3);
  });
});

describe('checking', () => {
  it('tells the place of every problem, in order', () => {
    expect(run('foo.bar(baz)')).toBe(
      [
        "ERROR: <input>:1:1: undeclared reference to 'foo' (in container '')\n | foo.bar(baz)\n | ^",
        "ERROR: <input>:1:8: undeclared reference to 'bar' (in container '')\n | foo.bar(baz)\n | .......^",
        "ERROR: <input>:1:9: undeclared reference to 'baz' (in container '')\n | foo.bar(baz)\n | ........^",
      ].join('\n'),
    );
  });

  it.each([
    ['object.spec', 'dyn'],
    ['[1].map(i, [i])', 'list(list(int))'],
    ["{'a': 1u}", 'map(string, uint)'],
    ['optional.of(1)', 'optional_type(int)'],
    ['true ? object.a : 1', 'dyn'],
    ['[].map(i, i)', 'list(dyn)'],
    ['type(1)', 'type(int)'],
  ])('%s is of type %s', (text, expected) => {
    const compiled = environment.compile(text);
    expect('resultType' in compiled && formatType(compiled.resultType)).toBe(expected);
  });
});

describe('bounds', () => {
  it('ends evaluations over budget', () => {
    const compiled = environment.compile('[1,2,3,4].all(a, [1,2,3,4].all(b, a + b > 0)) || true');
    if ('issues' in compiled) throw new Error('does not compile');
    const over = compiled.program.evaluate({}, { costLimit: 50 });
    expect(over).toEqual(new CelError('operation cancelled: actual cost limit exceeded'));
    expect(compiled.program.evaluate({}, { costLimit: 200 })).toBe(true);
  });

  it('refuses deep and long expressions', () => {
    expect(run(`${'('.repeat(300)}1${')'.repeat(300)}`)).toContain('expression recursion limit exceeded: 250');
    expect(run(`"${'x'.repeat(100_001)}"`)).toContain('expression code point size exceeds limit');
  });
});

describe('observation', () => {
  it('reports every sub-expression with its range', () => {
    const text = 'object.spec.count > 2';
    const compiled = environment.compile(text);
    if ('issues' in compiled) throw new Error('does not compile');
    const seen: [string, unknown][] = [];
    compiled.program.observe({ object: POD }, (_, [start, end], value) => seen.push([text.slice(start, end), value]));
    expect(seen).toEqual([
      ['object', POD],
      ['object.spec', POD.spec],
      ['object.spec.count', 3],
      ['2', 2],
      ['object.spec.count > 2', true],
    ]);
  });
});
