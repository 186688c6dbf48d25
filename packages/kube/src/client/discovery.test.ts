import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { UntypedRecord } from '../model/untyped.ts';
import { createDiscovery } from './discovery.ts';
import { KubeError } from './kube-error.ts';
import type { Requester } from './requester.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** A server of documents by path, or by `plain <path>` for requests without the aggregated Accept. */
function serve(documents: Record<string, UntypedRecord | KubeError>) {
  const asked: string[] = [];
  const requester: Requester = {
    request: async ({ path, headers }) => {
      asked.push(path);
      const form = headers?.['accept'] === undefined ? 'plain ' : '';
      const document = documents[`${form}${path}`] ?? documents[path] ?? new KubeError(404, 'NotFound', path);
      if (document instanceof KubeError) throw document;
      return { status: 200, headers: {}, body: Buffer.from(JSON.stringify(document)) };
    },
    stream: () => Promise.reject(new Error('not asked for')),
  };
  return { asked, documents, discovery: createDiscovery(requester) };
}

const kind = (group: string, version: string, name: string) => ({ group, version, kind: name });
const aggregatedList = (items: unknown[]): UntypedRecord => ({ kind: 'APIGroupDiscoveryList', items });
const aggregated = {
  '/api': aggregatedList([
    {
      metadata: {},
      versions: [
        {
          version: 'v1',
          freshness: 'Current',
          resources: [
            {
              resource: 'pods',
              responseKind: kind('', '', 'Pod'),
              scope: 'Namespaced',
              singularResource: 'pod',
              shortNames: ['po'],
              categories: ['all'],
              verbs: ['get', 'list'],
              subresources: [
                { subresource: 'eviction', responseKind: kind('policy', 'v1', 'Eviction'), verbs: ['create'] },
              ],
            },
            {
              resource: 'nodes',
              responseKind: kind('', '', 'Node'),
              scope: 'Cluster',
              singularResource: 'node',
              verbs: ['get'],
            },
          ],
        },
      ],
    },
  ]),
  '/apis': aggregatedList([
    {
      metadata: { name: 'apps' },
      versions: [
        {
          version: 'v1',
          freshness: 'Current',
          resources: [
            {
              resource: 'deployments',
              responseKind: kind('', '', 'Deployment'),
              scope: 'Namespaced',
              singularResource: 'deployment',
              verbs: ['get'],
              subresources: [{ subresource: 'status', responseKind: kind('', '', 'Deployment'), verbs: ['get'] }],
            },
          ],
        },
        {
          version: 'v1beta1',
          freshness: 'Current',
          resources: [
            { resource: 'deployments', responseKind: kind('', '', 'Deployment'), scope: 'Namespaced', verbs: ['get'] },
            { resource: 'olds', responseKind: kind('', '', 'Old'), scope: 'Namespaced', verbs: [] },
          ],
        },
      ],
    },
    { metadata: { name: 'metrics.k8s.io' }, versions: [{ version: 'v1', freshness: 'Stale', resources: [] }] },
  ]),
};

const legacyPods = {
  kind: 'APIResourceList',
  groupVersion: 'v1',
  resources: [
    {
      name: 'pods',
      singularName: 'pod',
      namespaced: true,
      kind: 'Pod',
      verbs: ['get', 'list'],
      shortNames: ['po'],
      categories: ['all'],
    },
    {
      name: 'pods/eviction',
      singularName: '',
      namespaced: true,
      group: 'policy',
      version: 'v1',
      kind: 'Eviction',
      verbs: ['create'],
    },
    { name: 'nodes', singularName: 'node', namespaced: false, kind: 'Node', verbs: ['get'] },
  ],
};
const legacy = {
  '/api': { kind: 'APIVersions', versions: ['v1'] },
  '/apis': {
    kind: 'APIGroupList',
    groups: [
      { name: 'apps', versions: [{ version: 'v1' }, { version: 'v1beta1' }] },
      { name: 'metrics.k8s.io', versions: [{ version: 'v1' }] },
    ],
  },
  '/api/v1': legacyPods,
  '/apis/apps/v1': {
    resources: [
      { name: 'deployments', singularName: 'deployment', namespaced: true, kind: 'Deployment', verbs: ['get'] },
      { name: 'deployments/status', namespaced: true, kind: 'Deployment', verbs: ['get'] },
    ],
  },
  '/apis/apps/v1beta1': {
    resources: [
      { name: 'deployments', namespaced: true, kind: 'Deployment', verbs: ['get'] },
      { name: 'olds', namespaced: true, kind: 'Old', verbs: [] },
    ],
  },
  '/apis/metrics.k8s.io/v1': new KubeError(503, 'ServiceUnavailable', 'down'),
};

