import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { KubernetesObject } from '@vouchsafe/kube';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  CLUSTER_POLICIES,
  CONFIG_MAPS,
  EVENTS,
  refusalOf,
  startTestCluster,
  type TestCluster,
  until,
} from './operator.fixture.ts';

const ENTRIES = { group: 'kyverno.io', version: 'v2beta1', resource: 'globalcontextentries' } as const;

let cluster: TestCluster;
let service: Server;
let url = '';
let answer = '{"most":2}';

beforeAll(async () => {
  service = createServer((_, response) => response.end(answer));
  await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(service.address() as AddressInfo).port}`; // of a server that listens on TCP
  cluster = await startTestCluster();
  await cluster.start(['--httpBlocklist=169.254.169.254']);
}, 30_000);
afterAll(async () => {
  await cluster.stop();
  service.close();
});

const entryOf = (name: string, spec: object): KubernetesObject => ({
  apiVersion: 'kyverno.io/v2beta1',
  kind: 'GlobalContextEntry',
  metadata: { name },
  spec,
});
const mapOf = (name: string, labels: Record<string, string> = {}): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'default', labels },
});

/** Refuses ConfigMaps labelled `rule: <name>` while the context entry says `refuse`. */
async function enforce(name: string, context: object, refuse: string): Promise<void> {
  await cluster.client.create(CLUSTER_POLICIES, {
    apiVersion: 'kyverno.io/v1',
    kind: 'ClusterPolicy',
    metadata: { name },
    spec: {
      background: false,
      rules: [
        {
          name: 'r',
          match: { any: [{ resources: { kinds: ['ConfigMap'], selector: { matchLabels: { rule: name } } } }] },
          context: [{ name: 'known', ...context }],
          validate: {
            failureAction: 'Enforce',
            message: 'known: {{ known }}',
            deny: { conditions: { any: [{ key: `{{ ${refuse} }}`, operator: 'Equals', value: true }] } },
          },
        },
      ],
    },
  });
  await until('the policy', async () => {
    const { status } = await cluster.client.get(CLUSTER_POLICIES, { name });
    return JSON.stringify(status ?? {}).includes('"Ready"');
  });
}

const submit = (policy: string, name: string) =>
  refusalOf(cluster.client.create(CONFIG_MAPS, mapOf(name, { rule: policy }), { namespace: 'default' }));
const conditionOf = async (name: string) => {
  const { status } = await cluster.client.get(ENTRIES, { name });
  return status as { conditions?: { status: string; message: string }[]; lastRefreshTime?: string } | undefined; // as the schema says
};

describe('entries of a resource', () => {
  it('follow its objects', async () => {
    const projections = [{ name: 'names', jmesPath: '[].metadata.name' }];
    await cluster.client.create(ENTRIES, {
      ...entryOf('maps', {
        kubernetesResource: { version: 'v1', resource: 'configmaps', namespace: 'default' },
        projections,
      }),
    });
    await until('the entry', async () => (await conditionOf('maps'))?.conditions?.[0]?.status === 'True');
    await enforce('limit', { globalReference: { name: 'maps.names' } }, `contains(known, 'stop')`);
    expect(await submit('limit', 'first')).toBeUndefined();
    await cluster.client.create(CONFIG_MAPS, mapOf('stop'), { namespace: 'default' });
    const refused = await until('the refusal', () => submit('limit', `more-${Date.now()}`));
    expect(refused).toContain('stop');
  });

  it('that is not served say so, and deny by an error', async () => {
    await cluster.client.create(
      ENTRIES,
      entryOf('things', { kubernetesResource: { group: 'example.com', version: 'v1', resource: 'things' } }),
    );
    const status = await until(
      'the failure',
      async () => (await conditionOf('things'))?.conditions && conditionOf('things'),
    );
    expect(status?.conditions?.[0]).toMatchObject({
      status: 'False',
      reason: 'Failed',
      message: expect.stringContaining('the resource may not exist in the cluster'),
    });
    await enforce('things', { globalReference: { name: 'things' } }, 'known == `[]`');
    expect(await submit('things', 'a')).toContain('failed to sync cache for example.com/v1, Resource=things');
    await until('an event', async () =>
      (await cluster.client.list(EVENTS)).items.some(
        (event) => event['reportingController'] === 'globalcontext-controller',
      ),
    );
  });
});

describe('entries of a call', () => {
  it('are refreshed', async () => {
    await cluster.client.create(ENTRIES, entryOf('limits', { apiCall: { service: { url }, refreshInterval: '1s' } }));
    const first = await until('the entry', async () => (await conditionOf('limits'))?.lastRefreshTime);
    await enforce('limits', { globalReference: { name: 'limits', jmesPath: 'most' } }, 'known < `1`');
    expect(await submit('limits', 'b')).toBeUndefined();
    answer = '{"most":0}';
    const refused = await until('the refusal', () => submit('limits', `c-${Date.now()}`));
    expect(refused).toContain('known: 0');
    expect(Date.parse((await conditionOf('limits'))?.lastRefreshTime ?? '')).toBeGreaterThan(Date.parse(first));
  });
});

describe('a call of a service by a rule', () => {
  it('is made with variables, and a failure denies', async () => {
    answer = '{"most":7}';
    await enforce(
      'direct',
      { apiCall: { service: { url: `${url}/{{ request.name }}` }, jmesPath: 'most' } },
      'known < `1`',
    );
    expect(await submit('direct', 'd')).toBeUndefined();
    answer = 'nothing';
    expect(await submit('direct', 'e')).toContain('the answer of the service is no JSON');
  });
});

describe('an entry as it is submitted', () => {
  it.each([
    ['data of a GET', { apiCall: { urlPath: '/api', data: [{ key: 'a', value: 1 }] } }, 'should have method as POST'],
    [
      'a projection that cannot be read',
      { kubernetesResource: { version: 'v1', resource: 'pods' }, projections: [{ name: 'p', jmesPath: 'a[' }] },
      'spec.projections[0].jmesPath',
    ],
  ])('is refused: %s', async (_, spec, message) => {
    expect(await refusalOf(cluster.client.create(ENTRIES, entryOf('bad', spec)))).toContain(message);
  });
});
