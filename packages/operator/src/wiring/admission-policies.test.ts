import type { KubernetesObject } from '@vouchsafe/kube';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  CLUSTER_POLICIES,
  CONFIG_MAPS,
  EXCEPTIONS,
  refusalOf,
  startTestCluster,
  type TestCluster,
  until,
  VALIDATING,
} from './operator.fixture.ts';

const group = 'admissionregistration.k8s.io';
const POLICIES = { group, version: 'v1', resource: 'validatingadmissionpolicies' } as const;
const BINDINGS = { group, version: 'v1', resource: 'validatingadmissionpolicybindings' } as const;

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startTestCluster();
  await cluster.start(['--enablePolicyException', '--exceptionNamespace=*']);
}, 30_000);
afterAll(() => cluster.stop());

/** Refuses ConfigMaps of the namespace whose data say `bad`. */
function policyOf(name: string, rule: object = {}): KubernetesObject {
  return {
    apiVersion: 'kyverno.io/v1',
    kind: 'ClusterPolicy',
    metadata: { name },
    spec: {
      background: false,
      rules: [
        {
          name: 'r',
          match: {
            any: [{ resources: { kinds: ['ConfigMap'], namespaces: [name], operations: ['CREATE', 'UPDATE'] } }],
          },
          validate: {
            failureAction: 'Enforce',
            message: 'no bad data',
            cel: { generate: true, expressions: [{ expression: `!has(object.data) || !('bad' in object.data)` }] },
          },
          ...rule,
        },
      ],
    },
  };
}

const statusOf = async (name: string) =>
  (await cluster.client.get(CLUSTER_POLICIES, { name }))['status'] as
    | { validatingadmissionpolicy?: { generated?: boolean; message?: string } } // as the schema says
    | undefined;
const isGenerated = async (name: string) => (await statusOf(name))?.validatingadmissionpolicy?.generated === true;
const isAbsent = (name: string) =>
  cluster.client.get(POLICIES, { name }).then(
    () => false,
    () => true,
  );

async function prepare(name: string, rule?: object): Promise<void> {
  await cluster.client.create(
    { group: '', version: 'v1', resource: 'namespaces' },
    {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name },
    },
  );
  await cluster.client.create(CLUSTER_POLICIES, policyOf(name, rule));
}

const submit = (namespace: string, name: string) =>
  refusalOf(
    cluster.client.create(
      CONFIG_MAPS,
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { bad: 'x' } },
      { namespace },
    ),
  );

describe('a policy that may be served by the API server', () => {
  it('is written as its own, with a binding, and judged by it alone', async () => {
    await prepare('native');
    await until('the status', () => isGenerated('native'));
    expect(await cluster.client.get(POLICIES, { name: 'cpol-native' })).toMatchObject({
      metadata: {
        labels: { 'app.kubernetes.io/managed-by': 'kyverno' },
        ownerReferences: [{ apiVersion: 'kyverno.io/v1', kind: 'ClusterPolicy', name: 'native' }],
      },
      spec: { validations: [{ message: 'no bad data' }] },
    });
    expect(await cluster.client.get(BINDINGS, { name: 'cpol-native-binding' })).toMatchObject({
      spec: { policyName: 'cpol-native', validationActions: ['Deny'] },
    });
    await until('the webhooks to leave it', async () => {
      const { webhooks = [] } = await cluster.client.get(VALIDATING, {
        name: 'kyverno-resource-validating-webhook-cfg',
      });
      return !JSON.stringify(webhooks).includes('configmaps');
    });
    expect(await submit('native', 'a')).toContain('no bad data');
  });

  it('is written again when somebody weakens or deletes it', async () => {
    await prepare('mended');
    await until('the status', () => isGenerated('mended'));
    await cluster.client.patch(BINDINGS, { name: 'cpol-mended-binding' }, 'merge', {
      spec: { validationActions: ['Audit'] },
    });
    await until('the binding', async () =>
      JSON.stringify(await cluster.client.get(BINDINGS, { name: 'cpol-mended-binding' })).includes('"Deny"'),
    );
    await cluster.client.delete(POLICIES, { name: 'cpol-mended' });
    await until('the policy', async () => !(await isAbsent('cpol-mended')));
    expect(await submit('mended', 'a')).toContain('no bad data');
  });

  it('is judged here again when an exception comes that it cannot say', async () => {
    await prepare('excepted');
    await until('the status', () => isGenerated('excepted'));
    await cluster.client.create(
      EXCEPTIONS,
      {
        apiVersion: 'kyverno.io/v2',
        kind: 'PolicyException',
        metadata: { name: 'excepted' },
        spec: {
          exceptions: [{ policyName: 'excepted', ruleNames: ['r'] }],
          match: { any: [{ resources: { kinds: ['ConfigMap'] } }] },
          conditions: { all: [{ key: '{{ request.object.metadata.name }}', operator: 'Equals', value: 'fine' }] },
        },
      },
      { namespace: 'default' },
    );
    await until('the policy to go', () => isAbsent('cpol-excepted'));
    const { validatingadmissionpolicy } = (await until('the reason', async () => {
      const status = await statusOf('excepted');
      return status?.validatingadmissionpolicy?.message ? status : undefined;
    })) ?? { validatingadmissionpolicy: undefined };
    expect(validatingadmissionpolicy?.message).toBe(
      'skip generating ValidatingAdmissionPolicy: Conditions in PolicyException is not applicable.',
    );
    await until('the exception', async () => (await submit('excepted', 'fine')) === undefined);
    expect(await submit('excepted', 'other')).toContain('no bad data');
  });
});
