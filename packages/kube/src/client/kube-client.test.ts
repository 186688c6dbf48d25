import { afterEach, describe, expect, it } from 'vitest';
import type { KubernetesObject } from '../model/kubernetes-object.ts';
import { createKubeClient, type KubeClient, type KubeClientOptions } from './kube-client.ts';
import { KubeError } from './kube-error.ts';
import { answerJson, answerStatus, type LoopbackApi, startLoopbackApi } from './loopback-api.fixture.ts';
import type { RequestObservation } from './requester.ts';

const pods = { group: '', version: 'v1', resource: 'pods' };
const deployments = { group: 'apps', version: 'v1', resource: 'deployments' };
const pod: KubernetesObject = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', namespace: 'ns' }, spec: {} };

const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0)) await close();
});

async function start(
  handle: Parameters<typeof startLoopbackApi>[0],
  clientOptions: KubeClientOptions = {},
  serverOptions: Parameters<typeof startLoopbackApi>[1] = {},
): Promise<{ api: LoopbackApi; client: KubeClient }> {
  const api = await startLoopbackApi(handle, serverOptions);
  const client = createKubeClient(api.connection, {
    queriesPerSecond: 0,
    retryBackoffMilliseconds: 5,
    ...clientOptions,
  });
  open.push(client.close, api.close);
  return { api, client };
}

const failureOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'no failure',
    (error: unknown) => error,
  );

describe('requests', () => {
  it.each<[string, (client: KubeClient) => Promise<unknown>, object]>([
    ['get', (c) => c.get(pods, { namespace: 'ns', name: 'p' }), { method: 'GET', url: '/api/v1/namespaces/ns/pods/p' }],
    [
      'get a subresource',
      (c) => c.get(deployments, { namespace: 'ns', name: 'd', subresource: 'scale' }),
      { method: 'GET', url: '/apis/apps/v1/namespaces/ns/deployments/d/scale' },
    ],
    [
      'create',
      (c) => c.create(pods, pod, {}, { dryRun: true, fieldManager: 'me', fieldValidation: 'Strict' }),
      {
        method: 'POST',
        url: '/api/v1/namespaces/ns/pods?dryRun=All&fieldManager=me&fieldValidation=Strict',
        body: JSON.stringify(pod),
      },
    ],
    [
      'create on an object',
      (c) => c.create(pods, pod, { name: 'p', subresource: 'eviction' }),
      { method: 'POST', url: '/api/v1/namespaces/ns/pods/p/eviction' },
    ],
    [
      'update',
      (c) => c.update(pods, pod),
      { method: 'PUT', url: '/api/v1/namespaces/ns/pods/p', body: JSON.stringify(pod) },
    ],
    [
      'update the status',
      (c) => c.update(pods, pod, 'status'),
      { method: 'PUT', url: '/api/v1/namespaces/ns/pods/p/status' },
    ],
    [
      'json patch',
      (c) => c.patch(pods, { namespace: 'ns', name: 'p' }, 'json', [{ op: 'remove', path: '/a' }]),
      {
        method: 'PATCH',
        url: '/api/v1/namespaces/ns/pods/p',
        headers: { 'content-type': 'application/json-patch+json' },
      },
    ],
    [
      'merge patch',
      (c) => c.patch(pods, { name: 'p' }, 'merge', {}),
      { headers: { 'content-type': 'application/merge-patch+json' }, url: '/api/v1/pods/p' },
    ],
    [
      'strategic patch',
      (c) => c.patch(pods, { name: 'p' }, 'strategic', {}),
      { headers: { 'content-type': 'application/strategic-merge-patch+json' } },
    ],
    [
      'apply',
      (c) => c.patch(pods, { name: 'p' }, 'apply', pod, { fieldManager: 'me', force: true }),
      { url: '/api/v1/pods/p?fieldManager=me&force=true', headers: { 'content-type': 'application/apply-patch+yaml' } },
    ],
    [
      'delete, with the length of its body',
      (c) =>
        c.delete(
          pods,
          { namespace: 'ns', name: 'p' },
          { propagationPolicy: 'Foreground', preconditions: { uid: 'u' } },
        ),
      {
        method: 'DELETE',
        body: '{"apiVersion":"v1","kind":"DeleteOptions","propagationPolicy":"Foreground","preconditions":{"uid":"u"}}',
        headers: { 'content-length': '103' },
      },
    ],
    ['odd names', (c) => c.get(pods, { name: 'a/../b?c#d' }), { url: '/api/v1/pods/a%2F..%2Fb%3Fc%23d' }],
  ])('%s', async (_, call, expected) => {
    const { api, client } = await start((__, response) => answerJson(response, pod));
    await call(client);
    expect(api.seen).toMatchObject([
      { headers: { accept: 'application/json', 'user-agent': 'vouchsafe' }, ...expected },
    ]);
  });

  it.each([
    ['..', (c: KubeClient) => c.get(pods, { name: '..' })],
    ['an empty name', (c: KubeClient) => c.update(pods, { ...pod, metadata: {} })],
    ['another host', (c: KubeClient) => c.raw('.evil.example/')],
    ['apply without manager', (c: KubeClient) => c.patch(pods, { name: 'p' }, 'apply', pod)],
  ])('refuses %s before sending', async (_, call) => {
    const { api, client } = await start((__, response) => answerJson(response, pod));
    expect(await failureOf(call(client))).toMatchObject({ name: 'KubeError', code: 0, reason: 'InvalidRequest' });
    expect(api.seen).toEqual([]);
  });

  it('acts as another user, extra keys escaped', async () => {
    const { api, client } = await start((_, response) => answerJson(response, pod));
    const extra = { 'example.org/scopes': ['x', 'y'] };
    await client.impersonate({ username: 'jane', groups: ['dev', 'qa'], uid: '7', extra }).get(pods, { name: 'p' });
    expect(api.seen[0]?.headers).toMatchObject({
      'impersonate-user': 'jane',
      'impersonate-uid': '7',
      'impersonate-group': 'dev, qa',
      'impersonate-extra-example.org%2fscopes': 'x, y',
    });
  });

  it('raw returns the answer as it is', async () => {
    const { client } = await start((request, response) => response.writeHead(200, { 'x-path': request.url }).end('ok'));
    const answer = await client.raw('/healthz?verbose=1');
    expect([answer.status, answer.headers['x-path'], Buffer.from(answer.body).toString()]).toEqual([
      200,
      '/healthz?verbose=1',
      'ok',
    ]);
  });
});

