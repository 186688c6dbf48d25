import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EvaluationError } from '../../kernel/evaluation-error.ts';
import { STILL_HOST } from '../../kernel/host.fixture.ts';
import type { Json, JsonObject } from '../../kernel/json.ts';
import { compileTemplate } from './compile-template.ts';
import { createJsonScope } from './json-scope.ts';

const variables: JsonObject = {
  request: {
    operation: 'CREATE',
    object: { metadata: { name: 'web', labels: { app: 'a' } }, spec: { n: 3, list: [1, 2] } },
  },
  dict: { prod: 'yes', web: 'nested' },
  inner: '{{ dict.prod }}',
  loop: 'x{{ loop }}',
  nothing: null,
  flag: true,
  deep: { a: ['{{ dict.prod }}', 1], '{{ dict.web }}': 2 },
};

function evaluate(document: Json, isDelete = false): Json | EvaluationError {
  return compileTemplate(document, { host: STILL_HOST }).evaluate(createJsonScope(variables, 0, isDelete));
}

const failure = (result: Json | EvaluationError): string =>
  result instanceof EvaluationError ? result.message : `no error: ${JSON.stringify(result)}`;

describe('variables', () => {
  it.each<[string, Json, Json]>([
    ['a whole text keeps the type', '{{ request.object.spec.n }}', 3],
    ['a whole text keeps objects', '{{request.object.metadata.labels}}', { app: 'a' }],
    ['a whole text keeps null', '{{ nothing }}', null],
    ['spliced texts', 'a-{{ request.object.metadata.name }}-b', 'a-web-b'],
    ['spliced objects are JSON', 'l={{ request.object.metadata.labels }}', 'l={"app":"a"}'],
    ['spliced null', 'x {{ nothing }}', 'x null'],
    ['spliced booleans and numbers', '{{ flag }}{{ request.object.spec.n }}', 'true3'],
    ['touching variables', '{{ dict.prod }}{{ dict.web }}', 'yesnested'],
    ['inner variables resolve first', 'v={{ dict.{{ request.object.metadata.name }} }}', 'v=nested'],
    ['inner variables of a whole text', '{{ dict.{{ request.object.metadata.name }} }}', 'nested'],
    ['values are looked at again', 'v={{ inner }}', 'v=yes'],
    ['a whole value that is a text is not', '{{ inner }}', '{{ dict.prod }}'],
    ['variables inside whole objects resolve', '{{ deep }}', { a: ['yes', 1], nested: 2 }],
    ['shallow values are not looked at again', 'v={{- inner }}', 'v={{ dict.prod }}'],
    ['escapes', 'a \\{{ dict.prod }} b', 'a {{ dict.prod }} b'],
    ['an escape beside a variable', '\\{{x}} {{ dict.prod }}', '{{x}} yes'],
    ['multi-select hashes', '{{ {a: dict.prod} }}', { a: 'yes' }],
    ['keys', { '{{ dict.prod }}-k': 1 }, { 'yes-k': 1 }],
    ['out of range is null', '{{ request.object.spec.list[9] }}', null],
    ['nothing to do', { a: [1, 'b', null] }, { a: [1, 'b', null] }],
    [
      'prototype names as keys',
      JSON.parse('{"__proto__":"{{ dict.prod }}"}') as Json,
      JSON.parse('{"__proto__":"yes"}') as Json,
    ],
  ])('%s', (_, document, expected) => {
    expect(evaluate(document)).toEqual(expected);
  });

  it.each<[string, Json, string]>([
    [
      'unknown keys',
      { a: { 'b/c': ['{{ request.object.metadata.nope }}'] } },
      'failed to resolve request.object.metadata.nope at path /a/b\\/c/0: JMESPath query failed: Unknown key "nope" in path',
    ],
    [
      'keys that become no text',
      { '{{ flag }}': 1 },
      'expected string after substituting variables in key "{{ flag }}"',
    ],
    ['endless variables', 'v={{ loop }}', 'variables at path  resolve to too many or too long variables'],
    ['empty variables', '{{ }}', 'failed to resolve  at path : invalid query (nil)'],
  ])('%s', (_, document, message) => {
    expect(failure(evaluate(document))).toBe(message);
  });

  it('reports expressions that do not parse, and fails on them', () => {
    const codes: string[] = [];
    const template = compileTemplate('{{ a..b }}', { host: STILL_HOST, report: ({ code }) => codes.push(code) });
    expect(codes).toEqual(['jmespath-syntax']);
    expect(failure(template.evaluate(createJsonScope({}, 0)))).toMatch(
      /^failed to resolve a\.\.b at path : incorrect query a\.\.b: SyntaxError/,
    );
  });

  it('on DELETE reads the old object', () => {
    expect(failure(evaluate('{{ request.object.x }}', true))).toBe(
      'failed to resolve request.oldObject.x at path : JMESPath query failed: Unknown key "oldObject" in path',
    );
  });

  it('{{@}} is the same place in the resource, two segments down', () => {
    const document = { mutate: { patchStrategicMerge: { metadata: { labels: { app: "{{ to_upper('{{@}}') }}" } } } } };
    expect(evaluate(document)).toEqual({ mutate: { patchStrategicMerge: { metadata: { labels: { app: 'A' } } } } });
  });

  it('shares constant parts with the document', () => {
    const document = { a: { b: [1] }, c: '{{ flag }}' };
    const result = evaluate(document) as JsonObject;
    expect(result['a']).toBe(document.a);
    const constant = compileTemplate(document.a, { host: STILL_HOST });
    expect(constant.constant).toBe(true);
    expect(constant.evaluate(createJsonScope({}, 0))).toBe(document.a);
  });
});

