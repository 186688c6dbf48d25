import type { CelPolicyException, PolicyException } from '@vouchsafe/engine';
import type { JsonObject } from '@vouchsafe/engine/kernel';
import type { ApiResource } from '@vouchsafe/kube';
import { describe, expect, it } from 'vitest';
import { planFromMutatingPolicy, planFromValidatingPolicy } from './from-cel-policy.ts';
import { planFromClusterPolicy } from './from-cluster-policy.ts';
import { isAsPlanned } from './is-as-planned.ts';

function serving(group: string, kind: string, resource: string): ApiResource {
  const common = { isNamespaced: true, verbs: [], subresources: [], shortNames: [], categories: [] };
  return { group, version: 'v1', kind, resource, isPreferredVersion: true, ...common } as unknown as ApiResource; // what is looked at
}
const SERVED = [
  serving('', 'Pod', 'pods'),
  serving('', 'ConfigMap', 'configmaps'),
  serving('apps', 'Deployment', 'deployments'),
  serving('apps', 'StatefulSet', 'statefulsets'),
];
const CEL = { generate: true, expressions: [{ expression: 'true' }] };

function clusterPolicy(rule: JsonObject = {}, spec: JsonObject = {}): JsonObject {
  const match = { any: [{ resources: { kinds: ['Deployment'], operations: ['CREATE'] } }] };
  return {
    apiVersion: 'kyverno.io/v1',
    kind: 'ClusterPolicy',
    metadata: { name: 'p' },
    spec: { rules: [{ name: 'r', match, validate: { failureAction: 'Enforce', cel: CEL }, ...rule }], ...spec },
  };
}
const planned = (rule: JsonObject = {}, spec: JsonObject = {}) =>
  planFromClusterPolicy(clusterPolicy(rule, spec), [], SERVED);
const matching = (...filters: readonly JsonObject[]): JsonObject => ({
  match: { any: filters.map((resources) => ({ resources })) },
});

