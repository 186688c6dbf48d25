import type { Fact, FactRequest } from '@vouchsafe/engine/facts';
import type { Json } from '@vouchsafe/engine/kernel';
import { type KubeClient, KubeError } from '@vouchsafe/kube';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CONFIG_MAPS, startTestCluster, type TestCluster } from '../wiring/operator.fixture.ts';
import { createClusterFacts } from './cluster-facts.ts';

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startTestCluster();
  for (const name of ['a', 'b']) {
    await cluster.client.create(CONFIG_MAPS, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name, namespace: 'default', labels: { name } },
      data: { key: name },
    });
  }
});
afterAll(() => cluster.stop());

async function ask(
  request: FactRequest,
  client: KubeClient = cluster.client,
  signal?: AbortSignal,
): Promise<Fact<Json>> {
  const [fact] = await createClusterFacts(client).fetch([request], signal);
  if (!fact) throw new Error('no fact');
  return fact;
}

const apiCall = (urlPath: string, data?: Json): FactRequest =>
  ({
    kind: 'api-call',
    urlPath,
    method: data === undefined ? 'GET' : 'POST',
    ...(data === undefined ? {} : { data }),
  }) as FactRequest; // as policies make it
const configMap = (name: string): FactRequest => ({ kind: 'config-map', namespace: 'default', name });
const resource = (part: object): FactRequest =>
  ({ kind: 'resource', apiVersion: 'v1', resourceKind: 'ConfigMap', namespace: 'default', ...part }) as FactRequest; // likewise

