import { request as httpRequest } from 'node:http';
import { type KubernetesObject, startInformer } from '@vouchsafe/kube';
import { afterEach, describe, expect, it } from 'vitest';
import {
  CLUSTER_POLICIES,
  CONFIG_MAPS,
  EVENTS,
  EXCEPTIONS,
  MUTATING,
  NAMESPACES,
  REPORTS,
  refusalOf,
  startTestCluster,
  type TestCluster,
  until,
  VALIDATING,
} from './operator.fixture.ts';

const DEPLOYMENTS = { group: 'apps', version: 'v1', resource: 'deployments' } as const;
const LEASES = { group: 'coordination.k8s.io', version: 'v1', resource: 'leases' } as const;

let cluster: TestCluster | undefined;
afterEach(async () => {
  await cluster?.stop();
  cluster = undefined;
});

async function open(): Promise<TestCluster> {
  cluster = await startTestCluster();
  return cluster;
}

function requireTeam(name: string, failureAction: 'Enforce' | 'Audit'): KubernetesObject {
  return {
    apiVersion: 'kyverno.io/v1',
    kind: 'ClusterPolicy',
    metadata: { name },
    spec: {
      rules: [
        {
          name: 'team',
          match: { any: [{ resources: { kinds: ['ConfigMap'] } }] },
          validate: {
            failureAction,
            message: 'a team label is required',
            pattern: { metadata: { labels: { team: '?*' } } },
          },
        },
      ],
    },
  };
}

function configMap(name: string, labels: Readonly<Record<string, string>> = {}): KubernetesObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'default', labels }, data: { a: 'b' } };
}

interface Condition {
  readonly type: string;
  readonly status: string;
}

async function isReady({ client }: TestCluster, name: string): Promise<boolean> {
  const { status } = await client.get(CLUSTER_POLICIES, { name });
  const { conditions = [] } = (status ?? {}) as { readonly conditions?: readonly Condition[] }; // as the CRD has it
  return conditions.some((condition) => condition.type === 'Ready' && condition.status === 'True');
}

async function apply(test: TestCluster, policy: KubernetesObject): Promise<void> {
  const name = policy.metadata.name ?? '';
  await test.client.create(CLUSTER_POLICIES, policy);
  await until(`${name} to be ready`, () => isReady(test, name));
}

async function webhookNames({ client }: TestCluster): Promise<readonly string[]> {
  const lists = await Promise.all([MUTATING, VALIDATING].map((gvr) => client.list(gvr)));
  return lists.flatMap(({ items }) =>
    items.flatMap(({ webhooks }) => ((webhooks ?? []) as readonly { readonly name: string }[]).map(({ name }) => name)),
  );
}

function get(port: number, path: string): Promise<{ readonly status: number; readonly body: string }> {
  return new Promise((resolve, reject) => {
    httpRequest({ host: '127.0.0.1', port, path, agent: false }, (response) => {
      let body = '';
      response.on('data', (chunk: Buffer) => {
        body += chunk.toString();
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
    })
      .on('error', reject)
      .end();
  });
}

const reportFor = ({ client }: TestCluster, object: KubernetesObject): Promise<KubernetesObject | undefined> =>
  client.get(REPORTS, { namespace: 'default', name: object.metadata.uid ?? '' }).catch(() => undefined);

const resultsOf = (report: KubernetesObject | undefined): readonly string[] =>
  ((report?.['results'] ?? []) as readonly { readonly policy: string; readonly result: string }[]).map(
    ({ policy, result }) => `${policy} ${result}`,
  );

/** The Deployment that a chart would install. */
function deploymentOf(replicas: number): KubernetesObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'kyverno', namespace: 'kyverno' },
    spec: {
      replicas,
      selector: { matchLabels: { a: 'b' } },
      template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } },
    },
  };
}

