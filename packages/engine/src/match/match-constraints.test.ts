import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../kernel/json.ts';
import { toMatchConstraints } from '../model/cel-policy-document.ts';
import { requestOf } from '../model/request.fixture.ts';
import type { EvaluationRequest } from '../model/request.ts';
import { compileConstraints, constraintSelectors, guessPlural } from './match-constraints.ts';

const PODS: JsonObject = { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] };

function pod(labels: JsonObject = {}, metadata: JsonObject = {}): JsonObject {
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web', labels, ...metadata } };
}

function request(given: Partial<EvaluationRequest> = {}): EvaluationRequest {
  return requestOf(pod(), { plural: 'pods', namespace: 'shop', ...given });
}

function matches(constraints: JsonObject, given: Partial<EvaluationRequest> = {}): boolean {
  return compileConstraints(toMatchConstraints(constraints)).matches(request(given));
}

describe('resource rules', () => {
  const rule = (more: JsonObject): JsonObject => ({ resourceRules: [{ ...PODS, ...more }] });
  const any = { apiGroups: ['*'], apiVersions: ['*'], operations: ['*'] };
  const namespaceKind = { group: '', version: 'v1', kind: 'Namespace' };
  const ns: Partial<EvaluationRequest> = { kind: namespaceKind, plural: 'namespaces', namespace: 'shop', name: 'shop' };
  const rows: [string, JsonObject, Partial<EvaluationRequest>, boolean][] = [
    ['without rules everything', {}, {}, true],
    ['the resource', rule({}), {}, true],
    ['another resource', rule({ resources: ['services'] }), {}, false],
    ['another group', rule({ apiGroups: ['apps'] }), {}, false],
    ['another version', rule({ apiVersions: ['v2'] }), {}, false],
    ['any group and version', rule(any), { operation: 'DELETE' }, true],
    ['another operation', rule({}), { operation: 'UPDATE' }, false],
    ['no operation is all of them', rule({ operations: [] }), {}, true],
    ['`*` is no subresource', rule({ resources: ['*'] }), { subresource: 'status' }, false],
    ['`*` is any resource', rule({ resources: ['*'] }), {}, true],
    ['`*/*` is everything', rule({ resources: ['*/*'] }), { subresource: 'status' }, true],
    ['`pods/*` is Pods as well', rule({ resources: ['pods/*'] }), {}, true],
    ['`pods/*` and a subresource', rule({ resources: ['pods/*'] }), { subresource: 'exec' }, true],
    ['`*/scale`', rule({ resources: ['*/scale'] }), { subresource: 'scale' }, true],
    ['`*/scale` is no other', rule({ resources: ['*/scale'] }), {}, false],
    ['one of two rules', { resourceRules: [{ ...PODS, resources: ['services'] }, PODS] }, {}, true],
    ['a name', rule({ resourceNames: ['web'] }), {}, true],
    ['another name', rule({ resourceNames: ['db'] }), {}, false],
    [
      'a name yet to be made',
      rule({ resourceNames: ['web-'] }),
      { name: '', resource: pod({}, { generateName: 'web-x' }) },
      true,
    ],
    [
      'a name nobody will know',
      rule({ resourceNames: ['db'] }),
      { name: '', resource: pod({}, { generateName: 'web-' }) },
      false,
    ],
    ['namespaced', rule({ scope: 'Namespaced' }), {}, true],
    ['not namespaced', rule({ scope: 'Namespaced' }), { namespace: '' }, false],
    ['of the cluster', rule({ scope: 'Cluster' }), { namespace: '' }, true],
    ['a Namespace is of the cluster', rule({ scope: 'Cluster', resources: ['namespaces'] }), ns, true],
    ['a Namespace is in none', rule({ scope: 'Namespaced', resources: ['namespaces'] }), ns, false],
    ['excluded', { resourceRules: [PODS], excludeResourceRules: [PODS] }, {}, false],
    [
      'excluded by name',
      { resourceRules: [PODS], excludeResourceRules: [{ ...PODS, resourceNames: ['db'] }] },
      {},
      true,
    ],
  ];
  it.each(rows)('%s', (_name, constraints, given, wanted) => {
    expect(matches(constraints, given)).toBe(wanted);
  });

  it('operations do not count where nobody asks', () => {
    const constraints = toMatchConstraints({ resourceRules: [{ ...PODS, operations: ['UPDATE'] }] });
    expect(compileConstraints(constraints, { anyOperation: true }).matches(request())).toBe(true);
  });
});

