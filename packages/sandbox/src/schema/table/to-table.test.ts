import { describe, expect, it } from 'vitest';
import { BUILTIN_RESOURCES } from '../builtin/resources.ts';
import type { JsonObject, JsonValue } from '../json/json-value.ts';
import { humanDuration } from './age.ts';
import { compileJsonPath } from './json-path.ts';
import { toTable } from './to-table.ts';

const NOW = new Date('2026-01-02T00:00:00Z');

function cells(plural: string, group: string, object: JsonObject, printerColumns?: JsonObject[]): JsonValue {
  const metadata = {
    name: 'x',
    creationTimestamp: '2026-01-01T23:58:00Z',
    ...(object['metadata'] as JsonObject | undefined),
  };
  const table = toTable({
    group,
    plural,
    printerColumns,
    objects: [{ ...object, metadata }],
    includeObject: 'None',
    metadata: {},
    withColumns: true,
    now: NOW,
  });
  const [row] = table['rows'] as { cells: JsonValue[] }[];
  expect(row?.cells.length).toBe((table['columnDefinitions'] as JsonValue[]).length);
  return row?.cells ?? [];
}

describe('humanDuration', () => {
  it.each([
    [-5, '<invalid>'],
    [0, '0s'],
    [119, '119s'],
    [120, '2m'],
    [200, '3m20s'],
    [3600, '60m'],
    [4 * 3600, '4h'],
    [4 * 3600 + 1800, '4h30m'],
    [30 * 3600, '30h'],
    [51 * 3600, '2d3h'],
    [400 * 86400, '400d'],
    [800 * 86400, '2y70d'],
    [4000 * 86400, '10y'],
  ])('%d s is %s', (seconds, text) => {
    expect(humanDuration(seconds * 1000)).toBe(text);
  });
});

