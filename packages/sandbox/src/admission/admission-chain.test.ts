import { beforeEach, describe, expect, it } from 'vitest';
import type { Cluster } from '../api/cluster.ts';
import { createObject } from '../api/create-object.ts';
import { deleteObject } from '../api/delete-object.ts';
import { PLAIN_DELETE } from '../api/delete-options.ts';
import { PLAIN_WRITE } from '../api/request-options.ts';
import { StatusError } from '../api/status-error.ts';
import { createTestCluster, testRequest } from '../api/test-cluster.ts';
import type { JsonObject } from '../store/json-value.ts';
import { bootstrapCluster } from '../workloads/bootstrap-cluster.ts';
import { createAdmissionChain } from './admission-chain.ts';
import { createServiceResolver } from './service-resolver.ts';

let cluster: Cluster;
beforeEach(() => {
  cluster = createTestCluster();
  cluster.admission = createAdmissionChain(cluster, createServiceResolver()).chain;
  bootstrapCluster(cluster, 'ca');
});

async function create(target: string, object: JsonObject, namespace = 'default'): Promise<JsonObject> {
  const request = testRequest(cluster, target, { namespace });
  const answer = await createObject(cluster, request, { kind: 'object', object }, PLAIN_WRITE);
  return answer.object;
}

async function refusal(run: Promise<unknown>): Promise<string> {
  try {
    await run;
    return 'admitted';
  } catch (error) {
    if (error instanceof StatusError) return `${error.code} ${error.message}`;
    throw error;
  }
}

function pod(name: string, resources: JsonObject = {}, spec: JsonObject = {}): JsonObject {
  return { metadata: { name }, spec: { containers: [{ name: 'c', image: 'nginx', resources }], ...spec } };
}

describe('what admission adds to a pod', () => {
  it('is the service account with its token, the priority and the tolerations', async () => {
    const created = await create('/v1/pods', pod('a'));
    expect(created['spec']).toMatchObject({
      serviceAccountName: 'default',
      serviceAccount: 'default',
      priority: 0,
      preemptionPolicy: 'PreemptLowerPriority',
      tolerations: [
        { key: 'node.kubernetes.io/not-ready', tolerationSeconds: 300 },
        { key: 'node.kubernetes.io/unreachable' },
      ],
      containers: [{ volumeMounts: [{ mountPath: '/var/run/secrets/kubernetes.io/serviceaccount', readOnly: true }] }],
      volumes: [
        {
          projected: {
            defaultMode: 420,
            sources: [{ serviceAccountToken: { expirationSeconds: 3607, path: 'token' } }, {}, {}],
          },
        },
      ],
    });
  });

  it('is no token when the pod wants none', async () => {
    const created = await create('/v1/pods', pod('a', {}, { automountServiceAccountToken: false }));
    expect(created['spec']).not.toHaveProperty('volumes');
  });

  it('is the number of its priority class', async () => {
    await create('scheduling.k8s.io/v1/priorityclasses', {
      metadata: { name: 'high' },
      value: 100,
      preemptionPolicy: 'Never',
    });
    const created = await create('/v1/pods', pod('a', {}, { priorityClassName: 'high' }));
    expect(created['spec']).toMatchObject({ priority: 100, preemptionPolicy: 'Never' });
    expect(await refusal(create('/v1/pods', pod('b', {}, { priorityClassName: 'nope' })))).toBe(
      '403 pods "b" is forbidden: no PriorityClass with name nope was found',
    );
  });

  it('is refused for a service account that does not exist', async () => {
    expect(await refusal(create('/v1/pods', pod('a', {}, { serviceAccountName: 'ghost' })))).toBe(
      '403 pods "a" is forbidden: error looking up service account default/ghost: serviceaccount "ghost" not found',
    );
  });
});