describe('references', () => {
  it.each<[string, Json, Json]>([
    ['relative', { a: { b: 'x', c: '$(./../b)' } }, { a: { b: 'x', c: 'x' } }],
    ['absolute, anchors ignored', { '(a)': { '=(b)': 'x' }, c: 'v $(/a/b)' }, { '(a)': { '=(b)': 'x' }, c: 'v x' }],
    ['operators', { a: 5, b: '$(<=/a)' }, { a: 5, b: '<=5' }],
    ['escapes', { a: 'x \\$(y)' }, { a: 'x $(y)' }],
    ['before variables', { a: '{{ dict.prod }}', b: '$(./../a)' }, { a: 'yes', b: 'yes' }],
  ])('%s', (_, document, expected) => {
    expect(evaluate(document)).toEqual(expected);
  });

  it.each<[Json, string]>([
    [{ a: 5, b: '$(/a)' }, 'NotResolvedReferenceErr,reference $(/a) not resolved at path /b'],
    [{ b: '$(/a)' }, 'got nil resolved variable $(/a) at path /b: <nil>'],
  ])('%j fails', (document, message) => {
    expect(failure(evaluate(document))).toBe(message);
  });
});

describe('any document', () => {
  const texts = fc.oneof(
    fc.string(),
    fc
      .array(
        fc.constantFrom(
          '{{',
          '}}',
          '{',
          '}',
          '\\',
          '-',
          '@',
          ' ',
          'deep',
          'dict.prod',
          'loop',
          'inner',
          '$(',
          ')',
          './a',
          'x',
        ),
        { maxLength: 12 },
      )
      .map((parts) => parts.join('')),
  );
  it('evaluates to JSON or an error, never throws', () => {
    fc.assert(
      fc.property(fc.dictionary(texts, texts), (document) => {
        const result = evaluate(document);
        if (!(result instanceof EvaluationError)) expect(JSON.parse(JSON.stringify(result))).toEqual(result);
      }),
      { numRuns: 1500 },
    );
  });

  it('stays within bounds when values multiply', () => {
    const bomb: JsonObject = { b: { x: '{{ b }}', y: '{{ b }}' } };
    const started = performance.now();
    const result = compileTemplate('{{ b }}', { host: STILL_HOST }).evaluate(createJsonScope(bomb, 0));
    expect(result).toBeInstanceOf(EvaluationError);
    expect(performance.now() - started).toBeLessThan(2000);
  });
});