describe('failures', () => {
  it('carry code, reason, message, details and the wait asked for', async () => {
    const { client } = await start((_, response) =>
      answerJson(
        response,
        {
          kind: 'Status',
          message: 'pods "p" not found',
          reason: 'NotFound',
          code: 404,
          details: { name: 'p', kind: 'pods', causes: [{ field: 'x' }], retryAfterSeconds: 9 },
        },
        404,
      ),
    );
    const error = await failureOf(client.get(pods, { name: 'p' }));
    expect(error).toBeInstanceOf(KubeError);
    expect(error).toMatchObject({ code: 404, reason: 'NotFound', message: 'pods "p" not found', retryAfter: 9 });
    expect(error).toMatchObject({ details: { name: 'p', kind: 'pods', causes: [{ field: 'x' }] } });
  });

  it.each([
    [404, '404 page not found', { reason: 'NotFound', message: '404 page not found' }],
    [418, '', { reason: 'Unknown', message: 'the server answered with status 418' }],
    [302, '', { reason: 'Unknown' }],
  ])('without a Status: %i', async (code, text, expected) => {
    const { client } = await start((_, response) =>
      response.writeHead(code, { location: 'http://127.0.0.1:1/' }).end(text),
    );
    expect(await failureOf(client.get(pods, { name: 'p' }))).toMatchObject({ code, ...expected });
  });

  it.each([
    ['no JSON', 'hello'],
    ['a list', '[]'],
    ['no metadata', '{"kind":"Pod"}'],
  ])('a body that is %s', async (_, text) => {
    const { client } = await start((__, response) => response.end(text));
    expect(await failureOf(client.get(pods, { name: 'p' }))).toMatchObject({ code: 0, reason: 'MalformedResponse' });
  });

  it('a body that is too large', async () => {
    const { client } = await start((_, response) => response.end('x'.repeat(5000)), { maximumResponseBytes: 1000 });
    expect(await failureOf(client.raw('/'))).toMatchObject({ reason: 'ResponseTooLarge' });
  });

  it('a server that does not answer', async () => {
    const { client } = await start(() => undefined, { timeoutMilliseconds: 50 });
    expect(await failureOf(client.get(pods, { name: 'p' }))).toMatchObject({ code: 0, reason: 'RequestTimeout' });
  });

  it('an abort rejects with its reason', async () => {
    const { client } = await start(() => undefined);
    const controller = new AbortController();
    const failure = failureOf(client.get(pods, { name: 'p' }, { signal: controller.signal }));
    setTimeout(() => controller.abort('enough'), 30);
    expect(await failure).toBe('enough');
    expect(await failureOf(client.get(pods, { name: 'p' }, { signal: controller.signal }))).toBe('enough');
  });
});

