import { expect, it } from 'vitest';
import { createEnvironment } from '../environment/environment.ts';
import { CelError } from '../values/cel-error.ts';
import { DYN, structType } from '../values/cel-type.ts';
import type { CelResult } from '../values/cel-value.ts';
import { LazyRecord } from './lazy-record.ts';

const VARIABLES = structType('variables');
const environment = createEnvironment({
  variables: { variables: VARIABLES },
  types: [{ name: VARIABLES.name, fieldType: () => DYN }],
});

function evaluate(text: string, fields: Readonly<Record<string, () => CelResult>>): CelResult {
  const compiled = environment.compile(text);
  if ('issues' in compiled) throw new Error(compiled.issues[0]?.message);
  return compiled.program.evaluate({ variables: new LazyRecord(VARIABLES, new Map(Object.entries(fields))) });
}

it('computes a field at most once, and only when it is read', () => {
  let count = 0;
  const fields = { a: () => ++count, b: () => new CelError('b is broken') };
  expect(evaluate('variables.a + variables.a + variables.a', fields)).toBe(3);
  expect(count).toBe(1);
  expect(evaluate('has(variables.b) && !has(variables.c) && variables.a == 2', fields)).toBe(true);
});

it('keeps errors, and lets what is thrown pass', () => {
  const need = { need: true };
  const fields = {
    broken: () => new CelError('broken'),
    asks: () => {
      throw need;
    },
  };
  expect(evaluate('variables.broken == 1 || true', fields)).toBe(true);
  expect(evaluate('variables.broken', fields)).toEqual(new CelError('broken'));
  expect(evaluate('variables.toString', fields)).toEqual(new CelError('no such key: toString'));
  expect(() => evaluate('variables.asks == 1 || true', fields)).toThrow(expect.objectContaining(need));
});
