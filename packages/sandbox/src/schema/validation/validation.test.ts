import { describe, expect, it } from 'vitest';
import { applyDefaults } from '../defaults/apply-defaults.ts';
import type { JsonObject } from '../json/json-value.ts';
import { typedRoundTrip } from '../typed/decode-strict.ts';
import { validateMetadata, validateMetadataUpdate } from './metadata.ts';
import { validateBuiltin } from './validate-builtin.ts';

const WIDGET = { group: 'example.com', version: 'v1', kind: 'Widget' };

function metadataProblems(metadata: JsonObject, gvk = WIDGET, isNamespaced = true): string[] {
  return validateMetadata(gvk, { metadata: { namespace: 'default', ...metadata } }, isNamespaced).map(
    ({ field, message }) => `${field}: ${message}`,
  );
}

function settled(apiVersion: string, kind: string, object: JsonObject): { gvk: typeof WIDGET; object: JsonObject } {
  const [first = '', second] = apiVersion.split('/');
  const gvk = second === undefined ? { group: '', version: first, kind } : { group: first, version: second, kind };
  return { gvk, object: applyDefaults(gvk, typedRoundTrip(gvk, object)) };
}

function problems(apiVersion: string, kind: string, object: JsonObject, old?: JsonObject): string[] {
  const { gvk, object: given } = settled(apiVersion, kind, object);
  const before = old === undefined ? undefined : settled(apiVersion, kind, old).object;
  return validateBuiltin(gvk, given, before).map(({ field, message }) => `${field}: ${message}`);
}

describe('metadata', () => {
  const subdomain =
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
  const part =
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";

  it.each<[JsonObject, string[]]>([
    [{ name: 'fine.name-1' }, []],
    [{}, ['metadata.name: Required value: name or generateName is required']],
    [{ name: 'Bad_Name' }, [`metadata.name: Invalid value: "Bad_Name": ${subdomain}`]],
    [{ name: 'a'.repeat(254) }, [`metadata.name: Invalid value: "${'a'.repeat(254)}": must be no more than 253 bytes`]],
    [{ name: 'a', generateName: 'a-' }, []],
    [{ name: 'a', labels: { 'bad key': 'x' } }, [`metadata.labels: Invalid value: "bad key": ${part}`]],
    [{ name: 'a', annotations: { 'UPPER.example.com/x': 'anything goes' } }, []],
    [
      { name: 'a', annotations: { a: 'x'.repeat(300_000) } },
      ['metadata.annotations: Too long: may not be more than 262144 bytes'],
    ],
    [
      { name: 'a', finalizers: ['orphan', 'foregroundDeletion'] },
      [
        'metadata.finalizers: Invalid value: ["orphan","foregroundDeletion"]: finalizer orphan and foregroundDeletion cannot be both set',
      ],
    ],
    [
      { name: 'a', ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'p' }] },
      ['metadata.ownerReferences.uid: Invalid value: "": must not be empty'],
    ],
  ])('%j', (metadata, expected) => {
    expect(metadataProblems(metadata)).toEqual(expected);
  });

  it('has rules of its own for some kinds', () => {
    const namespace = { group: '', version: 'v1', kind: 'Namespace' };
    expect(metadataProblems({ name: 'a.b', namespace: '' }, namespace, false)[0]).toContain(
      'a lowercase RFC 1123 label',
    );
    expect(metadataProblems({ name: 'a' }, namespace, false)).toEqual([
      'metadata.namespace: Forbidden: not allowed on this type',
    ]);
    const role = { group: 'rbac.authorization.k8s.io', version: 'v1', kind: 'Role' };
    expect(metadataProblems({ name: 'system:UPPER' }, role)).toEqual([]);
    expect(metadataProblems({ name: 'a/b' }, role)).toEqual([
      `metadata.name: Invalid value: "a/b": may not contain '/'`,
    ]);
  });

  it('gives a terminating object no new finalizers', () => {
    const old = { metadata: { name: 'a', deletionTimestamp: '2026-01-01T00:00:00Z', finalizers: ['x/a'] } };
    const now = { metadata: { ...old.metadata, finalizers: ['x/a', 'x/b'] } };
    expect(validateMetadataUpdate(now, old).map(({ message }) => message)).toEqual([
      'Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{"x/b"}',
    ]);
  });
});

