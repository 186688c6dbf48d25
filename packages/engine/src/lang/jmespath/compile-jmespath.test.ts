import { describe, expect, it } from 'vitest';
import { Need } from '../../facts/fact-table.ts';
import { EvaluationError } from '../../kernel/evaluation-error.ts';
import type { EngineHost } from '../../kernel/host.ts';
import type { Json } from '../../kernel/json.ts';
import type { VariableScope } from '../../model/variable-scope.ts';
import { compileJmesPath, isJmesPathDiagnostic, type JmesPathExpression } from './compile-jmespath.ts';

const HOST: EngineHost = {
  hash: () => '',
  decodeCertificate: () => new EvaluationError('not available'),
  random: () => 0.5,
};

function compile(text: string): JmesPathExpression {
  const compiled = compileJmesPath(text, HOST);
  if (isJmesPathDiagnostic(compiled)) throw new Error(compiled.message);
  return compiled;
}

function evaluate(text: string, root: Json | VariableScope = {}): Json | EvaluationError {
  return compile(text).evaluate(root);
}

function scope(values: Readonly<Record<string, Json | EvaluationError | 'need'>>): VariableScope {
  return {
    now: 0,
    lookup(name) {
      const found = Object.hasOwn(values, name) ? values[name] : undefined;
      if (found === 'need') throw new Need({ kind: 'config-map', namespace: 'default', name });
      return found;
    },
    toJson: () => ({ whole: true }),
  };
}

describe('a missing key', () => {
  const root = { a: { b: 1 }, list: [{ k: 1 }, {}], text: 'x', none: null };

  it.each([
    ['missing', 'missing'],
    ['a.missing', 'missing'],
    ['missing.b', 'missing'],
    ['a.missing.c', 'missing'],
    ['list[1].k', 'k'],
    ['a && a.missing', 'missing'],
    ['a.missing[0]', 'missing'],
  ])('fails in `%s`', (text, key) => {
    expect(evaluate(text, root)).toEqual(new EvaluationError(`Unknown key "${key}" in path`, true));
  });

  it.each<[string, Json]>([
    ["missing || 'x'", 'x'],
    ['missing || a.missing', null],
    ['missing && a', null],
    ['!missing', true],
    ['missing == `null`', true],
    ['missing | @', null],
    ['a | missing', null],
    ['list[*].k', [1]],
    ['missing[*].k', null],
    ['missing[]', null],
    ['missing[?k]', null],
    ['missing.*', null],
    ['list[?k == `1`]', [{ k: 1 }]],
    ['[a.b, missing]', [1, null]],
    ['{x: a.b, y: missing}', { x: 1, y: null }],
    ['map(&k, list)', [1, null]],
    ['not_null(missing, a.b)', 1],
    ['text.missing', null],
    ['none.missing', null],
    ['list.missing', null],
    ['list[9].k', null],
    ['list[-1]', {}],
  ])('is absorbed in `%s`', (text, expected) => {
    expect(evaluate(text, root)).toEqual(expected);
  });
});

describe('the dialect', () => {
  it.each<[string, Json]>([
    ["'a' < 'b'", null],
    ['`1` < `2`', true],
    ['`0` || `1`', 0],
    ["'' || 'x'", 'x'],
    ['`[]` || `{}` || `false`', false],
    ['join(\',\' `["a"]`)', 'a'],
    ["{a: 'x' b: 'y'}", { a: 'x', b: 'y' }],
    ['`{"a": 1}` == `{"a": 1}`', true],
    ['`[1, [2]]`[]', [1, 2]],
    ['`{"b": 1, "a": 2}`.*', [2, 1]],
    ['`{"a": 1}`.*.type(@)', ['null', 'number']],
    ['contains(`[[1]]`, `[1]`)', false],
    ["'it\\'s'", "it's"],
  ])('%s', (text, expected) => {
    expect(evaluate(text)).toEqual(expected);
  });

  it.each([
    ['abs(`1`, `2`)', 'incorrect number of args'],
    ['not_null()', 'Invalid arity.'],
    ['length(`1`)', 'Invalid type for: 1, expected: []jmespath.JpType{"string", "array", "object"}'],
    [
      'max(`[{"a": [null, true]}]`)',
      'Invalid type for: [map[a:[<nil> true]]], expected: []jmespath.JpType{"array[number]", "array[string]"}',
    ],
    ['`[1]`[::`0`]', undefined],
    ['&a', 'an expression reference (`&…`) is only allowed as an argument of a function'],
    ['sort_by(`[{"a": 1}, {"a": "x"}]`, &a)', 'error in sort_by comparison'],
    ['max_by(`[{"a": 1}, {}]`, &a)', 'invalid type, must be number'],
    ['time_now()', 'the current time is not known here'],
  ])('%s fails', (text, message) => {
    const compiled = compileJmesPath(text, HOST);
    if (message === undefined) return expect(isJmesPathDiagnostic(compiled)).toBe(true);
    if (isJmesPathDiagnostic(compiled)) throw new Error(compiled.message);
    expect(compiled.evaluate({})).toEqual(new EvaluationError(message));
  });
});

