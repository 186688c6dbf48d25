import { describe, expect, it } from 'vitest';
import { evaluate } from '../../evaluate/evaluate.ts';
import type { Fact } from '../../facts/fact.ts';
import type { FactRequest } from '../../facts/fact-request.ts';
import { tableOf } from '../../facts/fact-source.fixture.ts';
import type { Json, JsonObject } from '../../kernel/json.ts';
import { requestOf } from '../../model/request.fixture.ts';
import { admissionBinding, admissionPolicy, compiledPolicy, matching } from '../policies.fixture.ts';

const MAP: JsonObject = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'm', namespace: 'ns', labels: { app: 'web' } },
  data: { a: '1' },
};

function policy(spec: JsonObject, version?: string): JsonObject {
  const written = { matchConstraints: matching('configmaps'), failurePolicy: 'Fail', reinvocationPolicy: 'Never' };
  return admissionPolicy('MutatingAdmissionPolicy', { ...written, ...spec }, version);
}

function binding(name: string, spec?: JsonObject): JsonObject {
  return admissionBinding('MutatingAdmissionPolicyBinding', name, spec);
}

function label(key: string, value: string): JsonObject {
  return {
    patchType: 'JSONPatch',
    jsonPatch: { expression: `[JSONPatch{op: 'add', path: '/metadata/labels/${key}', value: ${value}}]` },
  };
}

function judge(
  documents: readonly JsonObject[],
  facts: readonly (readonly [FactRequest, Fact])[] = [],
  object: JsonObject = MAP,
): { readonly told: readonly string[]; readonly labels: Json | undefined; readonly patched: JsonObject | undefined } {
  const { decision } = evaluate(compiledPolicy(documents), requestOf(object), tableOf(facts), 'mutate');
  const results = decision?.results ?? [];
  const metadata = decision?.patched?.['metadata'] as JsonObject | undefined;
  return {
    told: results.map(({ rule, status, message, properties = {} }) =>
      [rule, status, message, ...Object.values(properties)].join('|'),
    ),
    labels: metadata?.['labels'],
    patched: decision?.patched,
  };
}

const PASSED = 'p|pass|mutation is successfully applied';

describe('without bindings', () => {
  it.each(['v1', 'v1beta1', 'v1alpha1'])('%s is applied where it matches', (version) => {
    const { told, labels } = judge([policy({ mutations: [label('b', "'x'")] }, version)]);
    expect(told).toEqual([PASSED]);
    expect(labels).toEqual({ app: 'web', b: 'x' });
  });

  it.each([
    [
      'a condition that does not hold',
      { matchConditions: [{ name: 'c', expression: 'false' }] },
      "p|skip|match conditions aren't met",
    ],
    [
      'a condition that fails',
      { matchConditions: [{ name: 'c', expression: 'object.nope == 1' }] },
      "p|error|expression 'object.nope == 1' resulted in error: no such key: nope",
    ],
    [
      'a mutation that fails',
      { mutations: [label('b', 'object.nope')] },
      "p|error|expression '[JSONPatch{op: 'add', path: '/metadata/labels/b', value: object.nope}]' resulted in error: no such key: nope",
    ],
    [
      'a patch that does not apply',
      { mutations: [{ patchType: 'JSONPatch', jsonPatch: { expression: "[JSONPatch{op: 'remove', path: '/x'}]" } }] },
      'p|error|JSON Patch: remove operation does not apply: doc is missing path: "/x": missing value',
    ],
    [
      "Kyverno's libraries are not there",
      { mutations: [label('b', 'hash.md5(object.kind)')] },
      /^p\|error\|compilation error: /,
    ],
  ] satisfies [string, JsonObject, string | RegExp][])('%s', (_what, spec, expected) => {
    const { told, patched } = judge([policy({ mutations: [label('b', "'x'")], ...spec })]);
    expect(told).toHaveLength(1);
    expect(told[0]).toMatch(expected);
    expect(patched).toBeUndefined();
  });

  it('each mutation sees the one before, and variables are evaluated anew', () => {
    const { labels } = judge([
      policy({
        variables: [{ name: 'app', expression: 'object.metadata.labels.app' }],
        mutations: [label('app', "variables.app + '!'"), label('b', 'variables.app')],
      }),
    ]);
    expect(labels).toEqual({ app: 'web!', b: 'web!' });
  });

  it('objects have no schema: maps merge, lists are replaced', () => {
    const object: JsonObject = { ...MAP, data: { a: '1' }, list: [1, 2] };
    const expression = "Object{data: Object.data{b: '2'}, list: [3]}";
    const { patched } = judge(
      [policy({ mutations: [{ patchType: 'ApplyConfiguration', applyConfiguration: { expression } }] })],
      [],
      object,
    );
    expect(patched).toEqual({ ...object, data: { a: '1', b: '2' }, list: [3] });
  });

  it('what nobody asked for is asked by the scanner', () => {
    const { labels } = judge([policy({ mutations: [label('b', 'request.userInfo.username')] })]);
    expect(labels).toEqual({ app: 'web', b: 'system:kyverno:background-scan' });
  });
});

describe('bindings', () => {
  const document = policy({
    mutations: [label('n', "'n' in object.metadata.labels ? object.metadata.labels.n + 'x' : 'x'")],
  });
  const only = (name: string): JsonObject => ({
    matchResources: matching('configmaps', ['CREATE'], { resourceNames: [name] }),
  });

  it('each sees what those before made; the last is told', () => {
    const { told, labels } = judge([
      document,
      binding('one'),
      binding('two', only('m')),
      binding('three', only('other')),
    ]);
    expect(told).toEqual([`${PASSED}|two`]);
    expect(labels).toEqual({ app: 'web', n: 'xx' });
  });

  it('none that matches: nothing', () => {
    expect(judge([document, binding('one', only('other'))])).toEqual({
      told: [],
      labels: undefined,
      patched: undefined,
    });
  });

  const parameter: JsonObject = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'params' },
    data: { v: 'told' },
  };
  const asked: FactRequest = {
    kind: 'resource',
    apiVersion: 'v1',
    resourceKind: 'ConfigMap',
    namespace: 'ns',
    name: 'params',
  };
  const parameterised = policy({
    paramKind: { apiVersion: 'v1', kind: 'ConfigMap' },
    mutations: [label('b', 'params.data.v')],
  });
  const bound = binding('one', { paramRef: { name: 'params', parameterNotFoundAction: 'Deny' } });

  it('hand parameters over', () => {
    const { told, labels } = judge([parameterised, bound], [[asked, { ok: true, value: parameter }]]);
    expect(told).toEqual([`${PASSED}|one`]);
    expect(labels).toEqual({ app: 'web', b: 'told' });
  });

  it('whose parameters are not there are an error', () => {
    const missing: Fact = { ok: false, class: 'not-found', message: 'no such map' };
    expect(judge([parameterised, bound], [[asked, missing]]).told).toEqual(['p|error|no such map|one']);
  });
});

describe('attacks', () => {
  it.each(['metadata/name', 'metadata/namespace', 'kind'])('a patch cannot change %s', (path) => {
    const expression = `[JSONPatch{op: 'replace', path: '/${path}', value: 'other'}]`;
    const { told, patched } = judge([policy({ mutations: [{ patchType: 'JSONPatch', jsonPatch: { expression } }] })]);
    expect(told).toEqual([`p|error|a mutation may not change ${path.replace('/', '.')}`]);
    expect(patched).toBeUndefined();
  });
});
