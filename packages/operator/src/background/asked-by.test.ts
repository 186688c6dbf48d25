import { createEngine, loadPolicies, toRequest } from '@vouchsafe/engine';
import type { FactSource } from '@vouchsafe/engine/facts';
import type { JsonObject } from '@vouchsafe/engine/kernel';
import { expect, it } from 'vitest';
import { NODE_HOST } from '../facts/node-host.ts';
import { askedBy } from './asked-by.ts';

const NAMESPACES = { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['namespaces'] };
const MAP =
  "{'apiVersion': dyn('v1'), 'kind': dyn('ConfigMap'), 'metadata': dyn({'name': object.metadata.labels['map']})}";

/** A policy that makes a ConfigMap in each new namespace but `other`, named by a label; `exempt` has an exception. */
const documents: readonly JsonObject[] = [
  {
    apiVersion: 'policies.kyverno.io/v1',
    kind: 'GeneratingPolicy',
    metadata: { name: 'maps' },
    spec: {
      matchConstraints: { resourceRules: [NAMESPACES] },
      matchConditions: [{ name: 'own', expression: "object.metadata.name != 'other'" }],
      generate: [{ expression: `generator.apply(object.metadata.name, [${MAP}])` }],
    },
  },
  {
    apiVersion: 'policies.kyverno.io/v1',
    kind: 'PolicyException',
    metadata: { name: 'e', namespace: 'ns' },
    spec: {
      policyRefs: [{ name: 'maps', kind: 'GeneratingPolicy' }],
      matchConditions: [{ name: 'one', expression: "object.metadata.name == 'exempt'" }],
    },
  },
];

async function namesAsked(namespace: string, labels: JsonObject): Promise<unknown> {
  const { policies, celExceptions } = loadPolicies(JSON.stringify({ kind: 'List', items: documents }), 'test');
  const [policy] = policies;
  const compiled = policy && createEngine({ host: NODE_HOST }).compile(policy, { celExceptions }).compiled;
  if (!compiled) throw new Error('the policy does not compile');
  const kind = { group: '', version: 'v1', kind: 'Namespace' };
  const object = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace, labels } };
  const surroundings = { roles: [], clusterRoles: [], namespaceLabels: {}, now: 0 };
  const request = toRequest({ operation: 'CREATE', kind, name: namespace, namespace, object }, surroundings);
  const facts: FactSource = {
    kinds: new Set(['kind-mapping']),
    fetch: async (needs) => needs.map(() => ({ ok: true, value: {} })),
  };
  const asked = await askedBy(compiled, request, 'maps', { facts, signal: AbortSignal.timeout(5_000) });
  return asked?.map(({ metadata }) => (metadata as JsonObject)['name']);
}

it.each<[string, string, JsonObject, unknown]>([
  ['what the policy makes', 'team', { map: 'settings' }, ['settings']],
  ['nothing for what it does not match', 'other', { map: 'settings' }, []],
  ['not known where it fails', 'team', {}, undefined],
  ['as it is where an exception holds', 'exempt', { map: 'settings' }, undefined],
])('%s', async (_, namespace, labels, expected) => {
  expect(await namesAsked(namespace, labels)).toEqual(expected);
});