describe('a text that is no expression', () => {
  it.each([
    ['', 'SyntaxError: Incomplete expression', 0],
    ['foo.', 'SyntaxError: Expected identifier, lbracket, or lbrace', 4],
    ['foo bar', 'SyntaxError: Unexpected token at the end of the expression: tUnquotedIdentifier', 4],
    ['foo)', 'SyntaxError: Unexpected token at the end of the expression: tRparen', 3],
    ['a == ', 'SyntaxError: Incomplete expression', 5],
    ['foo[', 'SyntaxError: Expected tStar, received: tEOF', 4],
    ["'open", "SyntaxError: Unclosed delimiter: '", 5],
    ['a # b', "SyntaxError: Unknown char: '#'", 2],
    ['é', "SyntaxError: Unknown char: '\\u00e9'", 0],
    ['{a}', 'SyntaxError: Expected tColon, received: tRbrace', 2],
    ['"f"(a)', "SyntaxError: Can't have quoted identifier as function Name.", 0],
    ['`bad`', "invalid character 'b' looking for beginning of value", 0],
    ['a[99999999999999999999]', 'strconv.Atoi: parsing "99999999999999999999": value out of range', 2],
  ])('`%s`: %s', (text, reason, offset) => {
    expect(compileJmesPath(text, HOST)).toMatchObject({ code: 'jmespath-syntax', reason, offset });
  });

  it('names an unknown function and the one that was meant', () => {
    expect(compileJmesPath('a.regex_macth(@, b)', HOST)).toMatchObject({
      code: 'jmespath-unknown-function',
      reason: 'unknown function: regex_macth',
      hint: 'did you mean `regex_match`?',
      offset: 2,
    });
    expect(compileJmesPath('constructor(a)', HOST)).toMatchObject({ code: 'jmespath-unknown-function' });
  });
});

describe('a scope as root', () => {
  it('is asked for the names the expression reads, and no more', () => {
    const expression = compile("request.object.spec.x || element || 'none'");
    expect([...expression.names].sort()).toEqual(['element', 'request']);
    expect(expression.readsWholeRoot).toBe(false);
    expect(expression.evaluate(scope({ request: { object: { spec: { x: 5 } } } }))).toBe(5);
    expect(expression.evaluate(scope({}))).toBe('none');
  });

  it('gives the whole root where it is meant', () => {
    expect(compile('@').readsWholeRoot).toBe(true);
    expect(evaluate('@', scope({}))).toEqual({ whole: true });
    expect(evaluate('keys(@)', scope({}))).toEqual(['whole']);
    expect(evaluate('@.a', scope({ a: 1 }))).toBe(1);
    expect(evaluate('{x: a, y: b}', scope({ a: 1 }))).toEqual({ x: 1, y: null });
    expect(evaluate('[a]', scope({ a: 1 }))).toEqual([1]);
  });

  it('inside a pipe or projection is no longer the current value', () => {
    const expression = compile('a[?b == c] | d');
    expect([...expression.names]).toEqual(['a']);
  });

  it('lets a need through every operator that absorbs failures', () => {
    for (const text of ['x || `1`', '!x', 'x == `1`', 'x[]', 'x[?a]', 'x.*', '[x]', 'not_null(x)', 'x | @', 'x[*]']) {
      expect(() => evaluate(text, scope({ x: 'need' })), text).toThrow(Need);
    }
  });

  it('fails as a whole when an entry failed, whatever would absorb it', () => {
    const failed = new EvaluationError('Unknown key "z" in path', true);
    for (const text of ['x || `1`', '!x', 'x[]', 'x[?a]', 'x.*', '[x]', 'not_null(x)', 'x | @']) {
      expect(evaluate(text, scope({ x: failed })), text).toBe(failed);
    }
    expect(evaluate('y || x', scope({ x: failed, y: 1 }))).toBe(1);
  });
});

