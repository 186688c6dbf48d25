import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CelError } from '../values/cel-error.ts';
import { CelObject } from '../values/cel-object.ts';
import { DYN } from '../values/cel-type.ts';
import type { CelValue } from '../values/cel-value.ts';
import { toJson } from '../values/to-json.ts';
import { createKyvernoEnvironment } from './kyverno-environment.ts';

// `generating` mixes types in literals, so more of what is generated compiles.
const environment = createKyvernoEnvironment('generating', { variables: { object: DYN, list: DYN, text: DYN } });

const NAMES = [
  'a',
  'name',
  'value',
  'kind',
  'message',
  'length',
  '__proto__',
  'constructor',
  'toString',
  'entries',
  'size',
  'keys',
];
const name = fc.constantFrom(...NAMES);
const METHODS = [
  'size()',
  "startsWith('a')",
  "contains('a')",
  "matches('^a.*$')",
  "split('a')",
  "replace('a', 'bb')",
  'lowerAscii()',
  'trim()',
  'reverse()',
  'sum()',
  'min()',
  'max()',
  'isSorted()',
  'distinct()',
  'flatten()',
  'sort()',
  'hasValue()',
  'value()',
  'orValue(1)',
  'first()',
  "join(',')",
  'charAt(1)',
  'substring(1)',
  "indexOf('a')",
  'getFullYear()',
  'getHours()',
  "format([1, 'a'])",
  'asInteger()',
  'family()',
];
const MACROS = ['all', 'exists', 'exists_one', 'map', 'filter', 'sortBy', 'optMap'];
const FUNCTIONS = [
  'size',
  'string',
  'int',
  'uint',
  'double',
  'bool',
  'bytes',
  'duration',
  'timestamp',
  'type',
  'dyn',
  'quantity',
  'semver',
  'ip',
  'cidr',
  'url',
  'isURL',
  'math.abs',
  'math.ceil',
  'base64.encode',
  'lists.range',
  'json.marshal',
  'json.unmarshal',
  'optional.of',
  'image',
];
const LITERALS = [
  '0',
  '1',
  '-1',
  '2u',
  '1.5',
  '1e300',
  'true',
  'null',
  "'a'",
  "'aé😀'",
  "b'a'",
  '[]',
  '{}',
  "[1, 'a', null]",
  "{'a': 1, 2: 'b'}",
  '9223372036854775807',
  "duration('1h')",
  "timestamp('2024-01-01T00:00:00Z')",
  'lists.range(50)',
  'optional.none()',
  'Object{}',
];

const { expression } = fc.letrec<{ expression: string }>((tie) => ({
  expression: fc.oneof(
    { maxDepth: 6, depthSize: 'medium', withCrossShrink: true },
    fc.constantFrom(...LITERALS, 'object', 'list', 'text', 'x'),
    fc.tuple(tie('expression'), name).map(([target, field]) => `${target}.${field}`),
    fc.tuple(tie('expression'), name).map(([target, field]) => `${target}.?${field}`),
    fc.tuple(tie('expression'), name).map(([target, field]) => `has(${target}.${field})`),
    fc.tuple(tie('expression'), tie('expression')).map(([target, index]) => `${target}[${index}]`),
    fc
      .tuple(
        tie('expression'),
        fc.constantFrom('+', '-', '*', '/', '%', '==', '!=', '<', '>=', '&&', '||', 'in'),
        tie('expression'),
      )
      .map(([left, operator, right]) => `(${left} ${operator} ${right})`),
    fc
      .tuple(tie('expression'), tie('expression'), tie('expression'))
      .map(([test, yes, no]) => `(${test} ? ${yes} : ${no})`),
    fc.tuple(tie('expression'), fc.constantFrom(...METHODS)).map(([target, method]) => `${target}.${method}`),
    fc
      .tuple(tie('expression'), fc.constantFrom(...MACROS), tie('expression'))
      .map(([target, macro, step]) => `${target}.${macro}(x, ${step})`),
    fc.tuple(fc.constantFrom(...FUNCTIONS), tie('expression')).map(([called, argument]) => `${called}(${argument})`),
    fc.tuple(tie('expression'), tie('expression')).map(([init, body]) => `cel.bind(x, ${init}, ${body})`),
    fc.tuple(tie('expression'), tie('expression')).map(([a, b]) => `[${a}, ${b}]`),
    fc.tuple(tie('expression'), tie('expression')).map(([a, b]) => `{'a': ${a}, ${b}: 1}`),
  ),
}));

const { data } = fc.letrec<{ data: unknown }>((tie) => ({
  data: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(null, true, 0, -1, 1.5, 2 ** 60, 'a', '', '\ud800', '1Gi', '10.0.0.0/8'),
    fc.array(tie('data'), { maxLength: 4 }),
    fc
      .array(fc.tuple(name, tie('data')), { maxLength: 4 })
      .map((entries) =>
        JSON.parse(`{${entries.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join(',')}}`),
      ),
  ),
}));

const LIMIT = 2000;

