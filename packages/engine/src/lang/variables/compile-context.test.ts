import { describe, expect, it } from 'vitest';
import type { Fact } from '../../facts/fact.ts';
import type { FactRequest } from '../../facts/fact-request.ts';
import { tableOf } from '../../facts/fact-source.fixture.ts';
import { Need } from '../../facts/fact-table.ts';
import { EvaluationError } from '../../kernel/evaluation-error.ts';
import { STILL_HOST } from '../../kernel/host.fixture.ts';
import type { Json, JsonObject } from '../../kernel/json.ts';
import type { PolicyRef } from '../../model/decision.ts';
import { compileContext } from './compile-context.ts';
import { createJsonScope } from './json-scope.ts';
import { compileQuery } from './query.ts';

const cluster: PolicyRef = { apiVersion: 'kyverno.io/v1', kind: 'ClusterPolicy', name: 'p' };
const namespaced: PolicyRef = { apiVersion: 'kyverno.io/v1', kind: 'Policy', name: 'p', namespace: 'team' };
const variables: JsonObject = {
  request: { object: { a: 1, name: 'web' }, namespace: 'ns' },
  known: { x: 1, deep: { y: 1 } },
};

type Known = readonly (readonly [FactRequest, Fact])[];

function read(
  query: string,
  entries: readonly JsonObject[],
  facts: Known = [],
  policy = cluster,
): Json | EvaluationError {
  const table = tableOf(facts);
  const scope = compileContext(entries, policy, { host: STILL_HOST }).attach(createJsonScope(variables, 0), table);
  return compileQuery(query, STILL_HOST).evaluate(scope);
}

const messageOf = (result: Json | EvaluationError): string =>
  result instanceof EvaluationError ? result.message : `no error: ${JSON.stringify(result)}`;
const variable = (name: string, block: JsonObject): JsonObject => ({ name, variable: block });
const found = (value: Json): Fact => ({ ok: true, value });
const missing: Fact = { ok: false, class: 'not-found', message: 'not found' };

describe('variable', () => {
  it.each<[string, readonly JsonObject[], Json]>([
    ['v', [variable('v', { value: 'a {{ request.object.name }}' })], 'a web'],
    ['v', [variable('v', { jmesPath: 'request.object.a' })], 1],
    ['v', [variable('v', { value: { a: { b: 2 } }, jmesPath: 'a.b' })], 2],
    ['v', [variable('v', { jmesPath: 'request.object.{{ k }}', default: 'd' })], 'd'],
    ['v', [variable('v', { jmesPath: 'request.object.nope', default: 'd' })], 'd'],
    ['v', [variable('v', { jmesPath: 'request.object.nope || `null`', default: 'd' })], 'd'],
    ['v', [variable('v', { default: '{{ request.object.name }}' })], 'web'],
    ['b', [variable('a', { value: 1 }), variable('b', { jmesPath: 'a' })], 1],
    ['a', [variable('a', { value: 1 }), variable('a', { value: [2] })], [2]],
    ['known', [variable('known', { value: { z: 1 } })], { z: 1 }],
    ['request.object.a', [variable('v', { value: '{{ broken }}' })], 1],
  ])('%s of %j', (query, entries, expected) => {
    if (JSON.stringify(entries).includes('{{ k }}')) {
      expect(messageOf(read(query, entries))).toMatch(/^failed to substitute variables in context entry v /);
    } else {
      expect(read(query, entries)).toEqual(expected);
    }
  });

  it.each<[JsonObject, string]>([
    [
      { jmesPath: 'request.object.nope' },
      'failed to apply jmespath request.object.nope to variable <nil>: JMESPath query failed: Unknown key "nope" in path',
    ],
    [{ value: { a: null }, jmesPath: 'a' }, 'failed to add context entry for variable v since it evaluated to nil'],
    [{}, 'failed to add context entry for variable v since it evaluated to nil'],
    [
      { value: '{{ later }}' },
      'failed to substitute variables in context entry v: failed to resolve later at path : JMESPath query failed: Unknown key "later" in path',
    ],
  ])('%j fails', (block, message) => {
    expect(messageOf(read('v', [variable('v', block), variable('later', { value: 1 })]))).toBe(message);
  });

  it('counts what entries hold', () => {
    const big = variable('v', { value: 'x'.repeat(3 * 1024 * 1024) });
    expect(messageOf(read('v', [big]))).toMatch(
      /^context size limit exceeded: \d+ bytes exceeds limit of 2097152 bytes$/,
    );
  });
});

