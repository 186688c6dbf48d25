import { describe, expect, it } from 'vitest';
import type { Fact } from '../../../facts/fact.ts';
import type { FactRequest } from '../../../facts/fact-request.ts';
import { Need } from '../../../facts/fact-table.ts';
import type { Json, JsonObject } from '../../../kernel/json.ts';
import { NO_CLUSTER } from '../../../model/request.fixture.ts';
import { checks, fails, outcomeOf, PASS, run } from './compile-cel.fixture.ts';

describe('parameters', () => {
  const paramKind = { apiVersion: 'v1', kind: 'ConfigMap' };
  const cel = (paramRef: JsonObject): JsonObject => ({
    paramKind,
    paramRef: { parameterNotFoundAction: 'Deny', ...paramRef },
    ...checks('object.spec.replicas <= int(params.data.max)', { messageExpression: "'at most ' + params.data.max" }),
  });
  const byName = {
    kind: 'resource',
    apiVersion: 'v1',
    resourceKind: 'ConfigMap',
    namespace: 'ns',
    name: 'limits',
  } as const;
  const bySelector = {
    kind: 'resource',
    apiVersion: 'v1',
    resourceKind: 'ConfigMap',
    namespace: 'ns',
    labelSelector: 'a=b',
  } as const;
  const ok = (value: Json): Fact => ({ ok: true, value });
  const max = (value: string): JsonObject => ({ data: { max: value } });
  const selected = { selector: { matchLabels: { a: 'b' } }, parameterNotFoundAction: 'Deny' };

  it.each<[string, JsonObject, readonly (readonly [FactRequest, Fact])[], object]>([
    ['by name', cel({ name: 'limits' }), [[byName, ok(max('3'))]], PASS],
    [
      'of another namespace',
      cel({ name: 'limits', namespace: 'x' }),
      [[{ ...byName, namespace: 'x' }, ok(max('2'))]],
      fails('at most 2'),
    ],
    [
      'each that is selected counts',
      cel(selected),
      [[bySelector, ok([max('9'), max('2'), max('1')])]],
      fails('at most 2'),
    ],
    [
      'none is selected, which denies',
      cel(selected),
      [[bySelector, ok([])]],
      { status: 'error', message: 'error in parameterized resource: no params found' },
    ],
    [
      'none is selected, which is allowed',
      cel({ ...selected, parameterNotFoundAction: 'Allow' }),
      [[bySelector, ok([])]],
      PASS,
    ],
    [
      'not found',
      cel({ name: 'limits' }),
      [[byName, { ok: false, class: 'not-found', message: 'configmaps "limits" not found' }]],
      { status: 'error', message: 'error in parameterized resource: configmaps "limits" not found' },
    ],
  ])('%s', (_name, rule, facts, expected) => {
    expect(outcomeOf(rule, { facts })).toMatchObject(expected);
  });

  it('are asked for', () => {
    expect(run(cel({ name: 'limits' })).ask).toThrow(Need);
  });
});

describe('what the world is asked', () => {
  const namespaced = checks("namespaceObject.metadata.labels.tier == 'gold'");
  const namespace = { kind: 'resource', apiVersion: 'v1', resourceKind: 'Namespace', name: 'ns' } as const;

  it('the namespace, when an expression reads it', () => {
    const value = { metadata: { name: 'ns', labels: { tier: 'gold' } } };
    expect(outcomeOf(namespaced, { facts: [[namespace, { ok: true, value }]] })).toMatchObject(PASS);
    expect(run(namespaced).ask).toThrow(Need);
    expect(
      outcomeOf(namespaced, { facts: [[namespace, { ok: false, class: 'denied', message: 'no' }]] }),
    ).toMatchObject({ status: 'error', message: "Error getting the resource's namespace: no" });
  });

  it('without a cluster only its name is known', () => {
    const request = { standIns: NO_CLUSTER };
    expect(outcomeOf(checks("namespaceObject.metadata.name == 'ns'"), { request })).toMatchObject(PASS);
    expect(outcomeOf(namespaced, { request })?.status).toBe('fail');
  });

  it('the authorizer; a need is not absorbed by the operators around it', () => {
    const check = "authorizer.group('').resource('pods').namespace('ns').check('delete').allowed()";
    const user = { username: 'ann', groups: [] };
    const asked: FactRequest = {
      kind: 'api-call',
      method: 'POST',
      urlPath: '/apis/authorization.k8s.io/v1/subjectaccessreviews',
      data: {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SubjectAccessReview',
        spec: { resourceAttributes: { verb: 'delete', resource: 'pods', namespace: 'ns' }, user: 'ann' },
      },
    };
    const facts = (allowed: boolean) => [[asked, { ok: true, value: { status: { allowed } } }]] as const;
    expect(outcomeOf(checks(check), { request: { user }, facts: facts(true) })).toMatchObject(PASS);
    expect(outcomeOf(checks(check), { request: { user }, facts: facts(false) })?.status).toBe('fail');
    expect(run(checks(`${check} || true`), { request: { user } }).ask).toThrow(Need);
  });
});