describe('retries', () => {
  /** Fails the first requests in the given way, then answers well. */
  const failing = (
    times: number,
    fail: Parameters<typeof startLoopbackApi>[0],
  ): Parameters<typeof startLoopbackApi>[0] => {
    let left = times;
    return (request, response) => {
      left -= 1;
      if (left >= 0) fail(request, response);
      else answerJson(response, pod);
    };
  };
  const get = (client: KubeClient) => client.get(pods, { name: 'p' });
  const create = (client: KubeClient) => client.create(pods, pod);
  const apply = (client: KubeClient) => client.patch(pods, { name: 'p' }, 'apply', pod, { fieldManager: 'me' });
  const status =
    (code: number, headers: Record<string, string> = {}): Parameters<typeof startLoopbackApi>[0] =>
    (_, response) =>
      answerStatus(response, code, 'Busy', headers);
  const reset: Parameters<typeof startLoopbackApi>[0] = (_, response) => response.destroy();

  it.each<[string, Parameters<typeof startLoopbackApi>[0], (client: KubeClient) => Promise<unknown>, number]>([
    ['429 with Retry-After, get', status(429, { 'retry-after': '0' }), get, 2],
    ['429 with Retry-After, create', status(429, { 'retry-after': '0' }), create, 2],
    ['429 without, create', status(429), create, 1],
    ['503 with Retry-After, create', status(503, { 'retry-after': '0' }), create, 2],
    ['503 without, get', status(503), get, 2],
    ['503 without, create', status(503), create, 1],
    ['500, get', status(500), get, 1],
    ['409, apply', status(409), apply, 1],
    ['a wait that is too long', status(429, { 'retry-after': '3600' }), get, 1],
    ['a reset, get', reset, get, 2],
    ['a reset, apply', reset, apply, 2],
    ['a reset, create', reset, create, 1],
  ])('%s', async (_, fail, call, requests) => {
    const { api, client } = await start(failing(1, fail));
    const failure = await failureOf(call(client));
    expect(api.seen).toHaveLength(requests);
    expect(failure === 'no failure').toBe(requests === 2);
  });

  it('end after five requests', async () => {
    const { api, client } = await start(status(429, { 'retry-after': '0' }));
    expect(await failureOf(get(client))).toMatchObject({ code: 429 });
    expect(api.seen).toHaveLength(5);
  });

  it('wait as long as asked', async () => {
    const { client } = await start(failing(1, status(429, { 'retry-after': '1' })));
    const startedAt = performance.now();
    await get(client);
    expect(performance.now() - startedAt).toBeGreaterThan(990);
  });

  it('send again to a server that was not there', async () => {
    const { api, client } = await start((_, response) => answerJson(response, pod));
    await api.close();
    expect(await failureOf(create(client))).toMatchObject({ code: 0, reason: 'Unreachable' });
  });

  it('ask for a new token once after a 401, and never show it', async () => {
    const asked: boolean[] = [];
    const credentials = async ({ refresh = false } = {}) => {
      asked.push(refresh);
      return { authorization: `Bearer ${refresh ? 'fresh' : 'stale'}-secret` };
    };
    const { api, client } = await start(
      (request, response) =>
        request.headers.authorization === 'Bearer fresh-secret'
          ? answerJson(response, pod)
          : answerStatus(response, 401, 'Unauthorized'),
      {},
      { connection: { credentials } },
    );
    await create(client);
    expect(asked).toEqual([false, true]);
    expect(api.seen).toHaveLength(2);
    const broken = await start(
      status(401),
      {},
      { connection: { credentials: async () => ({ authorization: 'Bearer top-secret' }) } },
    );
    const error = await failureOf(get(broken.client));
    expect(error).toMatchObject({ code: 401 });
    expect(broken.api.seen).toHaveLength(2);
    expect(JSON.stringify(error) + String(error)).not.toContain('secret');
  });

  it('credentials that cannot be had are a KubeError', async () => {
    const credentials = () => Promise.reject(new Error('no token can be read'));
    const { client } = await start(status(500), {}, { connection: { credentials } });
    expect(await failureOf(get(client))).toMatchObject({
      reason: 'CredentialsUnavailable',
      message: 'no token can be read',
    });
  });
});

