import type { KubernetesObject } from '@vouchsafe/kube';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  CLUSTER_POLICIES,
  CONFIG_MAPS,
  EXCEPTIONS,
  REPORTS,
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
  await cluster.start(['--enablePolicyException', '--exceptionNamespace=*', '--mutatingAdmissionPolicyReports=true']);
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

describe("the API server's own policies", () => {
  const named = (kind: string, name: string, spec: object, labels: Record<string, string> = {}): KubernetesObject => ({
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind,
    metadata: { name, labels },
    spec,
  });
  const REPORTED = { 'reports.kyverno.io/enabled': 'true' };
  const CONSTRAINTS = {
    namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'reported' } },
    resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['configmaps'] }],
  };

  it('are in reports when they are labelled so, with their bindings', async () => {
    const namespaces = { group: '', version: 'v1', resource: 'namespaces' };
    await cluster.client.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'reported' } });
    await cluster.client.create(
      CONFIG_MAPS,
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'old' } },
      { namespace: 'reported' },
    );
    const validations = [{ expression: "object.metadata.name.startsWith('new')", message: 'new names alone' }];
    const validating = { matchConstraints: CONSTRAINTS, validations };
    await cluster.client.create(POLICIES, named('ValidatingAdmissionPolicy', 'told', validating, REPORTED));
    await cluster.client.create(POLICIES, named('ValidatingAdmissionPolicy', 'untold', validating));
    await cluster.client.create(
      BINDINGS,
      named('ValidatingAdmissionPolicyBinding', 'told-here', { policyName: 'told', validationActions: ['Deny'] }),
    );
    const expression = "Object{metadata: Object.metadata{labels: {'team': 'a'}}}";
    await cluster.client.create(
      { group, version: 'v1', resource: 'mutatingadmissionpolicies' },
      named(
        'MutatingAdmissionPolicy',
        'labels',
        {
          matchConstraints: CONSTRAINTS,
          reinvocationPolicy: 'Never',
          mutations: [{ patchType: 'ApplyConfiguration', applyConfiguration: { expression } }],
        },
        REPORTED,
      ),
    );
    const results = await until('the report', async () => {
      const { items } = await cluster.client.list(REPORTS, { namespace: 'reported' });
      const own = items.filter((report) => JSON.stringify(report['scope']).includes('"old"'));
      const found = own.flatMap((report) => (report['results'] ?? []) as readonly object[]); // as the schema says
      return found.length === 2 && JSON.stringify(found).includes('told-here') ? found : undefined;
    });
    expect(results).toMatchObject([
      { policy: 'labels', source: 'MutatingAdmissionPolicy', result: 'fail', message: 'mutation is not applied' },
      { policy: 'told', source: 'ValidatingAdmissionPolicy', result: 'fail', message: 'new names alone' },
    ]);
  });
});