describe('NamespaceLifecycle', () => {
  it('wants an existing namespace and keeps the first ones', async () => {
    expect(await refusal(create('/v1/configmaps', { metadata: { name: 'a' } }, 'nope'))).toBe(
      '404 namespaces "nope" not found',
    );
    const request = testRequest(cluster, '/v1/namespaces', { name: 'kube-system' });
    expect(await refusal(deleteObject(cluster, request, PLAIN_DELETE))).toBe(
      '403 namespaces "kube-system" is forbidden: this namespace may not be deleted',
    );
  });

  it('adds nothing to a terminating namespace', async () => {
    await create('/v1/namespaces', { metadata: { name: 'going' } }, '');
    await deleteObject(cluster, testRequest(cluster, '/v1/namespaces', { name: 'going' }), PLAIN_DELETE);
    expect(await refusal(create('/v1/configmaps', { metadata: { name: 'a' } }, 'going'))).toBe(
      '403 configmaps "a" is forbidden: unable to create new content in namespace going because it is being terminated',
    );
  });
});

describe('LimitRanger', () => {
  beforeEach(async () => {
    const limits = [
      {
        type: 'Container',
        default: { cpu: '500m' },
        defaultRequest: { cpu: '100m' },
        max: { cpu: '1' },
        min: { cpu: '50m' },
      },
    ];
    await create('/v1/limitranges', { metadata: { name: 'l' }, spec: { limits } });
  });

  it('fills what a container leaves out and says so', async () => {
    const created = await create('/v1/pods', pod('a'));
    expect(created).toMatchObject({
      metadata: {
        annotations: {
          'kubernetes.io/limit-ranger':
            'LimitRanger plugin set: cpu limit for container c; cpu request for container c',
        },
      },
      spec: { containers: [{ resources: { limits: { cpu: '500m' }, requests: { cpu: '100m' } } }] },
    });
  });

  it.each([
    [
      'too much',
      { limits: { cpu: '2' } },
      '403 pods "a" is forbidden: maximum cpu usage per Container is 1, but limit is 2',
    ],
    [
      'too little',
      { requests: { cpu: '10m' } },
      '403 pods "a" is forbidden: minimum cpu usage per Container is 50m, but request is 10m',
    ],
    ['enough', { requests: { cpu: '200m' }, limits: { cpu: '1' } }, 'admitted'],
  ])('judges %s', async (_name, resources, expected) => {
    expect(await refusal(create('/v1/pods', pod('a', resources)))).toBe(expected);
  });
});

describe('ResourceQuota', () => {
  it('refuses the pod too many and the pod that does not say what it needs', async () => {
    await create('/v1/resourcequotas', { metadata: { name: 'q' }, spec: { hard: { pods: '1', 'requests.cpu': '1' } } });
    expect(await refusal(create('/v1/pods', pod('a')))).toBe(
      '403 pods "a" is forbidden: failed quota: q: must specify requests.cpu for: c',
    );
    expect(await refusal(create('/v1/pods', pod('b', { requests: { cpu: '600m' } })))).toBe('admitted');
    expect(await refusal(create('/v1/pods', pod('c', { requests: { cpu: '600m' } })))).toBe(
      '403 pods "c" is forbidden: exceeded quota: q, requested: pods=1,requests.cpu=600m, used: pods=1,requests.cpu=600m, limited: pods=1,requests.cpu=1',
    );
  });

  it('lets no more in at once than one after the other', async () => {
    await create('/v1/resourcequotas', { metadata: { name: 'q' }, spec: { hard: { pods: '3' } } });
    const names = Array.from({ length: 20 }, (_, index) => `p${index}`);
    const answers = await Promise.all(names.map((name) => refusal(create('/v1/pods', pod(name)))));
    expect(answers.filter((answer) => answer === 'admitted')).toHaveLength(3);
  });

  it('counts other objects by name', async () => {
    await create('/v1/resourcequotas', { metadata: { name: 'q' }, spec: { hard: { 'count/deployments.apps': '0' } } });
    const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } };
    const deployment = { metadata: { name: 'd' }, spec: { selector: { matchLabels: { a: 'b' } }, template } };
    expect(await refusal(create('apps/v1/deployments', deployment))).toContain(
      'exceeded quota: q, requested: count/deployments.apps=1',
    );
  });
});
