import { gzipSync } from 'node:zlib';
import type { FactRequest } from '@vouchsafe/engine/facts';
import { describe, expect, it } from 'vitest';
import { NO_CONTEXT } from '../inputs/context-file.ts';
import { createKindTable } from '../inputs/kind-table.ts';
import { contextFacts } from './cel-facts.ts';
import { matchesLabelQuery } from './label-query.ts';
import { createLocalFacts } from './local-facts.ts';
import { readCallMocks, readGlobalMocks } from './mocks.ts';
import { createObjectStore } from './object-store.ts';

const CRD = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  spec: {
    group: 'acme.io',
    scope: 'Cluster',
    names: { kind: 'Widget', plural: 'widgets' },
    versions: [{ name: 'v1' }],
  },
};
const OBJECTS = [
  {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'one', namespace: 'a', labels: { x: '1' } },
    data: { k: 'v' },
  },
  { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'two', namespace: 'b' } },
  { apiVersion: 'acme.io/v1', kind: 'Widget', metadata: { name: 'w' } },
];

function facts(mocked = false, asksStore = true) {
  const kinds = createKindTable([CRD]);
  return createLocalFacts({
    store: createObjectStore(OBJECTS, kinds),
    cel: contextFacts(NO_CONTEXT, kinds),
    contextAsksStore: asksStore,
    contextAsksConfigMaps: asksStore,
    calls: readCallMocks(
      mocked
        ? [
            { url: 'https://x/y', method: 'GET', response: { body: { a: 1 } } },
            { urlPath: '/z', response: { statusCode: 500, body: {} } },
          ]
        : [],
    ),
    globals: readGlobalMocks(
      mocked ? [{ name: 'g', data: { list: [1, 2] }, projections: [{ name: 'n', path: 'length(list)' }] }] : [],
    ),
    images: undefined,
  });
}

async function ask(request: FactRequest, source = facts().source) {
  const [fact] = await source.fetch([request], undefined);
  return fact?.ok ? fact.value : fact;
}

function call(urlPath: string): FactRequest {
  return { kind: 'api-call', method: 'GET', urlPath };
}

describe('the Kubernetes API without a cluster', () => {
  it.each([
    ['/api/v1/namespaces/a/configmaps/one', ['one']],
    ['/api/v1/namespaces/a/configmaps', ['one']],
    ['/api/v1/configmaps', ['one', 'two']],
    ['/api/v1/configmaps?labelSelector=x%3D1', ['one']],
    ['/api/v1/configmaps?fieldSelector=metadata.namespace%3Db', ['two']],
    ['/apis/acme.io/v1/widgets', ['w']],
    ['/apis/acme.io/v1/widgets/w', ['w']],
    ['/api/v1/secrets', []],
  ])('answers %s', async (path, names) => {
    const value = JSON.stringify(await ask(call(path)));
    for (const name of ['one', 'two', 'w']) expect(value.includes(`"name":"${name}"`)).toBe(names.includes(name));
  });

  it.each([['/api/v1/namespaces/a/configmaps/none'], ['/apis/none.io/v1/things'], ['/metrics']])(
    'knows no %s',
    async (path) => {
      expect(await ask(call(path))).toMatchObject({ ok: false, class: 'not-found' });
    },
  );

  it('lists objects by kind, in any version when asked so', async () => {
    const request = { kind: 'resource', resourceKind: 'ConfigMap', namespace: 'b' } as const;
    expect(await ask({ ...request, apiVersion: 'v1' })).toHaveLength(1);
    expect(await ask({ ...request, apiVersion: 'v2' })).toHaveLength(0);
    expect(await ask({ kind: 'resource', apiVersion: 'acme.io/*', resourceKind: 'Widget' })).toHaveLength(1);
  });
});

describe('mocks', () => {
  it('answer calls, globals and their projections', async () => {
    const { source, absent } = facts(true);
    expect(await ask({ kind: 'service-call', method: 'GET', url: 'https://x/y', headers: [] }, source)).toEqual({
      a: 1,
    });
    expect(await ask(call('/z'), source)).toMatchObject({ ok: false, message: expect.stringContaining('HTTP 500') });
    expect(await ask({ kind: 'global-context', name: 'g' }, source)).toEqual({ n: 2 });
    expect(await ask({ kind: 'global-context', name: 'g', projection: 'n' }, source)).toBe(2);
    expect([...absent]).toEqual(['image-data']);
  });

  it.each([
    [[{ response: { body: {} } }], 'either url or urlPath is required'],
    [[{ url: 'ftp://x', response: { body: {} } }], 'must be an absolute https/http URL'],
    [[{ urlPath: 'x', response: { body: {} } }], "must be an absolute path starting with '/'"],
    [[{ urlPath: '/x', response: { body: [] } }], 'response.body must be a JSON object'],
    [[{ urlPath: '/x', response: { body: {}, statusCode: 42 } }], 'statusCode 42'],
    [
      [
        { urlPath: '/x', response: { body: {} } },
        { urlPath: '/x', response: { body: {} } },
      ],
      'duplicate entry',
    ],
  ])('%j is refused', (entries, message) => {
    expect(() => readCallMocks(entries)).toThrow(message);
  });
});

it('without a cluster and mocks the entries of a context do not exist', () => {
  expect([...facts(false, false).absent].sort()).toEqual([
    'api-call',
    'config-map',
    'global-context',
    'image-data',
    'service-call',
  ]);
});

describe('label queries', () => {
  const labels = { a: '1', b: '2' };
  it.each([
    ['', true],
    ['a=1', true],
    ['a==1,b=2', true],
    ['a!=1', false],
    ['c!=1', true],
    ['a in (0, 1),b notin (3)', true],
    ['c notin (3)', true],
    ['c in (3)', false],
    ['a,!c', true],
    ['!a', false],
  ])('%j: %s', (query, expected) => {
    expect(matchesLabelQuery(query, labels)).toBe(expected);
  });
});

it('signed manifests are judged without a registry', async () => {
  const message = gzipSync('kind: Pod\n').toString('base64');
  expect(await ask({ kind: 'signed-message', message })).toEqual({ manifests: ['kind: Pod\n'] });
  const signatures = [{ message, signature: 'AAAA' }];
  const attestors = [{ entries: [{ keys: { publicKeys: 'no key' } }] }];
  expect(await ask({ kind: 'manifest-verification', signatures, attestors, annotations: {} })).toMatchObject({
    verified: false,
  });
});
