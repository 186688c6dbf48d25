import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../store/json-value.ts';
import { compileValidationRules } from './validation-rules.ts';

function schema(...rules: JsonObject[]): JsonObject {
  return {
    type: 'object',
    properties: {
      spec: {
        type: 'object',
        'x-kubernetes-validations': rules,
        properties: {
          sizes: { type: 'array', items: { type: 'integer', 'x-kubernetes-validations': [{ rule: 'self > 0' }] } },
        },
      },
    },
  };
}

describe('compileValidationRules', () => {
  it.each<[string, JsonObject, JsonObject, JsonObject | undefined, string[]]>([
    ['holds', { rule: 'self.min <= self.max' }, { min: 1, max: 2 }, undefined, []],
    [
      'fails with its text',
      { rule: 'self.min <= self.max' },
      { min: 3, max: 2 },
      undefined,
      ['spec: Invalid value: "object": failed rule: self.min <= self.max'],
    ],
    ['fails with a message', { rule: 'false', message: 'no' }, {}, undefined, ['spec: Invalid value: "object": no']],
    [
      'makes its message',
      { rule: 'false', messageExpression: "'min ' + string(self.min)" },
      { min: 3 },
      undefined,
      ['spec: Invalid value: "object": min 3'],
    ],
    [
      'names a field and a reason',
      { rule: 'false', message: 'no', reason: 'FieldValueForbidden', fieldPath: '.min' },
      {},
      undefined,
      ['spec.min: Forbidden: no'],
    ],
    [
      'cannot be evaluated',
      { rule: 'self.none == 1' },
      {},
      undefined,
      ['spec: Invalid value: "object": rule evaluation error: no such key: none: evaluating rule: self.none == 1'],
    ],
    ['is about a change, on create', { rule: 'self.min == oldSelf.min' }, { min: 1 }, undefined, []],
    [
      'is about a change, on update',
      { rule: 'self.min == oldSelf.min', message: 'fixed' },
      { min: 1 },
      { min: 2 },
      ['spec: Invalid value: "object": fixed'],
    ],
  ])('a rule that %s', (_name, rule, spec, old, expected) => {
    const check = compileValidationRules(schema(rule));
    const causes = check?.({ spec }, old === undefined ? undefined : { spec: old }) ?? [];
    expect(causes.map(({ field, message }) => `${field}: ${message}`)).toEqual(expected);
  });

  it('reaches into lists', () => {
    const causes = compileValidationRules(schema())?.({ spec: { sizes: [1, 0, -1] } }, undefined) ?? [];
    expect(causes.map(({ field }) => field)).toEqual(['spec.sizes[1]', 'spec.sizes[2]']);
  });

  it('is nothing for a schema without rules', () => {
    expect(compileValidationRules({ type: 'object', properties: { a: { type: 'string' } } })).toBeUndefined();
  });
});
