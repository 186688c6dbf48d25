import { get, type RequestOptions } from 'node:https';
import { afterEach, describe, expect, it } from 'vitest';
import { createLoopbackTls } from '../../../kube/src/pki/loopback-tls.fixture.ts';
import { digestOf } from './content-store.ts';
import { MANIFEST_MEDIA_TYPE, pushImage } from './push-image.ts';
import type { RegistryFault } from './registry-fault.ts';
import { type Registry, type RegistryOptions, startRegistry } from './start-registry.ts';

let running: Registry | undefined;

async function start(options: RegistryOptions = {}): Promise<Registry> {
  running = await startRegistry(options);
  return running;
}

afterEach(async () => {
  await running?.stop();
  running = undefined;
});

/** The answer in the shape the test expects of it. */
async function json<Shape>(response: Response): Promise<Shape> {
  return (await response.json()) as Shape;
}

interface TagList {
  tags: string[];
}

interface Index {
  manifests: { digest: string }[];
}

const basic = (user: string, password: string) => ({
  authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
});

function attach(registry: Registry, repository: string, subject: string, artifactType: string, note: string): string {
  const bytes = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: MANIFEST_MEDIA_TYPE,
      artifactType,
      config: { mediaType: 'application/vnd.oci.empty.v1+json', digest: digestOf(Buffer.from('{}')), size: 2 },
      layers: [],
      subject: { mediaType: MANIFEST_MEDIA_TYPE, digest: subject, size: 1 },
      annotations: { note },
    }),
  );
  const stored = registry.content.putManifest(repository, digestOf(bytes), bytes, MANIFEST_MEDIA_TYPE);
  if ('problem' in stored) throw new Error(stored.problem);
  return stored.digest;
}