describe('a ClusterPolicy', () => {
  it.each<[string, JsonObject, JsonObject]>([
    [
      'kinds of one group share a rule',
      matching({ kinds: ['StatefulSet', 'apps/v1/Deployment'] }),
      {
        resourceRules: [
          {
            apiGroups: ['apps'],
            apiVersions: ['v1'],
            resources: ['deployments', 'statefulsets'],
            operations: ['CREATE', 'UPDATE', 'CONNECT', 'DELETE'],
          },
        ],
      },
    ],
    [
      'names of one filter do not narrow another',
      matching({ kinds: ['Deployment'], names: ['a'] }, { kinds: ['StatefulSet'] }),
      { resourceRules: [{ resourceNames: ['a'], resources: ['deployments'] }, { resources: ['statefulsets'] }] },
    ],
    [
      'pods come with their ephemeral containers',
      matching({ kinds: ['Pod'] }),
      { resourceRules: [{ resources: ['pods', 'pods/ephemeralcontainers'] }] },
    ],
    [
      'everything',
      matching({ kinds: ['*'] }),
      { resourceRules: [{ apiGroups: ['*'], apiVersions: ['*'], resources: ['*'] }] },
    ],
    [
      'namespaces are a selector',
      matching({ kinds: ['Deployment'], namespaces: ['a', 'b'] }),
      { namespaceSelector: { matchExpressions: [{ operator: 'In', values: ['a', 'b'] }] } },
    ],
    [
      'selectors are taken over',
      matching({
        kinds: ['Deployment'],
        selector: { matchLabels: { a: 'b' } },
        namespaceSelector: { matchLabels: { c: 'd' } },
      }),
      { objectSelector: { matchLabels: { a: 'b' } }, namespaceSelector: { matchLabels: { c: 'd' } } },
    ],
  ])('%s', (_, rule, matchConstraints) => {
    expect(planned(rule)).toMatchObject({ policy: { spec: { matchConstraints } } });
  });

  it('leaves out what is in excluded namespaces, not the namespaces alone', () => {
    expect(planned({ exclude: { any: [{ resources: { namespaces: ['a'], operations: ['CREATE'] } }] } })).toMatchObject(
      {
        policy: {
          spec: {
            matchConstraints: { excludeResourceRules: [{ resources: ['namespaces'], resourceNames: ['a'] }] },
            matchConditions: [{ expression: '!(request.namespace in ["a"] && request.operation in ["CREATE"])' }],
          },
        },
      },
    );
  });

  it.each<[string, JsonObject, JsonObject?]>([
    ['for non CEL rules', { validate: { pattern: {} } }],
    ['generate is not set', { validate: { cel: { expressions: [] } } }],
    ['no rules', {}, { rules: [] }],
    ['multiple rules', {}, { rules: [{}, {}] }],
    [
      'Namespaces in validationFailureActionOverrides',
      {},
      { validationFailureActionOverrides: [{ namespaces: ['a'] }] },
    ],
    ['Roles / ClusterRoles / Subjects', { match: { any: [{ roles: ['a'], resources: { kinds: ['Pod'] } }] } }],
    ['Annotations', matching({ kinds: ['Pod'], annotations: { a: 'b' } })],
    ['wildcards in resource name', matching({ kinds: ['Pod'], names: ['a*'] })],
    ['wildcards in namespace name', matching({ kinds: ['Pod'], namespaces: ['a*'] })],
    ['across multiple resources', matching({ kinds: ['Pod'], selector: {} }, { kinds: ['ConfigMap'] })],
    ['Namespaces across multiple', matching({ kinds: ['Pod'], namespaces: ['a'] }, { kinds: ['ConfigMap'] })],
    ["multiple 'all' in the match", { match: { all: [{}, {}] } }],
    ['within a namespace', { exclude: { any: [{ resources: { kinds: ['Pod'], namespaces: ['a'] } }] } }],
    ['in the exclude block', { exclude: { any: [{ resources: { kinds: ['Pod'], selector: {} } }] } }],
    ['no unique match for kind Nothing', matching({ kinds: ['Nothing'] })],
    ['preconditions are not applicable', { preconditions: { all: [] } }],
    ['context entries are not applicable', { context: [{ name: 'a' }] }],
  ])('is not generated: %s', (reason, rule, spec) => {
    expect(planned(rule, spec)).toMatchObject({ skip: expect.stringContaining(reason) });
  });

  it('audits with a warning unless it enforces', () => {
    expect(planned({ validate: { cel: CEL } })).toMatchObject({
      binding: { spec: { validationActions: ['Audit', 'Warn'] } },
    });
  });

  it('excludes what an exception matches, and is not generated for one that it cannot say', () => {
    const excepting = (resources: JsonObject) =>
      planFromClusterPolicy(
        clusterPolicy(),
        [{ document: { spec: { match: { any: [{ resources }] } } } } as unknown as PolicyException], // what is looked at
        SERVED,
      );
    expect(excepting({ kinds: ['Deployment'], names: ['a'] })).toMatchObject({
      policy: { spec: { matchConstraints: { excludeResourceRules: [{ resourceNames: ['a'] }] } } },
    });
    expect(excepting({ kinds: ['Deployment'], names: ['a*'] })).toMatchObject({
      skip: expect.stringContaining('wildcards'),
    });
  });
});

const exception = (part: Partial<CelPolicyException>): CelPolicyException => ({
  name: 'e',
  namespace: 'n',
  key: 'n/e',
  policyRefs: [],
  matchConditions: [{ name: 'c', expression: 'x' }],
  images: [],
  allowedValues: [],
  reportResult: 'skip',
  expiresAt: undefined,
  priority: 0,
  document: {},
  sources: () => undefined,
  ...part,
});