describe('list', () => {
  const items = Array.from({ length: 5 }, (_, index) => ({ metadata: { name: `p${index}`, managedFields: [{}] } }));
  const page = (from: number, to: number, next?: string) => ({
    kind: 'PodList',
    apiVersion: 'v1',
    metadata: { resourceVersion: '9', ...(next === undefined ? {} : { continue: next }) },
    items: items.slice(from, to),
  });

  it('collects pages and gives items their kind', async () => {
    const { api, client } = await start((request, response) =>
      answerJson(response, request.query.has('continue') ? page(3, 5) : page(0, 3, 'token')),
    );
    const list = await client.list(pods, { namespace: 'ns', labelSelector: 'a=b', resourceVersion: '0', pageSize: 3 });
    expect(list).toMatchObject({ resourceVersion: '9', kind: 'PodList' });
    expect(list.items.map(({ kind, apiVersion, metadata }) => [kind, apiVersion, metadata.name])).toEqual(
      items.map(({ metadata }) => ['Pod', 'v1', metadata.name]),
    );
    expect(api.seen.map(({ url }) => url)).toEqual([
      '/api/v1/namespaces/ns/pods?labelSelector=a%3Db&limit=3&resourceVersion=0',
      '/api/v1/namespaces/ns/pods?labelSelector=a%3Db&limit=3&continue=token',
    ]);
  });

  it('reads all at once when the token ran out', async () => {
    const { api, client } = await start((request, response) => {
      if (request.query.has('continue')) answerStatus(response, 410, 'Expired');
      else answerJson(response, request.query.has('limit') ? page(0, 3, 'token') : page(0, 5));
    });
    expect((await client.list(pods, { pageSize: 3 })).items).toHaveLength(5);
    expect(api.seen).toHaveLength(3);
  });

  it('is bounded, and does not turn in circles', async () => {
    const { client } = await start((_, response) => answerJson(response, page(0, 3, 'same')));
    expect(await failureOf(client.list(pods, { maximumItems: 2 }))).toMatchObject({ reason: 'ListTooLarge' });
    expect(await failureOf(client.list(pods))).toMatchObject({ reason: 'MalformedResponse' });
  });

  it('transforms page by page and can ask for metadata alone', async () => {
    const { api, client } = await start((_, response) => answerJson(response, page(0, 5)));
    const { items: names } = await client.list(pods, {
      metadataOnly: true,
      transform: ({ apiVersion, kind, metadata }) => ({ apiVersion, kind, metadata: { name: metadata.name ?? '' } }),
    });
    expect(names[0]).toEqual({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p0' } });
    expect(api.seen[0]?.headers.accept).toBe(
      'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json',
    );
  });
});

describe('limits and observation', () => {
  it('holds the rate and reports every exchange', async () => {
    const seen: RequestObservation[] = [];
    const { client } = await start((_, response) => answerJson(response, pod), {
      queriesPerSecond: 100,
      burst: 5,
      onRequest: (observation) => seen.push(observation),
    });
    const startedAt = performance.now();
    await Promise.all(Array.from({ length: 25 }, () => client.get(pods, { name: 'p' })));
    expect(performance.now() - startedAt).toBeGreaterThan(190);
    expect(seen).toHaveLength(25);
    expect(seen[0]).toMatchObject({ method: 'GET', path: '/api/v1/pods/p', status: 200 });
  });
});