describe('facts of the cluster', () => {
  it('a ConfigMap is its data and metadata', async () => {
    expect(await ask(configMap('a'))).toMatchObject({
      ok: true,
      value: { data: { key: 'a' }, metadata: { name: 'a' } },
    });
  });

  it('objects come by name and by list', async () => {
    expect(await ask(resource({ name: 'b' }))).toMatchObject({ ok: true, value: { data: { key: 'b' } } });
    const labelled = await ask(resource({ labelSelector: 'name=a' }));
    expect(labelled.ok && (labelled.value as readonly Json[]).length).toBe(1);
  });

  it('a name in no namespace is looked for in all', async () => {
    const metadata = { name: 'b', namespace: 'kube-public' };
    await cluster.client.create(CONFIG_MAPS, { apiVersion: 'v1', kind: 'ConfigMap', metadata });
    const found = await ask(resource({ namespace: undefined, name: 'b' }));
    expect(found.ok && (found.value as readonly { metadata: object }[]).map(({ metadata: own }) => own)).toMatchObject([
      { name: 'b', namespace: 'default' },
      { name: 'b', namespace: 'kube-public' },
    ]);
    const another = await ask(resource({ namespace: undefined, name: 'b,metadata.namespace=default' }));
    expect(another).toMatchObject({ ok: false, class: 'not-found' });
    expect(await ask(resource({ resourceKind: 'Namespace', namespace: undefined, name: 'default' }))).toMatchObject({
      value: { metadata: { name: 'default' } },
    });
  });

  it.each([
    ['*', 'ConfigMap', true],
    ['*/*', 'ConfigMap', true],
    ['v*', 'ConfigMap', true],
    ['apps/*', 'ConfigMap', false],
    ['*', 'Deployment', false],
  ])('apiVersion `%s` of a %s is served: %s', async (apiVersion, resourceKind, isServed) => {
    expect(await ask(resource({ apiVersion, resourceKind }))).toMatchObject({ ok: isServed });
  });

  it('expressions get and list by the plural', async () => {
    const asked = { kind: 'api-resource', apiVersion: 'v1', resource: 'configmaps', namespace: 'default' } as const;
    expect(await ask({ ...asked, name: 'a' })).toMatchObject({ ok: true, value: { data: { key: 'a' } } });
    expect(await ask({ ...asked, name: 'none' })).toMatchObject({ ok: false, class: 'not-found' });
    const labelled = await ask({ ...asked, labels: { name: 'a' } });
    expect(labelled).toMatchObject({
      ok: true,
      value: { kind: 'ConfigMapList', items: [{ metadata: { name: 'a' } }] },
    });
    const all = await ask({ ...asked, namespace: '', labels: { name: 'b' } });
    expect(all).toMatchObject({ ok: true, value: { items: [{ metadata: { name: 'b' } }] } });
  });

  it.each([
    ['a name that leads elsewhere', { name: '..' }],
    ['a label that is another requirement', { labels: { name: 'a,name!=b' } }],
  ])('%s is refused', async (_name, part) => {
    const asked = {
      kind: 'api-resource',
      apiVersion: 'v1',
      resource: 'configmaps',
      namespace: 'default',
      ...part,
    } as const;
    expect(await ask(asked)).toMatchObject({ ok: false, class: 'permanent' });
  });

  it('a kind is mapped to its plural', async () => {
    const asked = { kind: 'kind-mapping', apiVersion: 'apps/v1' } as const;
    expect(await ask({ ...asked, resourceKind: 'Deployment' })).toEqual({
      ok: true,
      value: { group: 'apps', version: 'v1', resource: 'deployments', namespaced: true },
    });
    expect(await ask({ kind: 'kind-mapping', apiVersion: 'v1', resourceKind: 'Namespace' })).toMatchObject({
      value: { resource: 'namespaces', namespaced: false },
    });
    expect(await ask({ ...asked, resourceKind: 'Nope' })).toMatchObject({
      ok: false,
      message: 'no matches for kind "Nope" in version "apps/v1"',
    });
  });

  it('raw calls reach the API, with their query and their body', async () => {
    const list = await ask(apiCall('/api/v1/namespaces/default/configmaps?labelSelector=name%3Da'));
    expect(list).toMatchObject({ ok: true, value: { items: [{ metadata: { name: 'a' } }] } });
    const access = { spec: { user: 'jane', resourceAttributes: { verb: 'get', resource: 'pods' } } };
    const review = { apiVersion: 'authorization.k8s.io/v1', kind: 'SubjectAccessReview', ...access };
    const posted = await ask(apiCall('/apis/authorization.k8s.io/v1/subjectaccessreviews', review));
    expect(posted).toMatchObject({ ok: true, value: { status: { allowed: true } } });
  });

  it.each([
    'https://attacker.example/api/v1/namespaces',
    '//attacker.example/api',
    '/api//attacker.example/v1',
    '/apix/v1',
    '/metrics',
    '/logs/kubelet',
    'api/v1',
    '',
    '/api/../metrics',
    '/api/v1/../../debug/pprof',
    '/api/v1/..',
    '/api/%2e%2e/metrics',
    '/api/v1/%2E%2E/%2e%2e/metrics',
    '/api/.%2e/metrics',
    '/api/..%2fmetrics',
    '/api/v1\\..\\..\\metrics',
    '/api/v1/namespaces/./../x',
    '/api/v1/pods\r\nHost: attacker',
    '/api/v1/pods #x',
    '/api/v1/pods?a=b#x',
    '/api/v1/%zz',
    '/api/%252e%252e/metrics',
  ])('the path %j is refused before anyone is asked', async (path) => {
    const asked: string[] = [];
    const client: KubeClient = {
      ...cluster.client,
      raw: (url) => {
        asked.push(url);
        return Promise.reject(new Error('asked'));
      },
    };
    expect(await ask(apiCall(path), client)).toMatchObject({
      ok: false,
      class: 'permanent',
      message: expect.stringContaining('is no path'),
    });
    expect(asked).toEqual([]);
  });

  it('dots in names and in the query are no tricks', async () => {
    for (const path of [
      '/api/v1/namespaces/default/configmaps/kube-root-ca.crt',
      '/api/v1/pods?fieldSelector=metadata.name%3D..',
    ]) {
      expect(await ask(apiCall(path))).toMatchObject({ ok: true });
    }
  });

  it.each<[string, KubeError, string]>([
    ['gone', new KubeError(404, 'NotFound', 'x'), 'not-found'],
    ['forbidden', new KubeError(403, 'Forbidden', 'x'), 'denied'],
    ['not who we say', new KubeError(401, 'Unauthorized', 'x'), 'denied'],
    ['too slow', new KubeError(0, 'RequestTimeout', 'x'), 'timed-out'],
    ['away', new KubeError(0, 'Unreachable', 'x'), 'transient'],
    ['busy', new KubeError(429, 'TooManyRequests', 'x'), 'transient'],
    ['broken', new KubeError(500, 'InternalError', 'x'), 'transient'],
    ['unavailable', new KubeError(503, 'ServiceUnavailable', 'x'), 'transient'],
    ['a bad question', new KubeError(400, 'BadRequest', 'x'), 'permanent'],
    ['an answer too large', new KubeError(0, 'ResponseTooLarge', 'x'), 'permanent'],
  ])('a failure has its class: %s', async (_, error, failure) => {
    const get = () => Promise.reject(error);
    expect(await ask(configMap('a'), { ...cluster.client, get })).toEqual({ ok: false, class: failure, message: 'x' });
  });

  it('real failures, too', async () => {
    expect(await ask(configMap('absent'))).toMatchObject({ ok: false, class: 'not-found' });
    expect(await ask(resource({ resourceKind: 'Unicorn', name: 'x' }))).toMatchObject({
      ok: false,
      class: 'not-found',
    });
    expect(await ask(configMap('a'), cluster.client, AbortSignal.abort())).toMatchObject({
      ok: false,
      class: 'timed-out',
    });
  });

  it('an answer that is too large or no JSON is a failure, not a crash', async () => {
    const answering = (body: Uint8Array): KubeClient => ({
      ...cluster.client,
      raw: async () => ({ status: 200, headers: {}, body }) as unknown as Awaited<ReturnType<KubeClient['raw']>>, // what is read of it
    });
    expect(await ask(apiCall('/api/v1/pods'), answering(new Uint8Array(2_000_000)))).toMatchObject({
      ok: false,
      class: 'permanent',
      message: expect.stringContaining('response length must be less than'),
    });
    expect(await ask(apiCall('/version'), answering(Buffer.from('<html>')))).toMatchObject({
      ok: false,
      class: 'permanent',
    });
  });

  it('one failure leaves the other answers alone', async () => {
    const facts = await createClusterFacts(cluster.client).fetch([configMap('absent'), configMap('b')], undefined);
    expect(facts.map(({ ok }) => ok)).toEqual([false, true]);
  });
});
