import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../json/json-value.ts';
import { applyDefaults } from './apply-defaults.ts';
import { defaultPullPolicy } from './image-pull-policy.ts';

describe('defaultPullPolicy', () => {
  it.each([
    ['nginx', 'Always'],
    ['nginx:latest', 'Always'],
    ['nginx:1.27', 'IfNotPresent'],
    ['localhost:5000/nginx', 'Always'],
    ['localhost:5000/nginx:1', 'IfNotPresent'],
    [`nginx@sha256:${'a'.repeat(64)}`, 'IfNotPresent'],
    [`nginx:latest@sha256:${'a'.repeat(64)}`, 'Always'],
    ['', 'IfNotPresent'],
    ['Upper/Case', 'IfNotPresent'],
    ['ghcr.io/Upper/case', 'IfNotPresent'],
  ])('%s: %s', (image, policy) => {
    expect(defaultPullPolicy(image)).toBe(policy);
  });
});

describe('applyDefaults', () => {
  it('fills a pod, but gives its template no rule of pods alone', () => {
    const spec = {
      containers: [{ name: 'c', image: 'a:1', ports: [{ containerPort: 80 }], resources: { limits: { cpu: '1' } } }],
      hostNetwork: true,
    };
    const pod = applyDefaults({ group: '', version: 'v1', kind: 'Pod' }, { spec });
    expect(pod['spec']).toEqual({
      containers: [
        {
          name: 'c',
          image: 'a:1',
          imagePullPolicy: 'IfNotPresent',
          ports: [{ containerPort: 80, hostPort: 80, protocol: 'TCP' }],
          resources: { limits: { cpu: '1' }, requests: { cpu: '1' } },
          terminationMessagePath: '/dev/termination-log',
          terminationMessagePolicy: 'File',
        },
      ],
      dnsPolicy: 'ClusterFirst',
      enableServiceLinks: true,
      hostNetwork: true,
      restartPolicy: 'Always',
      schedulerName: 'default-scheduler',
      securityContext: {},
      terminationGracePeriodSeconds: 30,
    });
    const template = applyDefaults({ group: '', version: 'v1', kind: 'PodTemplate' }, { template: { spec } });
    expect(template).toMatchObject({
      template: { spec: { containers: [{ resources: { limits: { cpu: '1' } }, ports: [{ containerPort: 80 }] }] } },
    });
    expect(JSON.stringify(template)).not.toContain('enableServiceLinks');
    expect(JSON.stringify(template)).not.toContain('hostPort');
  });

  it.each<[string, string, string, JsonObject, JsonObject]>([
    [
      'apps',
      'v1',
      'Deployment',
      { spec: { revisionHistoryLimit: 0 } },
      {
        spec: {
          replicas: 1,
          revisionHistoryLimit: 0,
          progressDeadlineSeconds: 600,
          strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '25%', maxSurge: '25%' } },
        },
      },
    ],
    [
      'apps',
      'v1',
      'DaemonSet',
      { spec: { updateStrategy: { type: 'OnDelete' } } },
      { spec: { revisionHistoryLimit: 10, updateStrategy: { type: 'OnDelete' } } },
    ],
    [
      'batch',
      'v1',
      'Job',
      { spec: { parallelism: 2, template: { metadata: { labels: { a: 'b' } } } } },
      { metadata: { labels: { a: 'b' } }, spec: { parallelism: 2, backoffLimit: 6, suspend: false } },
    ],
    [
      'batch',
      'v1',
      'CronJob',
      { spec: { jobTemplate: { spec: {} } } },
      { spec: { jobTemplate: { spec: {} }, suspend: false } },
    ],
    [
      '',
      'v1',
      'Service',
      { spec: { type: 'LoadBalancer', ports: [{ port: 80 }] } },
      {
        spec: {
          ports: [{ port: 80, protocol: 'TCP', targetPort: 80 }],
          externalTrafficPolicy: 'Cluster',
          internalTrafficPolicy: 'Cluster',
          allocateLoadBalancerNodePorts: true,
          sessionAffinity: 'None',
        },
      },
    ],
    [
      '',
      'v1',
      'Secret',
      { stringData: { k: 'v' }, data: { a: 'eA==' } },
      { type: 'Opaque', data: { a: 'eA==', k: 'dg==' } },
    ],
    [
      '',
      'v1',
      'Namespace',
      { metadata: { name: 'n' } },
      { metadata: { labels: { 'kubernetes.io/metadata.name': 'n' } } },
    ],
    [
      'networking.k8s.io',
      'v1',
      'NetworkPolicy',
      { spec: { egress: [{}] } },
      { spec: { policyTypes: ['Ingress', 'Egress'] } },
    ],
    [
      'rbac.authorization.k8s.io',
      'v1',
      'RoleBinding',
      {
        subjects: [
          { kind: 'User', name: 'u' },
          { kind: 'ServiceAccount', name: 's' },
        ],
      },
      {
        subjects: [
          { kind: 'User', apiGroup: 'rbac.authorization.k8s.io' },
          { kind: 'ServiceAccount', name: 's' },
        ],
      },
    ],
  ])('%s/%s %s', (group, version, kind, object, expected) => {
    const given = structuredClone(object);
    const result = applyDefaults({ group, version, kind }, object);
    expect(result).toMatchObject(expected);
    expect(object).toEqual(given);
    expect(applyDefaults({ group, version, kind }, result)).toEqual(result);
  });
});
