import type { KubernetesObject } from '@vouchsafe/kube';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  type BackgroundCluster,
  MUTATING_POLICIES,
  namespaceOf,
  startBackgroundOperator,
} from './background.fixture.ts';
import { NAMESPACES, PODS, REPORTS, until } from './operator.fixture.ts';

let cluster: BackgroundCluster;
beforeAll(async () => {
  cluster = await startBackgroundOperator();
});
afterAll(() => cluster.stop());

/** Gives the containers of Pods in a new namespace's neighbour more processor time. */
function resizing(name: string, expression: string): KubernetesObject {
  const path = '/spec/containers/0/resources/requests/cpu';
  return {
    apiVersion: 'policies.kyverno.io/v1',
    kind: 'MutatingPolicy',
    metadata: { name: `resize-${name}` },
    spec: {
      evaluation: { mutateExisting: { enabled: true } },
      matchConstraints: {
        resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['namespaces'] }],
      },
      matchConditions: [{ name: 'go', expression: "object.metadata.name.startsWith('go')" }],
      targetMatchConstraints: {
        resourceRules: [{ ...RULE, resourceNames: [name] }],
        ...(expression === '' ? {} : { expression }),
      },
      mutations: [
        {
          patchType: 'JSONPatch',
          jsonPatch: { expression: `[JSONPatch{op: "replace", path: "${path}", value: "200m"}]` },
        },
      ],
    },
  };
}

const RULE = { apiGroups: [''], apiVersions: ['v1'], operations: ['UPDATE'], resources: ['pods/resize'] };

it.each([
  ['rules', 'a', ''],
  ['an expression', 'b', "resource.Get('v1', 'pods', 'before', 'b')"],
])('a subresource of existing objects is written, selected by %s, and reported', async (_, name, expression) => {
  const { client } = cluster;
  const pod = await client.create(PODS, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'before' },
    spec: { containers: [{ name: 'c', image: 'c', resources: { requests: { cpu: '100m' }, limits: { cpu: '1' } } }] },
  });
  await client.create(MUTATING_POLICIES, resizing(name, expression));
  let count = 0;
  await until('the Pod', async () => {
    await client.create(NAMESPACES, namespaceOf(`go-${Date.now()}-${count++}`, {}));
    return JSON.stringify((await client.get(PODS, { name, namespace: 'before' }))['spec']).includes('200m');
  });
  const report = await until('the report', async () => {
    const { items } = await client.list(REPORTS, { namespace: 'before' });
    return items.find(({ metadata }) => metadata.name === pod.metadata.uid);
  });
  expect(report).toMatchObject({
    results: [{ policy: `resize-${name}`, result: 'pass', message: 'success', source: 'KyvernoMutatingPolicy' }],
  });
});
