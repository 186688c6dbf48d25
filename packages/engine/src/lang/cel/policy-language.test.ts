import { CelError, celTypes } from '@vouchsafe/cel';
import { describe, expect, it } from 'vitest';
import type { Diagnostic } from '../../kernel/diagnostics/diagnostic.ts';
import { createPolicyLanguage, EXCEPTIONS, WANT_BOOL, WANT_STRING, type WantedType } from './policy-language.ts';

function language(told: Diagnostic[], namespace?: string, costLimit?: number) {
  return createPolicyLanguage({
    dialect: 'validating',
    namespace,
    variables: { exceptions: EXCEPTIONS },
    report: (diagnostic) => void told.push(diagnostic),
    ...(costLimit === undefined ? {} : { costLimit }),
  });
}

/** `code message offset` of what is wrong. */
function problems(text: string, wanted?: WantedType, namespace?: string): readonly string[] {
  const told: Diagnostic[] = [];
  language(told, namespace).compile(text, 'spec.x', wanted);
  return told.map(({ code, message, offset }) => `${code} ${message} ${offset ?? '-'}`);
}

describe('what an expression has to be', () => {
  it.each([
    ['true', WANT_BOOL, []],
    ['object.a', WANT_BOOL, ['cel-type output is expected to be of type bool -']],
    ['object.?a.orValue(true)', WANT_BOOL, ['cel-type output is expected to be of type bool -']],
    ['object.?a.orValue(true) == true', WANT_BOOL, []],
    ['1', WANT_STRING, ['cel-type output is expected to be of type string -']],
    ['1', undefined, []],
    ['object.a.b.c', undefined, []],
    ['request.uid', undefined, ["cel-type undefined field 'uid' 7"]],
    [
      'foo + "é" + bar',
      undefined,
      [
        "cel-type undeclared reference to 'foo' (in container '') 0",
        "cel-type undeclared reference to 'bar' (in container '') 12",
      ],
    ],
    ['namespaceObject.metadata.UID', WANT_STRING, []],
    ['namespaceObject.metadata.uid', WANT_STRING, ["cel-type undefined field 'uid' 24"]],
    ['exceptions.allowedImages', undefined, []],
    ['exceptions.allowed', undefined, ["cel-type undefined field 'allowed' 10"]],
  ])('%s', (text, wanted, expected) => {
    expect(problems(text, wanted)).toEqual(expected);
  });

  it('a text that cannot be read', () => {
    expect(problems('object.a ==')[0]).toMatch(/^cel-syntax Syntax error/);
  });

  it('a namespaced policy names no namespace', () => {
    expect(problems('resource.Get("v1", "pods", "a", "b").x == 1', undefined, 'shop')).toHaveLength(1);
    expect(problems('resource.Get("v1", "pods", "b").x == 1', undefined, 'shop')).toEqual([]);
  });
});

describe('variables', () => {
  it('are known once they were added, with their type', () => {
    const told: Diagnostic[] = [];
    const own = language(told);
    expect(own.compile('variables.a', 'x')).toBeUndefined();
    own.addVariable('a', celTypes.STRING);
    expect(own.compile('variables.a', 'x')?.type).toBe(celTypes.STRING);
    expect(own.compile('variables.a + 1', 'x')).toBeUndefined();
    expect(told).toHaveLength(2);
  });
});

describe('evaluation', () => {
  it('each expression has a budget of its own', () => {
    const [small] = [
      language([], undefined, 100).compile('[1,2,3].all(x, [1,2,3].all(y, [1,2,3].all(z, x + y + z > 0)))', 'x'),
    ];
    const value = small?.evaluate({ activation: {}, host: {} });
    expect(value).toBeInstanceOf(CelError);
    expect(small?.evaluate({ activation: {}, host: {} })).toEqual(value);
  });

  it('what is observed comes with its place', () => {
    const seen: string[] = [];
    const expression = language([]).compile('object.a == 1', 'spec.validations[0].expression');
    expression?.evaluate({
      activation: { object: { a: 1 } },
      host: {},
      observe: (text, value, path) => void seen.push(`${path} ${text} ${String(value)}`),
    });
    expect(seen).toContain('spec.validations[0].expression object.a == 1 true');
  });
});
