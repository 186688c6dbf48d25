import type { Fact, FactRequest } from '@vouchsafe/engine/facts';
import type { JsonObject } from '@vouchsafe/engine/kernel';
import { describe, expect, it } from 'vitest';
import { createKindTable } from '../inputs/kind-table.ts';
import { clusterFacts, contextFacts } from './cel-facts.ts';
import { createLocalFacts } from './local-facts.ts';
import { readCallMocks, readGlobalMocks } from './mocks.ts';
import { createObjectStore } from './object-store.ts';

const KINDS = createKindTable();

function configMap(name: string, namespace: string | undefined, labels: JsonObject = {}): JsonObject {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, labels, ...(namespace === undefined ? {} : { namespace }) },
  };
}

const OBJECTS = [configMap('one', 'a', { x: '1' }), configMap('two', 'b'), configMap('three', undefined)];
const IMAGE = { image: 'docker.io/redis:7', config: { created: '2020-01-01T00:00:00Z' } };
const CONTEXT = { resources: OBJECTS, images: new Map([['docker.io/redis:7', IMAGE]]) };

async function ask(request: FactRequest, isCluster = false): Promise<Fact | undefined> {
  const { source } = createLocalFacts({
    store: createObjectStore([], KINDS),
    contextAsksStore: false,
    contextAsksConfigMaps: false,
    calls: readCallMocks([
      { url: 'https://x/any', response: { body: { a: 1 } } },
      { url: 'https://x/any', method: 'POST', response: { statusCode: 403, body: { b: 2 } } },
    ]),
    globals: readGlobalMocks([{ name: 'g', data: { n: 1 } }]),
    images: undefined,
    cel: isCluster ? clusterFacts([configMap('four', 'a')], CONTEXT, KINDS) : contextFacts(CONTEXT, KINDS),
  });
  return (await source.fetch([request], undefined))[0];
}

function get(namespace: string, name: string, apiVersion = 'v1', resource = 'configmaps'): FactRequest {
  return { kind: 'api-resource', apiVersion, resource, namespace, name };
}

function list(namespace: string, labels?: Record<string, string>, resource = 'configmaps'): FactRequest {
  return { kind: 'api-resource', apiVersion: 'v1', resource, namespace, ...(labels ? { labels } : {}) };
}

/** Names of what was found, or the failure. */
function told(fact: Fact | undefined): unknown {
  if (!fact?.ok) return fact && `${fact.class}: ${fact.message}`;
  const items = (fact.value as { items?: readonly { metadata: { name: string } }[] }).items; // what these requests give
  return items
    ? items.map(({ metadata }) => metadata.name)
    : (fact.value as { metadata: { name: string } }).metadata.name;
}

describe('resource.Get and resource.List of a context file', () => {
  const rows: [string, FactRequest, unknown][] = [
    ['one object', get('a', 'one'), 'one'],
    ['not in another namespace', get('b', 'one'), 'not-found: configmaps "one" not found'],
    ['not without its namespace', get('', 'one'), 'not-found: configmaps "one" not found'],
    ['one without a namespace', get('', 'three'), 'three'],
    ['not in another version', get('a', 'one', 'v2'), 'not-found: configmaps "one" not found'],
    ['nothing of an unknown kind', get('a', 'one', 'x.io/v1', 'ys'), 'not-found: ys.x.io "one" not found'],
    ['a list of a namespace', list('a'), ['one']],
    ['a list without a namespace', list(''), ['three']],
    ['a list by labels', list('a', { x: '2' }), []],
    ['a list of a kind it says nothing of', list('a', {}, 'secrets'), 'permanent: secrets resource not found'],
  ];
  it.each(rows)('%s', async (_name, request, wanted) => {
    expect(told(await ask(request))).toEqual(wanted);
  });
});

describe('the same of a simulated cluster', () => {
  const rows: [string, FactRequest, unknown][] = [
    ['one object', get('a', 'four'), 'four'],
    ['one of the context file', get('a', 'one'), 'one'],
    ['a list of a namespace', list('a'), ['four', 'one']],
    ['a list of all namespaces', list(''), ['four', 'one', 'two', 'three']],
    ['an empty list', list('a', {}, 'secrets'), []],
    ['an unknown kind', list('a', {}, 'nonsense'), 'permanent: the server could not find the requested resource'],
  ];
  it.each(rows)('%s', async (_name, request, wanted) => {
    expect(told(await ask(request, true))).toEqual(wanted);
  });
});

describe('other facts of expressions', () => {
  const mapping = { kind: 'kind-mapping', apiVersion: 'apps/v1' } as const;
  const access = { allowInsecure: false, providers: [], secrets: [] };
  const headers = {};
  const rows: [string, FactRequest, unknown][] = [
    [
      'a kind',
      { ...mapping, resourceKind: 'Deployment' },
      { group: 'apps', version: 'v1', resource: 'deployments', namespaced: true },
    ],
    ['an unknown kind', { ...mapping, resourceKind: 'Nope' }, 'no matches for kind "Nope" in version "apps/v1"'],
    ['an image', { kind: 'image-data', reference: 'docker.io/redis:7', access }, IMAGE],
    [
      'another image',
      { kind: 'image-data', reference: 'redis:7', access },
      'image data for redis:7 not found in the context',
    ],
    [
      'a call',
      { kind: 'http-call', method: 'GET', url: 'https://x/any', headers },
      { status: 200, body: { body: { a: 1 } } },
    ],
    [
      'a call by its method',
      { kind: 'http-call', method: 'POST', url: 'https://x/any', headers },
      { status: 403, body: { body: { b: 2 } } },
    ],
    [
      'a call nobody answers',
      { kind: 'http-call', method: 'GET', url: 'https://x', headers },
      'no apiCallResponses entry answers GET https://x',
    ],
    ['a global context entry', { kind: 'global-context', name: 'g' }, { n: 1 }],
    ['an unknown one', { kind: 'global-context', name: 'h' }, 'failed to fetch entry key=h'],
  ];
  it.each(rows)('%s', async (_name, request, wanted) => {
    const fact = await ask(request);
    expect(fact?.ok ? fact.value : fact?.message).toEqual(wanted);
  });
});