describe('the operator', () => {
  it('refuses what an enforcing policy forbids; webhooks, status, events and metrics tell', async () => {
    const test = await open();
    const { client } = test;
    const operator = await test.start();
    expect(await webhookNames(test)).not.toContain('validate.kyverno.svc-fail');
    await apply(test, requireTeam('enforced', 'Enforce'));
    expect(await webhookNames(test)).toContain('validate.kyverno.svc-fail');
    expect(await refusalOf(client.create(CONFIG_MAPS, configMap('orphan')))).toContain('a team label is required');
    await client.create(CONFIG_MAPS, configMap('owned', { team: 'a' }));

    const denials = await until('the denial', async () => {
      const found = await client
        .get(CONFIG_MAPS, { namespace: 'kyverno', name: 'vouchsafe-denials' })
        .catch(() => undefined);
      return found && JSON.stringify(found['data']);
    });
    expect(denials).toContain('a team label is required');
    expect(denials).toContain('step');

    const notes = await until('an event', async () => {
      const { items } = await client.list(EVENTS, { namespace: 'default' });
      const found = items.filter(({ reason }) => reason === 'PolicyViolation').map(({ note }) => String(note));
      return found.length > 0 && found;
    });
    expect(notes.join()).toContain('ConfigMap default/orphan: [team] fail (blocked); ');

    const { body } = await get(operator.metricsPort, '/metrics');
    const labels = (name: string, part: string) =>
      body.split('\n').find((line) => line.startsWith(`${name}{`) && line.includes(part));
    expect(labels('kyverno_policy_results_total', 'rule_result="fail"')).toBe(
      'kyverno_policy_results_total{policy_validation_mode="enforce",policy_type="cluster",policy_background_mode="true",policy_namespace="-",policy_name="enforced",resource_kind="ConfigMap",resource_namespace="default",resource_request_operation="create",rule_name="team",rule_result="fail",rule_type="validate",rule_execution_cause="admission_request",dry_run="false"} 1',
    );
    expect(labels('kyverno_policy_execution_duration_seconds_bucket', 'le="0.005"')).toContain(
      'policy_name="enforced"',
    );
    expect(labels('kyverno_admission_requests_total', 'request_allowed="false"')).toBe(
      'kyverno_admission_requests_total{resource_kind="ConfigMap",resource_namespace="default",resource_request_operation="create",request_allowed="false",request_webhook="ValidatingWebhookConfiguration"} 1',
    );
    expect(labels('kyverno_policy_rule_info_total', 'rule_name="team"')).toContain('status_ready="true"');
    expect((await get(operator.metricsPort, '/readyz?verbose')).body).toBe(
      '[+]policies ok\n[+]certificates ok\n[+]webhooks ok\nreadyz check passed\n',
    );
    expect(await get(operator.metricsPort, '/livez')).toEqual({ status: 200, body: '' });
  });

  it('reports what an auditing policy finds, on new and old objects, and takes it back with the policy', async () => {
    const test = await open();
    const { client } = test;
    const old = await client.create(CONFIG_MAPS, configMap('old'));
    await test.start();
    await apply(test, requireTeam('audited', 'Audit'));
    expect(resultsOf(await until('the scan', () => reportFor(test, old)))).toEqual(['audited fail']);
    const young = await client.create(CONFIG_MAPS, configMap('young'));
    expect(resultsOf(await until('the report', () => reportFor(test, young)))).toEqual(['audited fail']);
    await client.patch(CONFIG_MAPS, { namespace: 'default', name: 'young' }, 'merge', {
      metadata: { labels: { team: 'a' } },
    });
    await until('the mended report', async () => resultsOf(await reportFor(test, young))[0] === 'audited pass');
    await client.delete(CLUSTER_POLICIES, { name: 'audited' });
    await until('the reports to go', async () => !(await reportFor(test, old)) && !(await reportFor(test, young)));
    await until(
      'the webhooks to go',
      async () => !(await webhookNames(test)).some((name) => name.startsWith('validate.kyverno')),
    );
  });

  it('after a restart goes on where it was; while it is away, what enforces refuses', async () => {
    const test = await open();
    const { client } = test;
    await client.create(DEPLOYMENTS, deploymentOf(1));
    const first = await test.start();
    await apply(test, requireTeam('enforced', 'Enforce'));
    await first.stop();
    expect(await webhookNames(test)).toContain('validate.kyverno.svc-fail');
    expect(await refusalOf(client.create(CONFIG_MAPS, configMap('away', { team: 'a' })))).toContain(
      'failed calling webhook',
    );

    await test.start();
    expect(await webhookNames(test)).toContain('validate.kyverno.svc-fail');
    await client.create(CONFIG_MAPS, configMap('back', { team: 'a' }));
    expect(await refusalOf(client.create(CONFIG_MAPS, configMap('orphan')))).toContain('a team label is required');
  });

  it('never registers fewer webhooks than there are policies while it starts', async () => {
    const test = await open();
    await test.start();
    await apply(test, requireTeam('enforced', 'Enforce'));
    const seen: number[] = [];
    const informer = startInformer({
      client: test.client,
      gvr: VALIDATING,
      onChange: ({ object }) => {
        if (object.metadata.name !== 'kyverno-resource-validating-webhook-cfg') return;
        seen.push(((object['webhooks'] ?? []) as readonly unknown[]).length);
      },
    });
    await informer.synced;
    await test.start();
    await apply(test, { ...requireTeam('ignored', 'Audit') });
    await until('another webhook', async () => seen.at(-1) === 2);
    await informer.stop();
    expect(Math.min(...seen)).toBeGreaterThan(0);
  });

  it('follows its ConfigMap, which it makes when there is none', async () => {
    const test = await open();
    const { client } = test;
    await test.start();
    await apply(test, requireTeam('enforced', 'Enforce'));
    const target = { namespace: 'kyverno', name: 'kyverno' };
    const { data } = await client.get(CONFIG_MAPS, target);
    expect(Object.keys(data as object)).toContain('resourceFilters');
    const tryOut = () => refusalOf(client.create(CONFIG_MAPS, configMap('orphan'), {}, { dryRun: true }));
    expect(await tryOut()).toContain('a team label is required');
    await client.patch(CONFIG_MAPS, target, 'merge', {
      data: { resourceFilters: '[ConfigMap,default,*]', webhooks: '{' },
    });
    await until('the filter', async () => (await tryOut()) === undefined);
    await client.delete(CONFIG_MAPS, target);
    await until('the defaults', async () => (await tryOut()) !== undefined);
  });

  it('a clean stop outside of a cluster leaves nothing that waits for it', async () => {
    const test = await open();
    const operator = await test.start();
    await apply(test, requireTeam('enforced', 'Enforce'));
    await operator.stop();
    expect(await webhookNames(test)).toEqual([]);
    await test.client.create(CONFIG_MAPS, configMap('free'));
  });

  it('of two replicas one leads; the other answers all the same, and takes over', async () => {
    const test = await open();
    const { client } = test;
    const holder = async () =>
      (await client.get(LEASES, { namespace: 'kyverno', name: 'kyverno' })).spec as {
        readonly holderIdentity?: string;
      }; // a Lease
    const first = await test.start(['--leaderElection=true'], { KYVERNO_POD_NAME: 'one' });
    const second = await test.start(['--leaderElection=true'], { KYVERNO_POD_NAME: 'two' });
    expect((await holder()).holderIdentity).toBe('one');
    await apply(test, requireTeam('enforced', 'Enforce'));
    // the service leads to the second by now
    await until('the second to know the policy', async () =>
      (await refusalOf(client.create(CONFIG_MAPS, configMap('orphan'), {}, { dryRun: true })))?.includes(
        'a team label',
      ),
    );
    expect((await get(second.metricsPort, '/readyz')).status).toBe(200);
    await client.create(DEPLOYMENTS, deploymentOf(2));
    await first.stop();
    await until('the second to lead', async () => (await holder()).holderIdentity === 'two');
    await apply(test, requireTeam('later', 'Enforce'));
  });

  it('one bad policy stops nobody: it is refused, or, stored while we were away, told in its status', async () => {
    const test = await open();
    const { client } = test;
    await client.create(CLUSTER_POLICIES, requireTeam('good', 'Enforce'));
    await client.create(CLUSTER_POLICIES, {
      ...requireTeam('bad', 'Enforce'),
      spec: {
        rules: [{ name: 'r', match: { any: [{ resources: { kinds: ['Pod'] } }] }, validate: { message: 'no check' } }],
      },
    });
    await test.start();
    await until('the good one', () => isReady(test, 'good'));
    expect(await isReady(test, 'bad')).toBe(false);
    const { status } = await client.get(CLUSTER_POLICIES, { name: 'bad' });
    expect(JSON.stringify(status)).toContain('spec.rules[0]');
    expect(await refusalOf(client.create(CONFIG_MAPS, configMap('orphan')))).toContain('a team label is required');
    expect(
      await refusalOf(
        client.create(CLUSTER_POLICIES, {
          ...(await client.get(CLUSTER_POLICIES, { name: 'bad' })),
          metadata: { name: 'again' },
        }),
      ),
    ).toContain('spec.rules[0]');
    await client.delete(CLUSTER_POLICIES, { name: 'bad' });
  });
});

