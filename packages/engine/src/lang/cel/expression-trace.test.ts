import { describe, expect, it } from 'vitest';
import type { TraceStep } from '../../model/decision.ts';
import { traceExpressions } from './expression-trace.ts';
import { createPolicyLanguage } from './policy-language.ts';

function steps(text: string, object: object, path = 'spec.validations[0].expression'): readonly TraceStep[] {
  const language = createPolicyLanguage({ dialect: 'validating', namespace: undefined, report: () => undefined });
  const expression = language.compile(text, path);
  const told: TraceStep[] = [];
  const activation = { object: JSON.parse(JSON.stringify(object)) };
  traceExpressions(
    { activation, host: {} },
    'r',
    (step) => void told.push(step),
    (scope) => expression?.evaluate(scope),
  );
  return told;
}

function details(text: string, object: object): readonly string[] {
  return steps(text, object).map(({ detail }) => detail);
}

describe('what a trace tells of an expression', () => {
  it('the value of each part, in the order they are computed', () => {
    expect(details('object.a + 1 == 2 && object.b', { a: 1, b: false })).toEqual([
      'object.a → 1',
      'object.a + 1 → 2',
      'object.a + 1 == 2 → true',
      'object.b → false',
      'object.a + 1 == 2 && object.b → false',
    ]);
  });

  it('the different values of a loop, a few of them', () => {
    expect(details('object.a.map(x, x * 2)', { a: [1, 1, 2, 3, 4] })).toEqual([
      'object.a → [1, 1, 2, 3, 4]',
      'x * 2 → 2, 4, 6, …',
      'object.a.map(x, x * 2) → [2, 2, 4, 6, 8]',
    ]);
  });

  it('errors', () => {
    expect(details('object.a == 1', {})).toContain('object.a → error: no such key: a');
  });

  it('large values and long texts in short', () => {
    const [first] = details('object.a == ""', { a: 'x'.repeat(1_000_000) });
    expect(first?.length).toBeLessThan(300);
    const [list] = details('object.a == []', { a: Array.from({ length: 100_000 }, (_, index) => ({ index })) });
    expect(list?.length).toBeLessThan(300);
  });

  it('a bounded number of parts', () => {
    const text = Array.from({ length: 500 }, (_, index) => `object.a${index}`).join(' == 1 || ');
    expect(steps(`${text} == 1`, {}).length).toBeLessThanOrEqual(200);
  });

  it.each([
    ['spec.matchConditions[0].expression', 'precondition'],
    ['spec.variables[0].expression', 'context'],
    ['spec.validations[0].expression', 'check'],
  ])('%s is a step `%s`, and told once', (path, step) => {
    expect(steps('object.a == 1', { a: 1 }, path)).toEqual([
      { rule: 'r', step, outcome: 'info', detail: 'object.a → 1', path },
      { rule: 'r', step, outcome: 'info', detail: 'object.a == 1 → true' },
    ]);
  });
});
