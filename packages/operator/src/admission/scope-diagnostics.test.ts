import { loadPolicy } from '@vouchsafe/engine';
import type { JsonObject } from '@vouchsafe/engine/kernel';
import { expect, it } from 'vitest';
import { diagnoseScopes } from './scope-diagnostics.ts';
import { SERVED } from './served.fixture.ts';

function problems(rule: JsonObject, { kinds = ['ConfigMap'], kind = 'ClusterPolicy' } = {}): readonly string[] {
  const { policy } = loadPolicy({
    apiVersion: 'kyverno.io/v1',
    kind,
    metadata: { name: 'p', ...(kind === 'Policy' ? { namespace: 'team' } : {}) },
    spec: { rules: [{ name: 'r', match: { any: [{ resources: { kinds } }] }, ...rule }] },
  });
  if (!policy) throw new Error('the policy of the test is not valid');
  return diagnoseScopes(policy, SERVED).map(({ path, message }) => `${path}: ${message}`);
}

it.each([
  ['in a policy of the cluster', 'ClusterPolicy', ['Namespace'], []],
  ['that has namespaces', 'Policy', ['ConfigMap', 'v1/Secret', 'Secre*', 'Unknown'], []],
  [
    'that has none',
    'Policy',
    ['ConfigMap', 'v1/Namespace'],
    ["spec.rules[0].match: Cluster wide resource 'v1/Namespace' not allowed in namespaced policy"],
  ],
])('a kind %s', (_name, kind, kinds, expected) => {
  expect(problems({ validate: { deny: {} } }, { kinds, kind })).toEqual(expected);
});

const CONFIG_MAP = { apiVersion: 'v1', kind: 'ConfigMap', name: 'a', data: {} };
const NAMESPACE = { apiVersion: 'v1', kind: 'Namespace', name: 'a', data: {} };

it.each<[string, JsonObject, string | undefined]>([
  ['in its namespace', { ...CONFIG_MAP, namespace: '{{ request.namespace }}' }, undefined],
  ['without its namespace', CONFIG_MAP, 'namespace: target namespace must be set for a namespaced resource'],
  ['of the cluster', NAMESPACE, undefined],
  [
    'of the cluster in a namespace',
    { ...NAMESPACE, namespace: 'n' },
    'namespace: target namespace must not be set for a cluster-wide resource',
  ],
  ['of a kind that nobody knows', { ...CONFIG_MAP, kind: 'Widget' }, undefined],
  ['of a kind that a variable tells', { ...CONFIG_MAP, kind: '{{ request.object.data.kind }}' }, undefined],
  [
    'of a foreach',
    { foreach: [{ list: 'x', ...CONFIG_MAP }] },
    'foreach[0].namespace: target namespace must be set for a namespaced resource',
  ],
])('a target %s', (_name, generate, expected) => {
  const path = 'spec.rules[0].generate';
  expect(problems({ generate })).toEqual(expected === undefined ? [] : [`${path}.${expected}`]);
});

it.each<[string, JsonObject, string | undefined]>([
  ['of one namespace', { namespace: 'a', kinds: ['v1/Secret', 'v1/ConfigMap'] }, undefined],
  ['of the cluster', { kinds: ['v1/Namespace'] }, undefined],
  ['of both', { kinds: ['v1/Secret', 'v1/Namespace'] }, 'kinds: mixed scope of target resources is forbidden'],
  ['of no namespace', { kinds: ['v1/Secret'] }, 'namespace: namespace is required for namespaced target resources'],
  [
    'of the cluster in a namespace',
    { namespace: 'a', kinds: ['v1/Namespace'] },
    'namespace: namespace is forbidden for cluster-wide target resources',
  ],
  ['of kinds that nobody knows', { kinds: ['v1/Widget', '*/*'] }, undefined],
])('a list of sources %s', (_name, cloneList, expected) => {
  const told = problems({ generate: { namespace: 'b', cloneList } });
  expect(told).toEqual(expected === undefined ? [] : [`spec.rules[0].generate.cloneList.${expected}`]);
});

it('a policy of a namespace makes and copies nothing of the cluster', () => {
  const target = { ...NAMESPACE, namespace: 'team' };
  expect(problems({ generate: target }, { kind: 'Policy' })[0]).toContain('the target must be a namespaced resource');
  const list = { namespace: 'team', cloneList: { namespace: 'team', kinds: ['v1/Namespace'] } };
  expect(problems({ generate: list }, { kind: 'Policy' })[0]).toContain('the source in cloneList must be');
});