it('reports what a policy that is only scanned says of an object made after it', async () => {
  const test = await open();
  await test.start();
  const policy = requireTeam('scanned', 'Audit');
  await apply(test, { ...policy, spec: { ...(policy['spec'] as object), admission: false } });
  const before = await test.client.create(CONFIG_MAPS, configMap('early'), { namespace: 'default' });
  await until('the report of the scan', async () => (await reportFor(test, before)) !== undefined);
  const later = await test.client.create(CONFIG_MAPS, configMap('late'), { namespace: 'default' });
  await until('the report', async () => resultsOf(await reportFor(test, later)).includes('scanned fail'));
});

describe('exceptions', () => {
  const exception = (namespace: string): KubernetesObject => ({
    apiVersion: 'kyverno.io/v2',
    kind: 'PolicyException',
    metadata: { name: 'excused', namespace },
    spec: {
      match: { any: [{ resources: { kinds: ['ConfigMap'], names: ['excused-*'] } }] },
      exceptions: [{ policyName: 'enforced', ruleNames: ['team'] }],
    },
  });
  const tryOut = (test: TestCluster, name: string) =>
    refusalOf(test.client.create(CONFIG_MAPS, configMap(name), {}, { dryRun: true }));

  it('excuse while they exist, in their namespace', async () => {
    const test = await open();
    const { client } = test;
    await client.create(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'exceptions' } });
    await test.start(['--enablePolicyException', '--exceptionNamespace', 'exceptions']);
    await apply(test, requireTeam('enforced', 'Enforce'));
    await client.create(EXCEPTIONS, exception('default'));
    expect(await tryOut(test, 'excused-1')).toContain('a team label is required');
    await client.create(EXCEPTIONS, exception('exceptions'));
    await until('the exception', async () => (await tryOut(test, 'excused-1')) === undefined);
    expect(await tryOut(test, 'other')).toContain('a team label is required');
    await client.delete(EXCEPTIONS, { namespace: 'exceptions', name: 'excused' });
    await until('its end', async () => (await tryOut(test, 'excused-1')) !== undefined);
  });

  it('excuse nobody when they are not enabled', async () => {
    const test = await open();
    await test.start(['--exceptionNamespace', '*']);
    await apply(test, requireTeam('enforced', 'Enforce'));
    await test.client.create(EXCEPTIONS, exception('default'));
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(await tryOut(test, 'excused-1')).toContain('a team label is required');
  });
});

describe('what keeps it from starting', () => {
  it('a trust root that cannot be read', async () => {
    const test = await open();
    await expect(test.start(['--trustedRoot', '/nowhere'])).rejects.toThrow('/nowhere');
  });

  it('a cluster that is not there', async () => {
    const test = await open();
    await expect(test.start(['--kubeconfig', '/nowhere'])).rejects.toThrow();
  });
});