describe('policies in CEL', () => {
  const validating = (exceptions: readonly CelPolicyException[] = [], spec: JsonObject = {}, hasAutogen = false) =>
    planFromValidatingPolicy({
      document: {
        metadata: { name: 'p' },
        spec: {
          autogen: { validatingAdmissionPolicy: { enabled: true } },
          matchConstraints: {},
          matchConditions: [{ name: 'c', expression: 'own' }],
          validations: [{ expression: 'exceptions.allowedValues.size() == 0', message: 'exceptions.allowedValues' }],
          ...spec,
        },
      },
      labels: {},
      exceptions,
      hasAutogen,
    });

  it('are refused as a whole by none of several conditions of one exception', () => {
    const two = exception({
      matchConditions: [
        { name: 'a', expression: 'x || y' },
        { name: 'b', expression: 'z' },
      ],
    });
    expect(validating([two, exception({})])).toMatchObject({
      policy: {
        spec: {
          matchConditions: [
            { name: 'c', expression: 'own' },
            { name: 'a', expression: '!((x || y) && (z))' },
            { name: 'c-2', expression: '!(x)' },
          ],
        },
      },
    });
  });

  it('know what partial exceptions allow, under their conditions, and go on judging', () => {
    const plan = validating([exception({ allowedValues: ["it's", '"\\'] })]);
    expect(plan).toMatchObject({
      policy: {
        spec: {
          matchConditions: [{ name: 'c' }],
          variables: [{ name: 'allowedValues', expression: `((x) ? ['it\\'s', '"\\\\'] : [])` }],
          validations: [{ expression: 'variables.allowedValues.size() == 0', message: 'exceptions.allowedValues' }],
        },
      },
    });
    expect(validating()).toMatchObject({ policy: { spec: { variables: [{ expression: '[]' }] } } });
  });

  it.each([
    ['after their own variables', 'size(object)', ['own', 'allowedValues']],
    ['before one that reads it', 'exceptions.allowedValues', ['allowedValues', 'own']],
  ])('have what is allowed %s', (_, expression, expected) => {
    const plan = validating([], { variables: [{ name: 'own', expression }] });
    const variables = expected.map((name) => ({ name }));
    expect(plan).toMatchObject({ policy: { spec: { variables } } });
  });

  it.each<[string, ReturnType<typeof validating>]>([
    ['not enabled', validating([], { autogen: {} })],
    ['autogen is enabled', validating([], {}, true)],
    ['that expires', validating([exception({ expiresAt: 1 })])],
    ['admission is not enabled', validating([], { evaluation: { admission: { enabled: false } } })],
    ['mode JSON', validating([], { evaluation: { mode: 'JSON' } })],
  ])('are not generated: %s', (reason, plan) => {
    expect(plan).toMatchObject({ skip: expect.stringContaining(reason) });
  });

  it.each<[string, JsonObject]>([
    ['useServerSideApply is enabled', { evaluation: { useServerSideApply: true } }],
    ['existing resources are mutated', { evaluation: { mutateExisting: { enabled: true } } }],
  ])('that mutate are not generated: %s', (reason, spec) => {
    const document = {
      metadata: { name: 'p' },
      spec: { autogen: { mutatingAdmissionPolicy: { enabled: true } }, ...spec },
    };
    expect(planFromMutatingPolicy({ document, labels: {}, exceptions: [], hasAutogen: false })).toMatchObject({
      skip: expect.stringContaining(reason),
    });
  });
});

describe('an object of the cluster', () => {
  const owner = { apiVersion: 'a/v1', kind: 'K', name: 'n', uid: 'u' };
  const spec = { matchConstraints: { resourceRules: [{ resources: ['pods'] }] }, validations: [{ expression: 'a' }] };
  const live = (change: JsonObject = {}, metadata: JsonObject = {}): JsonObject => ({
    metadata: { labels: { a: 'b', more: 'c' }, ownerReferences: [owner], ...metadata },
    spec: { ...spec, ...change },
  });
  it.each<[string, JsonObject, boolean]>([
    ['that says the same', live(), true],
    [
      'with what the API server fills in',
      live({
        failurePolicy: 'Fail',
        matchConstraints: {
          resourceRules: [{ resources: ['pods'], scope: '*' }],
          matchPolicy: 'Equivalent',
          namespaceSelector: {},
          objectSelector: {},
        },
      }),
      true,
    ],
    ['that gives way', live({ failurePolicy: 'Ignore' }), false],
    ['with a condition', live({ matchConditions: [{ name: 'x', expression: 'false' }] }), false],
    [
      'with an exclusion',
      live({ matchConstraints: { ...spec.matchConstraints, excludeResourceRules: [{ resources: ['*'] }] } }),
      false,
    ],
    [
      'narrowed by a selector',
      live({ matchConstraints: { ...spec.matchConstraints, objectSelector: { matchLabels: { a: 'b' } } } }),
      false,
    ],
    ['of another policy', live({}, { ownerReferences: [{ ...owner, uid: 'other' }] }), false],
    ['that is going', live({}, { deletionTimestamp: 't' }), false],
  ])('%s', (_, object, isSame) => {
    expect(isAsPlanned(object, { name: 'n', labels: { a: 'b' }, spec }, owner)).toBe(isSame);
  });
});
