import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ApiServer, startApiServer } from '../http/start-api-server.ts';

let server: ApiServer;
const errors: unknown[] = [];
beforeEach(async () => {
  server = await startApiServer({ insecure: true, onError: (error) => errors.push(error) });
});
afterEach(async () => {
  await server.stop();
  expect(errors.splice(0)).toEqual([]);
});

interface Answer {
  readonly metadata: {
    name: string;
    annotations?: Record<string, string>;
    ownerReferences?: unknown[];
    deletionTimestamp?: string;
  };
  readonly status: Record<string, unknown>;
  readonly items: Answer[];
  readonly code?: number;
  readonly message?: string;
  readonly reason?: string;
  readonly spec: Record<string, unknown>;
}

async function call(method: string, path: string, body?: unknown, type = 'application/json'): Promise<Answer> {
  const answer = await fetch(`${server.url}${path}`, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': type } }),
  });
  return (await answer.json()) as Answer;
}

async function eventually<Value>(read: () => Promise<Value>, wanted: (value: Value) => boolean): Promise<Value> {
  for (const started = Date.now(); ; ) {
    const value = await read();
    if (wanted(value)) return value;
    if (Date.now() - started > 8_000) throw new Error(`still ${JSON.stringify(value).slice(0, 2_000)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const DEPLOYMENTS = '/apis/apps/v1/namespaces/default/deployments';
const PODS = '/api/v1/namespaces/default/pods';

function template(image = 'nginx:1') {
  return { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image }] } };
}

function workload(name: string, replicas = 2) {
  return { metadata: { name }, spec: { replicas, selector: { matchLabels: { app: 'web' } }, template: template() } };
}

const podsOf = async (): Promise<Answer[]> => (await call('GET', PODS)).items;

describe('workloads', () => {
  it('the revision of a deployment is no update that admission is asked about', async () => {
    const group = '/apis/admissionregistration.k8s.io/v1';
    const rule = { apiGroups: ['apps'], apiVersions: ['v1'], operations: ['UPDATE'], resources: ['deployments'] };
    await call('POST', `${group}/validatingadmissionpolicies`, {
      metadata: { name: 'no-updates' },
      spec: { matchConstraints: { resourceRules: [rule] }, validations: [{ expression: 'false' }] },
    });
    await call('POST', `${group}/validatingadmissionpolicybindings`, {
      metadata: { name: 'no-updates' },
      spec: { policyName: 'no-updates', validationActions: ['Deny'] },
    });
    await call('POST', DEPLOYMENTS, workload('web'));
    const annotations = { changed: 'true' };
    const patch = () =>
      call('PATCH', `${DEPLOYMENTS}/web`, { metadata: { annotations } }, 'application/merge-patch+json');
    await eventually(patch, ({ code }) => code === 422);
    await eventually(
      () => call('GET', `${DEPLOYMENTS}/web`),
      ({ metadata }) => metadata.annotations?.['deployment.kubernetes.io/revision'] === '1',
    );
  });

  it('a deployment rolls out, rolls over, scales and goes with its pods', async () => {
    await call('POST', DEPLOYMENTS, workload('web'));
    const ready = await eventually(
      () => call('GET', `${DEPLOYMENTS}/web`),
      ({ status }) => status['availableReplicas'] === 2,
    );
    expect(ready.metadata.annotations?.['deployment.kubernetes.io/revision']).toBe('1');
    await call(
      'PATCH',
      `${DEPLOYMENTS}/web`,
      { spec: { template: template('nginx:2') } },
      'application/strategic-merge-patch+json',
    );
    await eventually(
      () => call('GET', `${DEPLOYMENTS}/web`),
      ({ status, metadata }) =>
        status['updatedReplicas'] === 2 &&
        status['replicas'] === 2 &&
        metadata.annotations?.['deployment.kubernetes.io/revision'] === '2',
    );
    await call('PATCH', `${DEPLOYMENTS}/web/scale`, { spec: { replicas: 1 } }, 'application/merge-patch+json');
    await eventually(podsOf, (pods) => pods.length === 1);
    await call('DELETE', `${DEPLOYMENTS}/web`);
    await eventually(podsOf, (pods) => pods.length === 0);
    expect((await call('GET', '/apis/apps/v1/namespaces/default/replicasets')).items).toEqual([]);
  });

  it('a refused pod becomes a FailedCreate event and a condition', async () => {
    await call('POST', '/api/v1/namespaces/default/resourcequotas', {
      metadata: { name: 'q' },
      spec: { hard: { pods: '0' } },
    });
    await call('POST', DEPLOYMENTS, workload('web', 1));
    const events = await eventually(
      () => call('GET', '/api/v1/namespaces/default/events'),
      ({ items }) => items.some((event) => event.reason === 'FailedCreate'),
    );
    expect(events.items.find((event) => event.reason === 'FailedCreate')?.message).toMatch(
      /^Error creating: pods "web-[a-z0-9]+-[a-z0-9]{5}" is forbidden: exceeded quota: q,/,
    );
    await eventually(
      () => call('GET', `${DEPLOYMENTS}/web`),
      ({ status }) => JSON.stringify(status).includes('ReplicaFailure'),
    );
  });

  it('stateful sets name their pods in order, daemon sets run on the node, jobs complete', async () => {
    await call('POST', '/apis/apps/v1/namespaces/default/statefulsets', {
      ...workload('db', 3),
      spec: { ...workload('db', 3).spec, serviceName: 'db' },
    });
    await call('POST', '/apis/apps/v1/namespaces/default/daemonsets', {
      metadata: { name: 'agent' },
      spec: { selector: { matchLabels: { app: 'web' } }, template: template() },
    });
    await call('POST', '/apis/batch/v1/namespaces/default/jobs', {
      metadata: { name: 'once' },
      spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'i' }] } } },
    });
    await eventually(
      () => call('GET', '/apis/apps/v1/namespaces/default/statefulsets/db'),
      ({ status }) => status['readyReplicas'] === 3,
    );
    await eventually(
      () => call('GET', '/apis/apps/v1/namespaces/default/daemonsets/agent'),
      ({ status }) => status['numberReady'] === 1,
    );
    await eventually(
      () => call('GET', '/apis/batch/v1/namespaces/default/jobs/once'),
      ({ status }) => status['succeeded'] === 1,
    );
    const names = (await podsOf()).map(({ metadata }) => metadata.name);
    expect(names).toEqual(expect.arrayContaining(['db-0', 'db-1', 'db-2']));
  });

  it('an orphaning delete leaves dependents without their owner, a foreground delete waits for them', async () => {
    await call('POST', DEPLOYMENTS, workload('web', 1));
    await eventually(podsOf, (pods) => pods.length === 1);
    await call('DELETE', `${DEPLOYMENTS}/web`, { propagationPolicy: 'Orphan' });
    await eventually(
      () => call('GET', `${DEPLOYMENTS}/web`),
      ({ code }) => code === 404,
    );
    const sets = await call('GET', '/apis/apps/v1/namespaces/default/replicasets');
    expect(sets.items.map(({ metadata }) => metadata.ownerReferences)).toEqual([undefined]);
    const name = sets.items[0]?.metadata.name ?? '';
    const deleted = await call('DELETE', `/apis/apps/v1/namespaces/default/replicasets/${name}`, {
      propagationPolicy: 'Foreground',
    });
    expect(deleted.metadata.deletionTimestamp).toBeDefined();
    await eventually(
      () => call('GET', `/apis/apps/v1/namespaces/default/replicasets/${name}`),
      ({ code }) => code === 404,
    );
    expect(await podsOf()).toEqual([]);
  });

  it('a namespace empties itself and goes; a new one has its account and certificate at once', async () => {
    await call('POST', '/api/v1/namespaces', { metadata: { name: 'shop' } });
    expect(
      (await call('POST', '/api/v1/namespaces/shop/pods', { metadata: { name: 'p' }, spec: template().spec })).metadata
        .name,
    ).toBe('p');
    expect((await call('GET', '/api/v1/namespaces/shop/configmaps/kube-root-ca.crt')).metadata.name).toBe(
      'kube-root-ca.crt',
    );
    expect((await call('DELETE', '/api/v1/namespaces/shop')).status).toEqual({ phase: 'Terminating' });
    await eventually(
      () => call('GET', '/api/v1/namespaces/shop'),
      ({ code }) => code === 404,
    );
    expect(server.store.list('pods', 'shop')).toEqual([]);
  });

  it('a service knows the addresses of its pods', async () => {
    await call('POST', '/api/v1/namespaces/default/services', {
      metadata: { name: 'web' },
      spec: { selector: { app: 'web' }, ports: [{ port: 80 }] },
    });
    await call('POST', DEPLOYMENTS, workload('web', 2));
    const slices = await eventually(
      () => call('GET', '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices'),
      ({ items }) => JSON.stringify(items).split('"ready":true').length === 3,
    );
    expect(slices.items).toMatchObject([{ addressType: 'IPv4', ports: [{ port: 80, protocol: 'TCP' }] }]);
    await call('DELETE', '/api/v1/namespaces/default/services/web');
    await eventually(
      () => call('GET', '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices'),
      ({ items }) => items.length === 0,
    );
  });

  it('an eviction respects a disruption budget', async () => {
    await call('POST', PODS, { metadata: { name: 'p', labels: { app: 'web' } }, spec: template().spec });
    await eventually(
      () => call('GET', `${PODS}/p`),
      ({ status }) => status['phase'] === 'Running',
    );
    await call('POST', '/apis/policy/v1/namespaces/default/poddisruptionbudgets', {
      metadata: { name: 'b' },
      spec: { minAvailable: 1, selector: { matchLabels: { app: 'web' } } },
    });
    const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'p' } };
    expect(await call('POST', `${PODS}/p/eviction`, eviction)).toMatchObject({ code: 429, reason: 'TooManyRequests' });
    await call('DELETE', '/apis/policy/v1/namespaces/default/poddisruptionbudgets/b');
    expect(await call('POST', `${PODS}/p/eviction`, eviction)).toMatchObject({ status: 'Success' });
    await eventually(
      () => call('GET', `${PODS}/p`),
      ({ code }) => code === 404,
    );
  });
});
