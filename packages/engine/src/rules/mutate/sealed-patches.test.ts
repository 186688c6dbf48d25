import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EvaluationError } from '../../kernel/evaluation-error.ts';
import { STILL_HOST } from '../../kernel/host.fixture.ts';
import { type Json, type JsonObject, memberAt } from '../../kernel/json.ts';
import { createJsonScope } from '../../lang/variables/json-scope.ts';
import { compilePatcher } from './patcher.ts';

/** A target that a policy patches with something out of the request. */
const target: JsonObject = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'shared', annotations: { a: 'b' } },
  data: { admin: 'nobody' },
};

function patch(operations: string, a: Json): JsonObject | EvaluationError {
  const tools = { host: STILL_HOST, report: () => undefined, path: 'spec.rules[0].mutate', isWholeRule: true };
  const scope = createJsonScope({ request: { object: { a } }, policy: { value: '1' } }, 0);
  return compilePatcher({ patchesJson6902: operations }, tools)(target, scope);
}

const operation = (value: string, path = '/data/note'): string => `- op: add\n  path: ${path}\n  value: ${value}\n`;
const noteOf = (result: JsonObject | EvaluationError): Json | undefined =>
  result instanceof EvaluationError ? result.message : memberAt(result, 'data', 'note');

const HOSTILE = [
  'x\n- op: replace\n  path: /data/admin\n  value: me',
  'x"\n- op: replace\n  path: /data/admin\n  value: "me',
  "x'\n- {op: replace, path: /data/admin, value: me}\n# '",
  '{op: replace}',
  '[1, 2]',
  '*alias',
  '!!binary x',
  '# comment',
  'a: b',
  '{{ policy.value }}',
  '',
];

describe('a value of the request in the text of a patch', () => {
  it.each([
    '{{ request.object.a }}',
    '"{{ request.object.a }}"',
    "'{{ request.object.a }}'",
    '"pre {{ request.object.a }}"',
  ])('stays one value in %s, whatever it holds', (value) => {
    for (const hostile of HOSTILE) {
      const result = patch(operation(value), hostile);
      const prefix = value.includes('pre ') ? 'pre ' : '';
      const isPlain = !value.startsWith('"') && !value.startsWith("'");
      expect(noteOf(result), hostile).toBe(isPlain && hostile === '' ? null : prefix + hostile);
      expect(result instanceof EvaluationError ? undefined : memberAt(result, 'data', 'admin')).toBe('nobody');
    }
  });

  it('stays one value in a block', () => {
    for (const hostile of HOSTILE.filter((text) => text !== '')) {
      const result = patch(`- op: add\n  path: /data/note\n  value: |-\n    a {{ request.object.a }}\n`, hostile);
      expect(noteOf(result)).toBe(`a ${hostile}`);
    }
  });

  it('stays one value, whatever text it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (a) => {
        expect(noteOf(patch(operation('"{{ request.object.a }}"'), a))).toBe(a);
      }),
    );
  });

  it.each<[string, Json, Json]>([
    ['{{ request.object.a }}', '3', 3],
    ['{{ request.object.a }}', 3, 3],
    ['{{ request.object.a }}', 'true', true],
    ['{{ request.object.a }}', 'web', 'web'],
    ['{{ request.object.a }}', 'nginx:1.2', 'nginx:1.2'],
    ['"{{ request.object.a }}"', '3', '3'],
    ['{{ request.object.a }}', { b: ['{{ policy.value }}', 'x\n- y'] }, { b: ['{{ policy.value }}', 'x\n- y'] }],
    ['[{{ request.object.a }}, 2]', 1, [1, 2]],
    ['{{ policy.value }}', '', 1],
    ["{{ to_upper('{{ request.object.a }}') }}", 'a: b', 'A: B'],
  ])('%s is what it was: %j', (value, a, expected) => {
    expect(noteOf(patch(operation(value), a))).toEqual(expected);
  });

  it('may be a part of a path', () => {
    const result = patch(operation('x', '/data/{{ request.object.a }}'), 'key.of-it');
    expect(result instanceof EvaluationError ? result.message : result['data']).toEqual({
      admin: 'nobody',
      'key.of-it': 'x',
    });
  });
});