describe('configMap', () => {
  const request: FactRequest = { kind: 'config-map', namespace: 'default', name: 'web' };
  const entry: JsonObject = { name: 'known', configMap: { name: '{{ request.object.name }}' } };
  it('asks for the fact it lacks, then merges data and metadata into what is there', () => {
    expect(() => read('known', [entry])).toThrow(new Need(request).message);
    const map = { kind: 'ConfigMap', data: { k: 'v' }, metadata: { name: 'web' }, binaryData: { b: '' } };
    expect(read('known', [entry], [[request, found(map)]])).toEqual({
      x: 1,
      deep: { y: 1 },
      data: { k: 'v' },
      metadata: { name: 'web' },
    });
  });

  it.each<[JsonObject, PolicyRef, string]>([
    [
      { name: 'web' },
      cluster,
      'failed to retrieve config map for context entry c: failed to get configmap default/web : not found',
    ],
    [
      { name: 'web', namespace: 'other' },
      namespaced,
      'failed to retrieve config map for context entry c: context entry c: configMap namespace "other" is different from policy namespace "team"',
    ],
    [
      { name: '{{ request.object.a }}' },
      cluster,
      'failed to retrieve config map for context entry c: failed to substitute variables in context c configMap.name {{ request.object.a }}: expected string, got float64',
    ],
  ])('%j fails', (configMap, policy, message) => {
    expect(messageOf(read('c', [{ name: 'c', configMap }], [[request, missing]], policy))).toBe(message);
  });
});

describe('apiCall', () => {
  const get = (urlPath: string): FactRequest => ({ kind: 'api-call', method: 'GET', urlPath });
  it.each<[JsonObject, Known, Json]>([
    [
      { urlPath: '/api/v1/namespaces/{{ request.namespace }}' },
      [[get('/api/v1/namespaces/ns'), found({ a: 1 })]],
      { a: 1 },
    ],
    [{ urlPath: '/x', jmesPath: 'items | length(@)' }, [[get('/x'), found({ items: [1, 2] })]], 2],
    [{ urlPath: '/x', jmesPath: 'items', default: 'd' }, [[get('/x'), missing]], 'd'],
    [
      { urlPath: '/x', method: 'POST', data: [{ key: 'k', value: '{{ request.object.a }}' }] },
      [[{ kind: 'api-call', method: 'POST', urlPath: '/x', data: { k: 1 } }, found(true)]],
      true,
    ],
    [
      {
        method: 'GET',
        service: { url: 'https://a/{{ request.object.name }}', caBundle: 'pem', headers: [{ key: 'h', value: 'v' }] },
      },
      [
        [
          {
            kind: 'service-call',
            method: 'GET',
            url: 'https://a/web',
            headers: [{ key: 'h', value: 'v' }],
            caBundle: 'pem',
          },
          found('s'),
        ],
      ],
      's',
    ],
  ])('%j', (apiCall, facts, expected) => {
    expect(read('c', [{ name: 'c', apiCall }], facts)).toEqual(expected);
  });

  it.each<[JsonObject, PolicyRef, string]>([
    [
      { urlPath: '/x' },
      cluster,
      'failed to fetch data for APICall: failed to GET resource with raw url: /x: not found',
    ],
    [
      { urlPath: '/x', jmesPath: 'nope', default: null },
      cluster,
      'failed to fetch data for APICall: failed to GET resource with raw url: /x: not found',
    ],
    [
      { service: { url: 'u' }, method: 'PUT' },
      cluster,
      'failed to fetch data for APICall: failed to build HTTP request for APICall c: invalid request type PUT for APICall c',
    ],
    [
      { urlPath: '/api/v1/namespaces/other/secrets' },
      namespaced,
      'failed to fetch data for APICall: path /api/v1/namespaces/other/secrets refers to namespace other, which is different from the policy namespace team',
    ],
    ...[
      '/api/v1/secrets',
      '/api/v1/secrets?x=/namespaces/team',
      '/api/v1/secrets#/namespaces/team',
      '/api/v1/namespaces/team%2f..%2fother/secrets',
      '/apis/a/b/c/namespaces/team/x',
    ].map((urlPath): [JsonObject, PolicyRef, string] => [
      { urlPath },
      namespaced,
      `failed to fetch data for APICall: path ${urlPath} does not contain a namespace segment, which is required for namespaced policies`,
    ]),
    [
      { urlPath: '/api/v1/namespaces/other/secrets?a=/../../../../../api/v1/namespaces/team' },
      namespaced,
      'failed to fetch data for APICall: path /api/v1/namespaces/team refers to namespace other, which is different from the policy namespace team',
    ],
    [
      { urlPath: '/api/v1/namespaces/team/../other/secrets' },
      namespaced,
      'failed to fetch data for APICall: path /api/v1/namespaces/other/secrets refers to namespace other, which is different from the policy namespace team',
    ],
  ])('%j fails', (apiCall, policy, message) => {
    expect(messageOf(read('c', [{ name: 'c', apiCall }], [[get('/x'), missing]], policy))).toBe(message);
  });

  it('a failing expression over the answer is an error, whatever the default', () => {
    const entry = { name: 'c', apiCall: { urlPath: '/x', jmesPath: 'nope', default: 'd' } };
    expect(messageOf(read('c', [entry], [[get('/x'), found({})]]))).toBe(
      'failed to store data for APICall: failed to apply JMESPath nope for context entry c: Unknown key "nope" in path',
    );
  });
});