describe('toTable', () => {
  const running = {
    ready: true,
    restartCount: 2,
    state: { running: {} },
    lastState: { terminated: { finishedAt: '2026-01-01T23:59:00Z' } },
  };

  it.each<[string, string, string, JsonObject, JsonValue[]]>([
    [
      'a running pod',
      'pods',
      '',
      {
        spec: { containers: [{}], nodeName: 'n' },
        status: { phase: 'Running', podIPs: [{ ip: '1.2.3.4' }], containerStatuses: [running] },
      },
      ['x', '1/1', 'Running', '2 (60s ago)', '2m', '1.2.3.4', 'n', '<none>', '<none>'],
    ],
    [
      'a crashing pod',
      'pods',
      '',
      {
        spec: { containers: [{}] },
        status: {
          phase: 'Running',
          containerStatuses: [{ restartCount: 0, state: { waiting: { reason: 'CrashLoopBackOff' } } }],
        },
      },
      ['x', '0/1', 'CrashLoopBackOff', '0', '2m', '<none>', '<none>', '<none>', '<none>'],
    ],
    [
      'a pod that starts',
      'pods',
      '',
      {
        spec: { containers: [{}], initContainers: [{ name: 'i' }, { name: 'j' }] },
        status: {
          phase: 'Pending',
          initContainerStatuses: [
            { name: 'i', state: { terminated: { exitCode: 0 } } },
            { name: 'j', state: { running: {} } },
          ],
        },
      },
      ['x', '0/1', 'Init:1/2', '0', '2m', '<none>', '<none>', '<none>', '<none>'],
    ],
    [
      'a pod that goes',
      'pods',
      '',
      {
        metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' },
        spec: { containers: [{}] },
        status: { phase: 'Running' },
      },
      ['x', '0/1', 'Terminating', '0', '2m', '<none>', '<none>', '<none>', '<none>'],
    ],
    [
      'a deployment',
      'deployments',
      'apps',
      {
        spec: {
          replicas: 2,
          selector: { matchLabels: { b: '2', a: '1' } },
          template: { spec: { containers: [{ name: 'c', image: 'i' }] } },
        },
        status: { readyReplicas: 1, updatedReplicas: 2, availableReplicas: 1 },
      },
      ['x', '1/2', 2, 1, '2m', 'c', 'i', 'a=1,b=2'],
    ],
    [
      'a job',
      'jobs',
      'batch',
      {
        spec: { completions: 3, template: { spec: { containers: [] } } },
        status: { succeeded: 1, startTime: '2026-01-01T23:59:00Z' },
      },
      ['x', 'Running', '1/3', '60s', '2m', '', '', '<none>'],
    ],
    [
      'a service',
      'services',
      '',
      {
        spec: {
          type: 'NodePort',
          clusterIPs: ['10.0.0.1'],
          ports: [
            { port: 80, nodePort: 30080, protocol: 'TCP' },
            { port: 53, protocol: 'UDP' },
          ],
          selector: { a: 'b' },
        },
      },
      ['x', 'NodePort', '10.0.0.1', '<none>', '80:30080/TCP,53/UDP', '2m', 'a=b'],
    ],
    [
      'a node',
      'nodes',
      '',
      {
        metadata: { labels: { 'node-role.kubernetes.io/worker': '' } },
        spec: { unschedulable: true },
        status: {
          conditions: [{ type: 'Ready', status: 'True' }],
          nodeInfo: { kubeletVersion: 'v1.36.0', architecture: 'amd64', kernelVersion: '6' },
        },
      },
      [
        'x',
        'Ready,SchedulingDisabled',
        'worker',
        '2m',
        'v1.36.0',
        '<none>',
        '<none>',
        '<unknown>',
        '6 (amd64)',
        '<unknown>',
      ],
    ],
    [
      'an event',
      'events',
      '',
      {
        type: 'Warning',
        reason: 'Failed',
        message: ' no ',
        count: 3,
        lastTimestamp: '2026-01-01T23:59:30Z',
        involvedObject: { kind: 'Pod', name: 'p' },
        source: { component: 'c', host: 'h' },
      },
      ['30s', 'Warning', 'Failed', 'pod/p', '', 'c, h', 'no', '<unknown>', 3, 'x'],
    ],
    ['a role', 'roles', 'rbac.authorization.k8s.io', {}, ['x', '2026-01-01T23:58:00Z']],
    [
      'a quota',
      'resourcequotas',
      '',
      { status: { hard: { 'limits.cpu': '2', pods: '5' }, used: { pods: '1' } } },
      ['x', 'pods: 1/5', 'limits.cpu: 0/2', '2m'],
    ],
  ])('prints %s', (_what, plural, group, object, expected) => {
    expect(cells(plural, group, object)).toEqual(expected);
  });

  it('has as many cells as columns for every resource, even of an empty object', () => {
    for (const { group, plural } of BUILTIN_RESOURCES) expect(cells(plural, group, {})).toBeInstanceOf(Array);
  });

  it('prints the columns of custom resources', () => {
    const columns = [
      { name: 'Size', type: 'integer', jsonPath: '.spec.size' },
      { name: 'Ready', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
      { name: 'Since', type: 'date', jsonPath: '.spec.since' },
      { name: 'Missing', type: 'string', jsonPath: '.spec.missing' },
    ];
    const object = {
      spec: { size: 3, since: '2026-01-01T00:00:00Z' },
      status: {
        conditions: [
          { type: 'Other', status: 'x' },
          { type: 'Ready', status: 'True' },
        ],
      },
    };
    expect(cells('widgets', 'example.com', object, columns)).toEqual(['x', 3, 'True', '24h', null]);
    expect(cells('widgets', 'example.com', object, [])).toEqual(['x', '2m']);
  });

  it('carries metadata, the object, or neither, and names columns once', () => {
    const input = {
      group: '',
      plural: 'configmaps',
      objects: [{ metadata: { name: 'm' }, data: { a: 'b' } }],
      metadata: { resourceVersion: '1' },
      now: NOW,
    };
    const table = toTable({ ...input, includeObject: 'Metadata', withColumns: false });
    expect(table).toMatchObject({
      kind: 'Table',
      apiVersion: 'meta.k8s.io/v1',
      metadata: { resourceVersion: '1' },
      columnDefinitions: null,
      rows: [{ cells: ['m', 1, '<unknown>'], object: { kind: 'PartialObjectMetadata', metadata: { name: 'm' } } }],
    });
    const whole = toTable({ ...input, includeObject: 'Object', withColumns: true });
    expect(whole['rows']).toMatchObject([{ object: { data: { a: 'b' } } }]);
  });
});

describe('compileJsonPath', () => {
  const value = {
    a: { 'b.c': [1, 2, 3] },
    list: [
      { n: 'x', v: 1 },
      { n: 'y', v: 2 },
    ],
  };

  it.each<[string, JsonValue[]]>([
    ['.a', [value.a]],
    ['{.list[0].v}', [1]],
    ['.list[-1].n', ['y']],
    ['.list[*].v', [1, 2]],
    [".a['b.c'][1:]", [2, 3]],
    ['.a.b\\.c[0]', [1]],
    ['.list[?(@.v>1)].n', ['y']],
    ['.list[?(@.n=="x")].v', [1]],
    ['.none.below', []],
    ['.constructor', []],
  ])('%s', (path, expected) => {
    expect(compileJsonPath(path)?.(value)).toEqual(expected);
  });

  it.each(['a', '.a[', '.list[?(n=1)]', '.list[abc]'])('refuses %s', (path) => {
    expect(compileJsonPath(path)).toBeUndefined();
  });
});