describe('the registry, honest', () => {
  it('serves an image by tag and digest, with digests that hold', async () => {
    const registry = await start();
    const image = pushImage(registry, 'team/app:v1', { labels: { a: 'b' } });
    for (const reference of ['v1', image.digest]) {
      const response = await fetch(`${registry.url}/v2/team/app/manifests/${reference}`);
      const bytes = Buffer.from(await response.arrayBuffer());
      expect(response.status).toBe(200);
      expect(response.headers.get('docker-content-digest')).toBe(image.digest);
      expect(digestOf(bytes)).toBe(image.digest);
      const manifest = JSON.parse(bytes.toString());
      for (const { digest, size } of [manifest.config, ...manifest.layers]) {
        const blob = Buffer.from(await (await fetch(`${registry.url}/v2/team/app/blobs/${digest}`)).arrayBuffer());
        expect([digestOf(blob), blob.length]).toEqual([digest, size]);
      }
    }
    const head = await fetch(`${registry.url}/v2/team/app/manifests/v1`, { method: 'HEAD' });
    expect(head.headers.get('content-length')).toBe(String(image.size));
  });

  it('serves an image that is said to be as it is described', async () => {
    const registry = await start();
    const facts = { architecture: 'arm64', volumes: ['/data'], layerSize: 3e9, configuration: { built: 'well' } };
    pushImage(registry, 'described:v1', facts);
    const read = async (path: string): Promise<{ config: { digest: string }; layers: { size: number }[] }> =>
      JSON.parse(await (await fetch(`${registry.url}/v2/described/${path}`)).text());
    const { config, layers } = await read('manifests/v1');
    expect(layers[0]?.size).toBe(3e9);
    expect(await read(`blobs/${config.digest}`)).toMatchObject({
      architecture: 'arm64',
      built: 'well',
      config: { Volumes: { '/data': {} } },
    });
  });

  it('makes the same digest of the same content, and an index of platforms', async () => {
    const registry = await start();
    expect(pushImage(registry, 'a:1').digest).toBe(pushImage(registry, 'a:2').digest);
    const platforms = [
      { os: 'linux', architecture: 'amd64' },
      { os: 'linux', architecture: 'arm64', variant: 'v8' },
    ];
    const image = pushImage(registry, 'multi:v1', { platforms });
    const index = JSON.parse(await (await fetch(`${registry.url}/v2/multi/manifests/v1`)).text());
    expect(index.manifests.map((entry: { platform: unknown }) => entry.platform)).toEqual(platforms);
    expect(index.manifests.map((entry: { digest: string }) => entry.digest)).toEqual(
      image.manifests.map(({ digest }) => digest),
    );
  });

  it('takes blobs in one request, by POST and PUT, in chunks, and mounts them', async () => {
    const registry = await start();
    const bytes = Buffer.from('chunky content');
    const digest = digestOf(bytes);
    const post = (path: string, body?: Buffer) =>
      fetch(registry.url + path, { method: 'POST', ...(body === undefined ? {} : { body: new Uint8Array(body) }) });
    expect((await post(`/v2/one/blobs/uploads/?digest=${digest}`, bytes)).status).toBe(201);
    expect((await post(`/v2/two/blobs/uploads/?mount=${digest}&from=one`)).status).toBe(201);

    const session = (await post('/v2/three/blobs/uploads/')).headers.get('location') ?? '';
    const patch = (body: string, range: string) =>
      fetch(registry.url + session, { method: 'PATCH', body, headers: { 'content-range': range } });
    expect((await patch('chunky ', '0-6')).status).toBe(202);
    expect((await patch('content', '99-105')).status).toBe(416);
    expect((await patch('content', '7-13')).headers.get('range')).toBe('0-13');
    expect((await fetch(`${registry.url}${session}?digest=${digest}`, { method: 'PUT' })).status).toBe(201);
    for (const repository of ['one', 'two', 'three']) {
      expect(await (await fetch(`${registry.url}/v2/${repository}/blobs/${digest}`)).text()).toBe('chunky content');
    }
    const wrong = await post(`/v2/one/blobs/uploads/?digest=sha256:${'0'.repeat(64)}`, bytes);
    expect([wrong.status, (await json<{ errors: { code: string }[] }>(wrong)).errors[0]?.code]).toEqual([
      400,
      'DIGEST_INVALID',
    ]);
  });

  it('lists tags in pages and deletes tags, manifests and blobs', async () => {
    const registry = await start();
    for (const tag of ['v1', 'v2', 'v3']) pushImage(registry, `app:${tag}`, { labels: { tag } });
    const first = await fetch(`${registry.url}/v2/app/tags/list?n=2`);
    expect((await json<TagList>(first)).tags).toEqual(['v1', 'v2']);
    const next = /<(.+)>/.exec(first.headers.get('link') ?? '')?.[1];
    expect((await json<TagList>(await fetch(registry.url + next))).tags).toEqual(['v3']);
    const remove = async (path: string) => (await fetch(registry.url + path, { method: 'DELETE' })).status;
    expect(await remove('/v2/app/manifests/v2')).toBe(202);
    expect(await remove('/v2/app/manifests/v2')).toBe(404);
    expect((await fetch(`${registry.url}/v2/app/manifests/v2`)).status).toBe(404);
  });

  it('lists referrers filtered and in pages, and answers OCI-Subject', async () => {
    const registry = await start({ referrersPageSize: 2 });
    const { digest } = pushImage(registry, 'app:v1');
    const sboms = ['1', '2', '3'].map((note) => attach(registry, 'app', digest, 'application/sbom', note));
    attach(registry, 'app', digest, 'application/other', 'x');
    const seen: string[] = [];
    let path: string | undefined = `/v2/app/referrers/${digest}?artifactType=application/sbom`;
    while (path !== undefined) {
      const response: Response = await fetch(registry.url + path);
      expect(response.headers.get('oci-filters-applied')).toBe('artifactType');
      seen.push(...(await json<Index>(response)).manifests.map((entry) => entry.digest));
      path = /<(.+)>/.exec(response.headers.get('link') ?? '')?.[1];
    }
    expect(seen.sort()).toEqual([...sboms].sort());
    const none = await fetch(`${registry.url}/v2/app/referrers/sha256:${'1'.repeat(64)}`);
    expect([none.status, (await json<Index>(none)).manifests]).toEqual([200, []]);
    const body = JSON.stringify({ schemaVersion: 2, subject: { digest } });
    const put = await fetch(`${registry.url}/v2/app/manifests/extra`, { method: 'PUT', body });
    expect(put.headers.get('oci-subject')).toBe(digest);
  });

  it.each([
    ['a manifest that is not JSON', '/v2/app/manifests/v1', 'nope', 400],
    ['a manifest over the limit', '/v2/app/manifests/v1', JSON.stringify({ pad: 'x'.repeat(3000) }), 413],
  ])('refuses %s', async (_what, path, body, status) => {
    const registry = await start({ maxManifestBytes: 2000 });
    expect((await fetch(registry.url + path, { method: 'PUT', body })).status).toBe(status);
  });

  it('keeps blobs and the whole within their limits', async () => {
    const registry = await start({ maxBlobBytes: 100, maxTotalBytes: 150 });
    const post = async (size: number, fill: string) => {
      const body = fill.repeat(size);
      const digest = digestOf(Buffer.from(body));
      return (await fetch(`${registry.url}/v2/app/blobs/uploads/?digest=${digest}`, { method: 'POST', body })).status;
    };
    expect([await post(101, 'a'), await post(100, 'b'), await post(100, 'c'), await post(50, 'd')]).toEqual([
      413, 201, 413, 201,
    ]);
  });

  it.each([
    '/v2/../etc/passwd',
    '/v2/UPPER/manifests/v1',
    '/v2/app/manifests/sha256:short',
    `/v2/${'a'.repeat(2000)}/tags/list`,
    '/nothing',
  ])('has no route for %s', async (path) => {
    const registry = await start();
    expect((await fetch(registry.url + path)).status).toBe(404);
  });
});

