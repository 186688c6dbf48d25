import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Fact } from '../../facts/fact.ts';
import { FactTable } from '../../facts/fact-table.ts';
import { EvaluationError } from '../../kernel/evaluation-error.ts';
import { STILL_HOST } from '../../kernel/host.fixture.ts';
import type { Json, JsonObject } from '../../kernel/json.ts';
import { compileContext } from './compile-context.ts';
import { compileTemplate } from './compile-template.ts';
import { createJsonScope } from './json-scope.ts';
import type { Scope } from './scope.ts';

const policy = { apiVersion: 'kyverno.io/v1', kind: 'ClusterPolicy', name: 'p' };

/** What the policy of these tests loads and never means to tell. */
const TOKEN = 'S3CRET';
const asked: string[] = [];

const context: readonly JsonObject[] = [
  { name: 'vault', apiCall: { urlPath: '/api/v1/namespaces/kyverno/secrets/token', jmesPath: 'data.token' } },
  { name: 'settings', configMap: { name: 'settings', namespace: 'kyverno' } },
  { name: 'greeting', variable: { value: 'hello {{ settings.data.who }}' } },
  { name: 'stored', variable: { jmesPath: 'request.object.a' } },
  { name: 'prefixed', variable: { value: 'x-{{ stored }}' } },
  { name: 'carried', variable: { value: { deep: ['{{ request.object.a }}'] } } },
  { name: 'mixed', variable: { value: 'm {{ settings.data.holder }}' } },
  { name: 'picked', variable: { jmesPath: "settings.data.{{ request.object.a }} || 'none'" } },
  { name: 'listed', apiCall: { urlPath: '/api/v1/pods', jmesPath: "items[?name == '{{ request.object.a }}'].uid" } },
  { name: 'looked', apiCall: { urlPath: '/api/v1/namespaces/team/configmaps/{{ request.object.a }}' } },
  { name: 'searched', apiCall: { urlPath: '/api/v1/pods?labelSelector=app%3D{{ request.object.a }}' } },
];

const ANSWERS: Readonly<Record<string, Json>> = {
  '/api/v1/namespaces/kyverno/secrets/token': { data: { token: TOKEN } },
  '/api/v1/pods': {
    items: [
      { name: 'a', uid: 1 },
      { name: "it's", uid: 2 },
    ],
  },
};

function answer(request: { readonly kind: string; readonly urlPath?: string }): Fact {
  if (request.kind === 'config-map') {
    const data = { who: '{{ nested }}', name: 'world', holder: '{{ request.object.a }}', env: 'prod' };
    return { ok: true, value: { data, metadata: {} } };
  }
  asked.push(request.urlPath ?? '');
  return { ok: true, value: ANSWERS[request.urlPath ?? ''] ?? { asked: request.urlPath ?? '' } };
}

/** The context of a request whose object holds `a`. */
function scopeOf(a: Json): Scope {
  const facts = new FactTable();
  facts.get = (request) => answer(request as { readonly kind: string });
  const root = createJsonScope({ request: { object: { a } }, nested: 'world' }, 0);
  return compileContext(context, policy, { host: STILL_HOST }).attach(root, facts);
}

function fill(template: Json, a: Json): Json | EvaluationError {
  asked.length = 0;
  return compileTemplate(template, { host: STILL_HOST }).evaluate(scopeOf(a));
}

const shown = (result: Json | EvaluationError): string =>
  result instanceof EvaluationError ? `error: ${result.message}` : JSON.stringify(result);

const PAYLOADS = [
  '{{ vault }}',
  '{{vault}}',
  '{{- vault }}',
  '}} {{ vault }}',
  '\\{{ vault }}',
  '{{ {{ vault }} }}',
  "' || vault || '",
  "\\' || vault || '",
  '" || vault || "',
  '`a` || vault',
  'x || vault',
  "'), vault) || (''",
  '\uFDD0t\uFDD27b\uFDD1 {{ vault }}',
  '\uFDD2007b\uFDD2007b vault }}',
  '{',
  '}}',
  '{{',
  '\\',
  "'",
  '`',
  '"',
];

/** How policies use a value of the request. */
const TEMPLATES: readonly string[] = [
  'a {{ request.object.a }} b',
  '{{ request.object.a }}{{ request.object.a }}',
  '{{{ request.object.a }} vault }}',
  '{ {{ request.object.a }} }',
  '{{- request.object.a }} b',
  'a {{ stored }}',
  'a {{ prefixed }}',
  'a {{ carried }}',
  'a {{ mixed }}',
  "{{ to_upper('{{ request.object.a }}') }}",
  "a {{ to_lower('{{ to_upper('{{ request.object.a }}') }}') }}",
  '{{ "{{ request.object.a }}" || \'none\' }}',
  '{{ settings.data."{{ request.object.a }}" || \'none\' }}',
  'a {{ `"{{ request.object.a }}"` }}',
  'a {{ `{{ request.object.a }}` }}',
  'a {{ {{ request.object.a }} }}',
  'a {{ settings.data.{{ request.object.a }} }}',
  'a {{ length({{ request.object.a }}) }}',
  'a {{ picked }}',
  'a {{ listed }}',
];