/** Whether a value is one of the language all the way down: no function, no prototype, no stray object. */
function isOfTheLanguage(value: unknown): boolean {
  if (typeof value === 'function' || typeof value === 'symbol' || value === undefined) return false;
  if (typeof value !== 'object' || value === null || value instanceof CelObject || value instanceof Uint8Array)
    return true;
  if (Array.isArray(value)) return value !== Array.prototype && value.every(isOfTheLanguage);
  return value !== Object.prototype && Object.values(value).every(isOfTheLanguage);
}

function evaluate(text: string, object: unknown, list: unknown): void {
  const compiled = environment.compile(text);
  if ('issues' in compiled) {
    expect(compiled.issues.length).toBeGreaterThan(0);
    return;
  }
  // JSON, as it was generated.
  const activation = { object: object as CelValue, list: list as CelValue, text: 'a, b; c' };
  const before = JSON.stringify([object, list]);
  const { value, cost } = compiled.program.measure(activation, { costLimit: LIMIT });
  if (value instanceof CelError) expect(typeof value.message).toBe('string');
  else {
    expect(cost).toBeLessThanOrEqual(LIMIT);
    expect(isOfTheLanguage(value)).toBe(true);
    toJson(value);
  }
  expect(JSON.stringify([object, list])).toBe(before);
  const observed = compiled.program.observe(activation, () => undefined, { costLimit: LIMIT * 10 });
  if (!(value instanceof CelError) && !(observed instanceof CelError)) expect(toJson(observed)).toEqual(toJson(value));
}

describe('no expression and no data', () => {
  it('crash an evaluation, leave its budget, reach a prototype or change what is given', () => {
    fc.assert(
      fc.property(expression, data, data, (text, object, list) => evaluate(text, object, list)),
      { numRuns: 1500 },
    );
  });

  it('crash the parser', () => {
    const token = fc.constantFrom(
      '(',
      ')',
      '[',
      ']',
      '{',
      '}',
      '.',
      '?',
      ':',
      ',',
      '+',
      '-',
      '!',
      '&&',
      '||',
      'in',
      'a',
      '1',
      '1.5',
      "'",
      '"',
      '\\',
      '`',
      '//',
      '\n',
      "r'",
      'b"',
      '"""',
      'has(',
      'x.map(',
      'é',
      '😀',
      '\ud800',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(token, { maxLength: 30 }).map((tokens) => tokens.join(' ')),
        ),
        (text) => {
          evaluate(text, {}, []);
        },
      ),
      { numRuns: 1500 },
    );
  });
});

describe('short expressions that ask for much', () => {
  const doubled = (start: string, levels: number): string => {
    let text = `size(v${levels})`;
    for (let level = levels; level > 0; level--) text = `cel.bind(v${level}, v${level - 1} + v${level - 1}, ${text})`;
    return `cel.bind(v0, ${start}, ${text})`;
  };

  it.each([
    ['a text doubled', doubled('text', 60)],
    ['a list doubled', doubled('[object]', 60)],
    ['loops within loops', 'lists.range(1000).all(a, lists.range(1000).all(b, lists.range(1000).all(c, true)))'],
    ['long ranges', 'lists.range(100000000)'],
    ['a growing replacement', `text${".replace('a', 'aaaaaaaaaa')".repeat(9)}`],
    ['equal large values', 'lists.range(100000).all(i, list == list)'],
    ['large maps listed for nothing', 'lists.range(100000).all(i, !object.all(k, false))'],
  ])('%s ends soon', (_, text) => {
    const compiled = environment.compile(text);
    if ('issues' in compiled) throw new Error(compiled.issues[0]?.message);
    const large = Object.fromEntries(Array.from({ length: 5000 }, (_unused, index) => [`k${index}`, index]));
    const begun = performance.now();
    const value = compiled.program.evaluate({
      object: large,
      list: Array.from({ length: 5000 }, () => large),
      text: 'abcdefgh',
    });
    expect(value).toBeInstanceOf(CelError);
    expect(performance.now() - begun).toBeLessThan(5000);
  });

  it('compares data nested without bound', () => {
    let deep: CelValue = 1;
    for (let level = 0; level < 100_000; level++) deep = [deep];
    let other: CelValue = 1;
    for (let level = 0; level < 100_000; level++) other = [other];
    const compiled = environment.compile('object == list');
    if ('issues' in compiled) throw new Error('does not compile');
    expect(compiled.program.evaluate({ object: deep, list: other })).toBeInstanceOf(CelError);
    expect(toJson(deep)).toBeInstanceOf(CelError);
  });

  it('matches patterns in linear time', () => {
    const compiled = environment.compile(
      "text.matches('^(a+)+$') || text.matches('(a|aa)+$') || text.matches('a*a*a*a*a*b')",
    );
    if ('issues' in compiled) throw new Error('does not compile');
    const begun = performance.now();
    expect(compiled.program.evaluate({ text: `${'a'.repeat(5000)}!` })).toBe(false);
    expect(performance.now() - begun).toBeLessThan(2000);
  });
});