describe('TLS', () => {
  it('serves under the certificate it is given', async () => {
    const tls = createLoopbackTls();
    const registry = await start({ tls });
    const image = pushImage(registry, 'app:v1');
    const read = (options: RequestOptions) =>
      new Promise<unknown>((resolve, reject) => {
        get(`${registry.url}/v2/app/manifests/v1`, options, (response) => {
          response.resume();
          resolve(response.headers['docker-content-digest']);
        }).on('error', reject);
      });
    expect(registry.url).toMatch(/^https:/);
    expect(await read({ ca: tls.cert })).toBe(image.digest);
    await expect(read({})).rejects.toThrow(/self-signed/);
  });
});

describe('credentials', () => {
  const users = { alice: 's3cret' };

  it('asks for a password and takes the right one only', async () => {
    const registry = await start({ auth: { kind: 'basic', users } });
    pushImage(registry, 'app:v1');
    const status = async (headers: Record<string, string>) =>
      (await fetch(`${registry.url}/v2/app/manifests/v1`, { headers })).status;
    expect(await status({})).toBe(401);
    expect(await status(basic('alice', 'wrong'))).toBe(401);
    expect(await status(basic('__proto__', ''))).toBe(401);
    expect(await status(basic('alice', 's3cret'))).toBe(200);
    expect(registry.requests().map((request) => request.authorization)).toEqual(['none', 'basic', 'basic', 'basic']);
    expect(JSON.stringify(registry.requests())).not.toContain('s3cret');
  });

  it('hands out bearer tokens that open one repository for one kind of access', async () => {
    const registry = await start({ auth: { kind: 'bearer', users, identityTokens: { alice: 'refresh-me' } } });
    pushImage(registry, 'app:v1');
    pushImage(registry, 'other:v1');
    const challenge = (await fetch(`${registry.url}/v2/app/manifests/v1`)).headers.get('www-authenticate') ?? '';
    expect(challenge).toBe(
      `Bearer realm="${registry.url}/token",service="${registry.host}",scope="repository:app:pull"`,
    );
    const tokenUrl = `${registry.url}/token?service=${registry.host}&scope=repository:app:pull`;
    expect((await fetch(tokenUrl)).status).toBe(401);
    const { token } = await json<{ token: string }>(await fetch(tokenUrl, { headers: basic('alice', 's3cret') }));
    const read = async (repository: string, bearer: string) =>
      (await fetch(`${registry.url}/v2/${repository}/manifests/v1`, { headers: { authorization: `Bearer ${bearer}` } }))
        .status;
    expect([await read('app', token), await read('other', token), await read('app', 'forged')]).toEqual([
      200, 401, 401,
    ]);
    const put = await fetch(`${registry.url}/v2/app/manifests/v2`, {
      method: 'PUT',
      body: '{}',
      headers: { authorization: `Bearer ${token}` },
    });
    expect(put.status).toBe(401);
    const form = new URLSearchParams({
      grant_type: 'refresh_token',
      refresh_token: 'refresh-me',
      scope: 'repository:app:pull',
    });
    const refreshed = await json<{ access_token: string }>(
      await fetch(`${registry.url}/token`, { method: 'POST', body: form }),
    );
    expect(await read('app', refreshed.access_token)).toBe(200);
  });

  it('lets everyone read but not write when pulls are anonymous', async () => {
    const registry = await start({ auth: { kind: 'bearer', users, anonymousPull: true } });
    pushImage(registry, 'app:v1');
    const scope = 'repository:app:pull,push';
    const { token } = await json<{ token: string }>(await fetch(`${registry.url}/token?scope=${scope}`));
    const headers = { authorization: `Bearer ${token}` };
    expect((await fetch(`${registry.url}/v2/app/manifests/v1`, { headers })).status).toBe(200);
    expect((await fetch(`${registry.url}/v2/app/manifests/v2`, { method: 'PUT', body: '{}', headers })).status).toBe(
      401,
    );
  });
});