describe('attacks', () => {
  it('reads own members only', () => {
    for (const name of ['constructor', '__proto__', 'toString', 'hasOwnProperty']) {
      expect(evaluate(name, {})).toMatchObject({ notFound: true });
      expect(evaluate(`a.${name}`, { a: {} })).toMatchObject({ notFound: true });
      expect(evaluate(`lookup(a, '${name}')`, { a: {} })).toBe(null);
    }
    expect(evaluate('__proto__.x', JSON.parse('{"__proto__": {"x": 1}}'))).toBe(1);
    const hash = evaluate('{"__proto__": a}', { a: { polluted: true } });
    expect(Object.keys(hash as object)).toEqual(['__proto__']);
    expect(evaluate('merge(@, `{}`)', JSON.parse('{"__proto__": {"x": 1}}'))).not.toHaveProperty('x');
    expect(Object.hasOwn({}, 'polluted')).toBe(false);
  });

  it.each([
    ['a long text', `a.${'b.'.repeat(40_000)}c`],
    ['open brackets', '('.repeat(30_000)],
    ['nested functions', `${'abs('.repeat(5000)}a${')'.repeat(5000)}`],
    ['a long chain of pipes', Array.from({ length: 2000 }, () => 'a').join('|')],
    ['deep JSON', `\`${'['.repeat(20_000)}${']'.repeat(20_000)}\``],
    ['doubling lists', Array.from({ length: 40 }, () => '[@, @]').join(' | ')],
    ['doubling functions', Array.from({ length: 40 }, () => 'join(``, [@, @])').join(' | ')],
  ])('refuses %s', (_, text) => {
    const started = performance.now();
    expect(isJmesPathDiagnostic(compileJmesPath(text, HOST))).toBe(true);
    expect(performance.now() - started).toBeLessThan(500);
  });

  it('stops what would take too long or grow too large', () => {
    const list = Array.from({ length: 3000 }, (_, index) => ({ index }));
    expect(evaluate('a[?length(to_array(@)[?index >= `0`]) > `9`] && b', { a: [], b: 1 })).toEqual([]);
    const all = list.map((item) => ({ ...item, all: list }));
    expect(evaluate('list[].all[].index', { list: all })).toMatchObject({
      message: expect.stringContaining('visits more than'),
    });
    const text = 'a'.repeat(1_000_000);
    for (const expression of [
      'replace_all(a, `"a"`, b)',
      "regex_replace_all('a', a, b)",
      "replace(a, '', b, `-1`)",
      'join(a, split(b, `""`))',
    ]) {
      expect(evaluate(expression, { a: text, b: text.slice(0, 1000) }), expression).toBeInstanceOf(EvaluationError);
    }
    expect(evaluate('parse_json(a)', { a: '['.repeat(100_000) })).toBeInstanceOf(EvaluationError);
    expect(evaluate('parse_yaml(a)', { a: '['.repeat(100_000) })).toBeInstanceOf(EvaluationError);
    expect(evaluate("random('((a{1000}){1000}){1000}')")).toBeInstanceOf(EvaluationError);
  });

  it('survives YAML that refers to itself or explodes', () => {
    const laughs = ['a: &a [x, x, x, x, x, x, x, x, x]'];
    for (let level = 0; level < 9; level++) {
      const [name, below] = [String.fromCharCode(98 + level), String.fromCharCode(97 + level)];
      laughs.push(`${name}: &${name} [${Array(9).fill(`*${below}`).join(', ')}]`);
    }
    expect(evaluate('parse_yaml(a)', { a: laughs.join('\n') })).toBeInstanceOf(EvaluationError);
    expect(evaluate('parse_yaml(a)', { a: '&a [*a]' })).toBeInstanceOf(EvaluationError);
  });
});