describe.each([
  ['aggregated', aggregated, 2],
  ['legacy', legacy, 6],
])('%s discovery', (_, documents, requests) => {
  it('maps kinds and resources with scope and subresources', async () => {
    const { discovery, asked } = serve(documents);
    expect(await discovery.findKind({ group: '', version: 'v1', kind: 'Pod' })).toEqual({
      group: '',
      version: 'v1',
      resource: 'pods',
      kind: 'Pod',
      singular: 'pod',
      isNamespaced: true,
      shortNames: ['po'],
      categories: ['all'],
      verbs: ['get', 'list'],
      subresources: [{ name: 'eviction', kind: kind('policy', 'v1', 'Eviction'), verbs: ['create'] }],
      isPreferredVersion: true,
    });
    expect(await discovery.findResource({ group: '', resource: 'nodes' })).toMatchObject({
      kind: 'Node',
      isNamespaced: false,
    });
    const deployment = await discovery.findKind({ group: 'apps', kind: 'Deployment' });
    expect(deployment).toMatchObject({
      version: 'v1',
      subresources: [{ name: 'status', kind: kind('apps', 'v1', 'Deployment') }],
    });
    expect(await discovery.findKind({ group: 'apps', version: 'v1beta1', kind: 'Deployment' })).toMatchObject({
      isPreferredVersion: false,
    });
    expect(await discovery.findKind({ group: 'apps', kind: 'Old' })).toMatchObject({ version: 'v1beta1' });
    expect((await discovery.resources()).map(({ resource, version }) => `${resource} ${version}`)).toEqual([
      'pods v1',
      'nodes v1',
      'deployments v1',
      'deployments v1beta1',
      'olds v1beta1',
    ]);
    expect(asked).toHaveLength(requests);
  });

  it('does not call a kind absent whose group cannot be asked', async () => {
    const { discovery } = serve(documents);
    expect(await discovery.findKind({ group: 'none.example', kind: 'X' })).toBeUndefined();
    await expect(discovery.findKind({ group: 'metrics.k8s.io', kind: 'PodMetrics' })).rejects.toMatchObject({
      code: 503,
    });
  });
});

describe('caching', () => {
  it('asks again for unknown kinds, at most every five seconds, and after ten minutes', async () => {
    const { discovery, asked, documents } = serve({ ...aggregated });
    const find = () => discovery.findKind({ group: 'example.com', kind: 'Widget' });
    await Promise.all([find(), find(), find()]);
    expect(asked).toHaveLength(2);
    documents['/apis'] = aggregatedList([
      {
        metadata: { name: 'example.com' },
        versions: [{ version: 'v1', resources: [{ resource: 'widgets', responseKind: kind('', '', 'Widget') }] }],
      },
    ]);
    expect(await find()).toBeUndefined();
    vi.advanceTimersByTime(5_001);
    expect(await find()).toMatchObject({ resource: 'widgets' });
    expect(asked).toHaveLength(4);
    await find();
    vi.advanceTimersByTime(601_000);
    await find();
    expect(asked).toHaveLength(6);
    discovery.invalidate();
    await find();
    expect(asked).toHaveLength(8);
  });

  it('what was being asked when it was forgotten is not kept', async () => {
    const { discovery, asked } = serve({ ...aggregated });
    const early = discovery.resources();
    discovery.invalidate();
    const late = discovery.resources();
    await Promise.all([early, late]);
    expect(asked).toHaveLength(4);
    await discovery.resources();
    expect(asked).toHaveLength(4);
  });

  it('a failed refresh is an error, not an absence, and the next lookup tries again', async () => {
    const { discovery, documents } = serve({ ...aggregated });
    await discovery.resources();
    documents['/apis'] = new KubeError(500, 'InternalError', 'no');
    vi.advanceTimersByTime(6_000);
    await expect(discovery.findKind({ group: 'x', kind: 'Y' })).rejects.toMatchObject({ code: 500 });
    expect(await discovery.findKind({ group: 'apps', kind: 'Deployment' })).toMatchObject({ resource: 'deployments' });
  });

  it('reads a server that aggregates only one of the two in the plain form', async () => {
    const mixed = { ...legacy, '/api': aggregated['/api'] };
    const { discovery } = serve({ ...mixed, 'plain /api': legacy['/api'] });
    expect(await discovery.findKind({ group: '', kind: 'Node' })).toMatchObject({ resource: 'nodes' });
    expect(await discovery.findKind({ group: 'apps', kind: 'Deployment' })).toMatchObject({ version: 'v1' });
    await expect(serve(mixed).discovery.resources()).rejects.toMatchObject({ reason: 'MalformedResponse' });
  });
});