describe('pods', () => {
  const container = { name: 'c', image: 'i' };

  it.each<[string, JsonObject, string[]]>([
    ['no containers', {}, ['spec.containers: Required value']],
    ['a name given twice', { containers: [container, container] }, ['spec.containers[1].name: Duplicate value: "c"']],
    ['no image', { containers: [{ name: 'c' }] }, ['spec.containers[0].image: Required value']],
    [
      'a port',
      { containers: [{ ...container, ports: [{ containerPort: 70_000 }] }] },
      ['spec.containers[0].ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive'],
    ],
    [
      'a port name',
      { containers: [{ ...container, ports: [{ containerPort: 1, name: 'a-name-that-is-too-long' }] }] },
      ['spec.containers[0].ports[0].name: Invalid value: "a-name-that-is-too-long": must be no more than 15 bytes'],
    ],
    [
      'a mount of nothing',
      { containers: [{ ...container, volumeMounts: [{ name: 'v', mountPath: '/x' }] }] },
      ['spec.containers[0].volumeMounts[0].name: Not found: "v"'],
    ],
    [
      'two sources',
      { containers: [container], volumes: [{ name: 'v', emptyDir: {}, configMap: { name: 'm' } }] },
      ['spec.volumes[0].configMap: Forbidden: may not specify more than 1 volume type'],
    ],
    [
      'a probe of nothing',
      { containers: [{ ...container, livenessProbe: {} }] },
      ['spec.containers[0].livenessProbe: Required value: must specify a handler type'],
    ],
    [
      'requests beyond limits',
      { containers: [{ ...container, resources: { limits: { cpu: '1' }, requests: { cpu: '1500m' } } }] },
      ['spec.containers[0].resources.requests: Invalid value: "1500m": must be less than or equal to cpu limit of 1'],
    ],
    [
      'a negative limit',
      { containers: [{ ...container, resources: { limits: { memory: '-1' }, requests: { memory: '-1' } } }] },
      [
        'spec.containers[0].resources.limits[memory]: Invalid value: "-1": must be greater than or equal to 0',
        'spec.containers[0].resources.requests[memory]: Invalid value: "-1": must be greater than or equal to 0',
      ],
    ],
    [
      'a policy',
      { containers: [container], restartPolicy: 'Sometimes' },
      ['spec.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "OnFailure", "Never"'],
    ],
    [
      'an env source',
      {
        containers: [
          { ...container, env: [{ name: 'A', value: 'x', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } }] },
        ],
      },
      ['spec.containers[0].env[0].valueFrom: Invalid value: "": may not be specified when `value` is not empty'],
    ],
  ])('%s', (_what, spec, expected) => {
    expect(problems('v1', 'Pod', { spec })).toEqual(expected);
  });

  it('may change their images, not much else', () => {
    const old = { spec: { containers: [container] } };
    expect(
      problems('v1', 'Pod', { spec: { containers: [{ name: 'c', image: 'i:2', imagePullPolicy: 'Always' }] } }, old),
    ).toEqual([]);
    const [problem] = problems('v1', 'Pod', { spec: { containers: [container], nodeName: 'n' } }, old);
    expect(problem).toContain(
      'spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`,',
    );
    expect(problem).toContain('\n  spec.nodeName');
    expect(problems('v1', 'Pod', { spec: { containers: [container, { name: 'd', image: 'i' }] } }, old)).toEqual([
      'spec.containers: Forbidden: pod updates may not add or remove containers',
    ]);
  });
});

describe('workloads', () => {
  const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } };
  const selector = { matchLabels: { a: 'b' } };

  it.each<[string, string, string, JsonObject, string[]]>([
    ['a deployment', 'apps/v1', 'Deployment', { selector, template }, []],
    [
      'a deployment that selects others',
      'apps/v1',
      'Deployment',
      { selector: { matchLabels: { a: 'x' } }, template },
      ['spec.template.metadata.labels: Invalid value: {"a":"b"}: `selector` does not match template `labels`'],
    ],
    [
      'a deployment without a selector',
      'apps/v1',
      'Deployment',
      { template },
      [
        'spec.selector: Required value',
        'spec.template.metadata.labels: Invalid value: {"a":"b"}: `selector` does not match template `labels`',
      ],
    ],
    [
      'an empty selector',
      'apps/v1',
      'DaemonSet',
      { selector: {}, template },
      ['spec.selector: Invalid value: {}: empty selector is invalid for daemonset'],
    ],
    [
      'a job that never ends',
      'batch/v1',
      'Job',
      { selector, template },
      ['spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"'],
    ],
    [
      'a mount of a claim',
      'apps/v1',
      'StatefulSet',
      {
        selector,
        template: {
          ...template,
          spec: { containers: [{ name: 'c', image: 'i', volumeMounts: [{ name: 'v', mountPath: '/v' }] }] },
        },
        volumeClaimTemplates: [{ metadata: { name: 'v' } }],
      },
      [],
    ],
    [
      'a schedule',
      'batch/v1',
      'CronJob',
      {
        schedule: '* * *',
        jobTemplate: { spec: { template: { spec: { ...template.spec, restartPolicy: 'Never' } } } },
      },
      ['spec.schedule: Invalid value: "* * *": expected exactly 5 fields, found 3: [* * *]'],
    ],
  ])('%s', (_what, apiVersion, kind, spec, expected) => {
    expect(problems(apiVersion, kind, { spec })).toEqual(expected);
  });

  it('keep their selector, and jobs their template', () => {
    const old = { spec: { selector, template } };
    const other = { ...template, metadata: { labels: { a: 'c' } } };
    expect(
      problems('apps/v1', 'Deployment', { spec: { selector: { matchLabels: { a: 'c' } }, template: other } }, old),
    ).toEqual(['spec.selector: Invalid value: {"matchLabels":{"a":"c"}}: field is immutable']);
    const job = { selector, template: { ...template, spec: { ...template.spec, restartPolicy: 'Never' } } };
    const changed = {
      ...job,
      template: { ...job.template, spec: { ...job.template.spec, containers: [{ name: 'c', image: 'other' }] } },
    };
    expect(problems('batch/v1', 'Job', { spec: changed }, { spec: job })[0]).toMatch(
      /^spec\.template: Invalid value: .*: field is immutable$/,
    );
    expect(problems('apps/v1', 'StatefulSet', { spec: { ...old.spec, serviceName: 'x' } }, old)[0]).toContain(
      'updates to statefulset spec',
    );
  });
});