describe('faults', () => {
  async function outcome(fault: RegistryFault, path = 'manifests/v1'): Promise<string> {
    const registry = await start();
    const { digest } = pushImage(registry, 'app:v1');
    registry.setFault('app', fault);
    try {
      const response = await fetch(`${registry.url}/v2/app/${path.replace('DIGEST', digest)}`, {
        redirect: 'manual',
        signal: AbortSignal.timeout(300),
      });
      const headers = response.headers;
      const body = Buffer.from(await response.arrayBuffer());
      return [
        response.status,
        headers.get('content-type'),
        headers.get('retry-after') ?? headers.get('location') ?? '',
        digestOf(body) === digest ? 'content holds' : 'content differs',
        headers.get('docker-content-digest') === digest ? 'header holds' : 'header differs',
      ].join(' | ');
    } catch (error) {
      return error instanceof Error ? error.name : 'unknown';
    }
  }

  it.each<[RegistryFault, string]>([
    [{ effect: { kind: 'hang' } }, 'TimeoutError'],
    [{ effect: { kind: 'reset' } }, 'TypeError'],
    [{ effect: { kind: 'truncated', bytes: 10 } }, 'TypeError'],
    [{ effect: { kind: 'endless' } }, 'TimeoutError'],
    [{ latencyMs: 600 }, 'TimeoutError'],
    [{ effect: { kind: 'html' } }, '200 | text/html |  | content differs | header differs'],
    [
      { effect: { kind: 'rate-limited', retryAfterSeconds: 7 } },
      '429 | application/json | 7 | content differs | header differs',
    ],
    [{ effect: { kind: 'status', status: 503 } }, '503 | application/json |  | content differs | header differs'],
    [{ effect: { kind: 'wrong-content' } }, `200 | ${MANIFEST_MEDIA_TYPE} |  | content differs | header holds`],
    [{ effect: { kind: 'wrong-digest-header' } }, `200 | ${MANIFEST_MEDIA_TYPE} |  | content holds | header differs`],
    [
      { effect: { kind: 'redirect', location: 'http://elsewhere.test{path}' } },
      '307 |  | http://elsewhere.test/v2/app/manifests/v1 | content differs | header differs',
    ],
    [{ effect: { kind: 'html' }, kinds: ['blob'] }, `200 | ${MANIFEST_MEDIA_TYPE} |  | content holds | header holds`],
    [{ effect: { kind: 'html' }, reference: 'v2' }, `200 | ${MANIFEST_MEDIA_TYPE} |  | content holds | header holds`],
  ])('%j', async (fault, expected) => {
    expect(await outcome(fault)).toBe(expected);
  });

  it('ends after the given number of requests, and by clearing', async () => {
    const registry = await start();
    pushImage(registry, 'app:v1');
    registry.setFault('*', { effect: { kind: 'status', status: 500 }, times: 2 });
    const status = async () => (await fetch(`${registry.url}/v2/app/manifests/v1`)).status;
    expect([await status(), await status(), await status()]).toEqual([500, 500, 200]);
    registry.setFault('app', { effect: { kind: 'status', status: 502 } });
    expect(await status()).toBe(502);
    registry.setFault('app');
    expect(await status()).toBe(200);
  });

  it('takes the referrers API away, or empties it, for one repository', async () => {
    const registry = await start();
    const { digest } = pushImage(registry, 'app:v1');
    attach(registry, 'app', digest, 'application/sbom', '1');
    const put = () =>
      fetch(`${registry.url}/v2/app/manifests/x`, { method: 'PUT', body: JSON.stringify({ subject: { digest } }) });
    registry.setFault('app', { effect: { kind: 'no-referrers-api' } });
    expect((await fetch(`${registry.url}/v2/app/referrers/${digest}`)).status).toBe(404);
    expect((await put()).headers.has('oci-subject')).toBe(false);
    registry.setFault('app', { effect: { kind: 'empty-referrers' } });
    const empty = await fetch(`${registry.url}/v2/app/referrers/${digest}`);
    expect([empty.status, (await json<Index>(empty)).manifests]).toEqual([200, []]);
  });
});