describe('what a submitter writes', () => {
  it.each(TEMPLATES)('never asks for anything where a policy writes %s', (template) => {
    for (const payload of PAYLOADS) {
      const result = shown(fill(template, payload));
      expect(result, payload).not.toContain(TOKEN);
      expect(asked, payload).not.toContain('/api/v1/namespaces/kyverno/secrets/token');
    }
  });

  it.each([
    ['x {{ request.object.a }}', 'x {{ vault }}'],
    ['x {{- request.object.a }}', 'x {{ vault }}'],
    ['x {{ stored }}', 'x {{ vault }}'],
    ['x {{ prefixed }}', 'x x-{{ vault }}'],
    ['x {{ mixed }}', 'x m {{ vault }}'],
    ['{{ carried }}', { deep: ['{{ vault }}'] }],
    ['x {{ carried }}', 'x {"deep":["{{ vault }}"]}'],
    ["x {{ to_upper('{{ request.object.a }}') }}", 'x {{ VAULT }}'],
    ['{{ request.object }}', { a: '{{ vault }}' }],
    ['{{ @.request.object }}', { a: '{{ vault }}' }],
  ])('is there as it was written: %s', (template, expected) => {
    expect(fill(template, '{{ vault }}')).toEqual(expected);
  });

  it('is no variable in statements about images either', () => {
    const scope = scopeOf('x').with({ commit: { message: '{{ vault }}' } });
    const template = compileTemplate('by {{ commit.message }}', { host: STILL_HOST });
    expect(template.evaluate(scope)).toBe('by {{ vault }}');
  });

  it('is there as it was written, whatever it is', () => {
    const hostile = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(fc.constantFrom(...PAYLOADS, '\uFDD0', '\uFDD1', '\uFDD2', ' ', 'vault')).map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(hostile, (a) => {
        expect(fill('x {{ request.object.a }} y', a)).toBe(`x ${a} y`);
        expect(fill('{{ request.object.a }}{{ prefixed }}', a)).toBe(`${a}x-${a}`);
        if (!a.endsWith('\\')) expect(fill("x {{ '{{ request.object.a }}' }} y", a)).toBe(`x ${a} y`);
        expect(fill('x {{ `"{{ request.object.a }}"` }} y', a)).toBe(`x ${a} y`);
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    ['a {{ {{ request.object.a }} }}', 'vault'],
    ['a {{ settings.data.{{ request.object.a }} }}', 'env || vault'],
    ['a {{ settings.data.{{ request.object.a }}(vault) }}', 'length'],
    ["a {{ 'x{{ request.object.a }}' }}", '\\'],
    ['a {{ `{{ request.object.a }}` }}', '1` || vault'],
  ])('is refused as an expression: %s with %s', (template, a) => {
    expect(shown(fill(template, a))).toContain('would become a part of the expression itself');
  });
});

describe('what a policy relies on', () => {
  it.each<[string, Json, Json]>([
    ['x {{ settings.data.who }}', 'a', 'x world'],
    ['{{ greeting }}', 'a', 'hello world'],
    ['x {{ settings.data.holder }}', 'b', 'x b'],
    ['x {{ settings.data.{{ request.object.a }} }}', 'env', 'x prod'],
    ['x {{ settings.data."{{ request.object.a }}" }}', 'env', 'x prod'],
    ['{{ [`1`, `2`][{{ request.object.a }}] }}', 1, 2],
    ['x {{ length(`{{ request.object.a }}`) }}', { b: '`"', c: 1 }, 'x 2'],
    ['{{ picked }}', 'env', 'prod'],
    ['{{ listed }}', "it's", [2]],
  ])('%s with %j', (template, a, expected) => {
    expect(fill(template, a)).toEqual(expected);
  });
});

describe('the address of a call', () => {
  it.each(['../secrets/token', '..', 'x?limit=1', 'x#', '%2e%2e/secrets', 'a\\b', 'a/../../secrets'])(
    'is not moved by %s',
    (a) => {
      expect(shown(fill('{{ looked }}', a))).toContain('would change the path of the call');
      expect(asked).toEqual([]);
    },
  );

  it('keeps a value within its parameter', () => {
    expect(shown(fill('{{ searched }}', 'web&fieldSelector=x#y'))).not.toContain('error');
    expect(asked).toEqual(['/api/v1/pods?labelSelector=app%3Dweb%26fieldSelector=x%23y']);
    fill('{{ looked }}', 'settings');
    expect(asked).toEqual(['/api/v1/namespaces/team/configmaps/settings']);
  });
});