describe('imageRegistry and globalReference', () => {
  const image: FactRequest = {
    kind: 'image-data',
    reference: 'nginx',
    access: { allowInsecure: true, providers: ['default'], secrets: ['s'] },
  };
  const credentials = { allowInsecureRegistry: true, providers: ['default'], secrets: ['s'] };
  it.each<[JsonObject, Known, Json | string]>([
    [
      { imageRegistry: { reference: 'nginx', jmesPath: 'registry', imageRegistryCredentials: credentials } },
      [[image, found({ registry: 'r' })]],
      'r',
    ],
    [
      { globalReference: { name: 'g.p', jmesPath: 'a' } },
      [[{ kind: 'global-context', name: 'g', projection: 'p' }, found({ a: 3 })]],
      3,
    ],
    [{ globalReference: { name: 'g' } }, [[{ kind: 'global-context', name: 'g' }, found([1])]], [1]],
  ])('%j', (entry, facts, expected) => {
    expect(read('c', [{ name: 'c', ...entry }], facts)).toEqual(expected);
  });

  it('fail in the words of upstream', () => {
    const registry = { name: 'c', imageRegistry: { reference: 'nginx', imageRegistryCredentials: credentials } };
    expect(messageOf(read('c', [registry], [[image, missing]]))).toBe(
      'failed to fetch image descriptor: nginx, error: not found',
    );
    const reference = { name: 'c', globalReference: { name: 'g' } };
    expect(messageOf(read('c', [reference], [[{ kind: 'global-context', name: 'g' }, missing]]))).toBe(
      'failed to marshal APICall data for context entry c: failed to fetch entry key=g',
    );
  });
});

it('an entry of no kind is reported', () => {
  const codes: string[] = [];
  compileContext([{ name: 'x' }], cluster, {
    host: STILL_HOST,
    path: 'spec.rules[0].context',
    report: ({ code, path }) => codes.push(`${code} ${path}`),
  });
  expect(codes).toEqual(['policy-unsupported spec.rules[0].context[0]']);
});