describe('other kinds', () => {
  it.each<[string, string, string, JsonObject, JsonObject | undefined, string[]]>([
    ['a service without ports', 'v1', 'Service', { spec: {} }, undefined, ['spec.ports: Required value']],
    [
      'unnamed ports',
      'v1',
      'Service',
      { spec: { ports: [{ port: 1 }, { port: 2, name: 'b' }] } },
      undefined,
      ['spec.ports[0].name: Required value'],
    ],
    [
      'a port given twice',
      'v1',
      'Service',
      {
        spec: {
          ports: [
            { port: 1, name: 'a' },
            { port: 1, name: 'b' },
          ],
        },
      },
      undefined,
      [
        'spec.ports[1]: Duplicate value: {"Name":"","Protocol":"TCP","AppProtocol":null,"Port":1,"TargetPort":0,"NodePort":0}',
      ],
    ],
    [
      'a node port inside',
      'v1',
      'Service',
      { spec: { ports: [{ port: 1, nodePort: 30_000 }] } },
      undefined,
      ["spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'"],
    ],
    [
      'a cluster address',
      'v1',
      'Service',
      { spec: { ports: [{ port: 1 }], clusterIPs: ['10.0.0.2'] } },
      { spec: { ports: [{ port: 1 }], clusterIPs: ['10.0.0.1'] } },
      ['spec.clusterIPs[0]: Invalid value: ["10.0.0.2"]: may not change once set'],
    ],
    [
      'a key',
      'v1',
      'ConfigMap',
      { data: { 'a b': 'x' } },
      undefined,
      [
        "data[a b]: Invalid value: \"a b\": a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",
      ],
    ],
    [
      'a locked map',
      'v1',
      'ConfigMap',
      { immutable: true, data: { a: '2' } },
      { immutable: true, data: { a: '1' } },
      ['data: Forbidden: field is immutable when `immutable` is set'],
    ],
    [
      'a certificate without its key',
      'v1',
      'Secret',
      { type: 'kubernetes.io/tls', data: { 'tls.crt': '' } },
      undefined,
      ['data[tls.key]: Required value'],
    ],
    [
      'the type of a secret',
      'v1',
      'Secret',
      { type: 'b' },
      { type: 'a' },
      ['type: Invalid value: "b": field is immutable'],
    ],
    [
      'a rule',
      'rbac.authorization.k8s.io/v1',
      'Role',
      { rules: [{ verbs: ['get'] }] },
      undefined,
      [
        'rules[0].apiGroups: Required value: resource rules must supply at least one api group',
        'rules[0].resources: Required value: resource rules must supply at least one resource',
      ],
    ],
    [
      'a role reference',
      'rbac.authorization.k8s.io/v1',
      'RoleBinding',
      { roleRef: { kind: 'Role', name: 'b' } },
      { roleRef: { kind: 'Role', name: 'a' } },
      [
        'roleRef: Invalid value: {"apiGroup":"rbac.authorization.k8s.io","kind":"Role","name":"b"}: cannot change roleRef',
      ],
    ],
    [
      'a claim of nothing',
      'v1',
      'PersistentVolumeClaim',
      { spec: {} },
      undefined,
      [
        'spec.accessModes: Required value: at least 1 access mode is required',
        'spec.resources[storage]: Required value',
      ],
    ],
    [
      'a scaler',
      'autoscaling/v2',
      'HorizontalPodAutoscaler',
      { spec: { scaleTargetRef: { kind: 'D', name: 'd' }, minReplicas: 3, maxReplicas: 2 } },
      undefined,
      ['spec.maxReplicas: Invalid value: 2: must be greater than or equal to `minReplicas`'],
    ],
    ['a kind without rules', 'node.k8s.io/v1', 'RuntimeClass', { handler: 'x' }, undefined, []],
  ])('%s', (_what, apiVersion, kind, object, old, expected) => {
    expect(problems(apiVersion, kind, object, old)).toEqual(expected);
  });
});