describe('selectors', () => {
  const byLabel: JsonObject = { matchLabels: { env: 'prod' } };
  const notProd: JsonObject = { matchExpressions: [{ key: 'env', operator: 'NotIn', values: ['prod'] }] };
  const byName: JsonObject = { matchLabels: { 'kubernetes.io/metadata.name': 'shop' } };
  const prod = pod({ env: 'prod' });
  const namespaceKind = { group: '', version: 'v1', kind: 'Namespace' };
  const rows: [string, JsonObject, Partial<EvaluationRequest>, boolean][] = [
    ['labels of the namespace', { namespaceSelector: byLabel }, { namespaceLabels: { env: 'prod' } }, true],
    ['other labels of it', { namespaceSelector: byLabel }, { namespaceLabels: { env: 'dev' } }, false],
    ['an unknown namespace has its name', { namespaceSelector: byName }, {}, true],
    ['a known one has what it has', { namespaceSelector: byName }, { namespaceLabels: { env: 'prod' } }, false],
    ['an object of no namespace passes', { namespaceSelector: byLabel }, { namespace: '' }, true],
    ['a Namespace by its own labels', { namespaceSelector: byLabel }, { kind: namespaceKind, resource: prod }, true],
    [
      'and not by others',
      { namespaceSelector: byLabel },
      { kind: namespaceKind, namespaceLabels: { env: 'prod' } },
      false,
    ],
    ['empty selectors select', { namespaceSelector: {}, objectSelector: {} }, {}, true],
    ['labels of the object', { objectSelector: byLabel }, { resource: prod }, true],
    ['other labels of it', { objectSelector: byLabel }, {}, false],
    ['labels it had', { objectSelector: byLabel }, { oldResource: prod }, true],
    ['labels of what is deleted', { objectSelector: byLabel }, { resource: undefined, oldResource: prod }, true],
    ['what is not there has no labels to lack', { objectSelector: notProd }, { resource: prod }, false],
    ['what is there may lack them', { objectSelector: notProd }, {}, true],
  ];
  it.each(rows)('%s', (_name, constraints, given, wanted) => {
    expect(matches(constraints, given)).toBe(wanted);
  });
});

describe('what is told of constraints', () => {
  it('selectors of the index and of webhooks', () => {
    const constraints = toMatchConstraints({
      resourceRules: [{ ...PODS, operations: ['*'], resources: ['pods', 'pods/exec'] }],
    });
    const phases = new Set(['validate'] as const);
    const common = {
      group: '',
      version: 'v1',
      kind: '*',
      operations: ['CREATE', 'UPDATE', 'DELETE', 'CONNECT'],
      phases,
      scope: '*',
    };
    expect(constraintSelectors(constraints, phases)).toEqual([
      { ...common, subresource: '', resource: 'pods' },
      { ...common, subresource: 'exec', resource: 'pods/exec' },
    ]);
  });

  it.each([
    [{ resourceRules: [PODS] }, true],
    [{ resourceRules: [{ ...PODS, resourceNames: ['a'] }] }, false],
    [{ resourceRules: [{ ...PODS, scope: 'Namespaced' }] }, false],
    [{ resourceRules: [PODS], excludeResourceRules: [PODS] }, false],
    [{ resourceRules: [PODS], namespaceSelector: { matchLabels: { a: 'b' } } }, false],
    [{ resourceRules: [PODS], objectSelector: { matchLabels: { a: 'b' } } }, false],
  ])('%j by the shape of a request alone: %s', (constraints: JsonObject, wanted) => {
    expect(compileConstraints(toMatchConstraints(constraints)).isOfShape).toBe(wanted);
  });

  it.each([
    ['Pod', 'pods'],
    ['NetworkPolicy', 'networkpolicies'],
    ['Ingress', 'ingresses'],
    ['Endpoints', 'endpoints'],
  ])('%s is guessed as %s', (kind, plural) => {
    expect(guessPlural(kind)).toBe(plural);
  });
});
