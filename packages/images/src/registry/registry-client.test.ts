import type { RegistryAccess } from '@vouchsafe/engine/facts';
import { createCertificate, generateKeyPair } from '@vouchsafe/kube/pki';
import { afterEach, describe, expect, it } from 'vitest';
import { pushImage } from '../../../sandbox/src/registry/push-image.ts';
import type { RegistryAuth } from '../../../sandbox/src/registry/registry-auth.ts';
import { type Registry, startRegistry } from '../../../sandbox/src/registry/start-registry.ts';
import { defaultLimits } from './limits.ts';
import { readDescriptors } from './manifest.ts';
import { createRegistryClient, type RegistryClient } from './registry-client.ts';
import type { RegistryFailure } from './registry-failure.ts';

const anonymous: RegistryAccess = { allowInsecure: false, providers: [], secrets: [] };
const limits = { ...defaultLimits, exchangeMs: 400, retryAfterMs: 1500 };
const cleanups: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function startMapped(options: Parameters<typeof startRegistry>[0] = {}, secrets: Record<string, string> = {}) {
  const registry = await startRegistry(options);
  const client = createRegistryClient({
    hosts: { 'registry.test': { url: registry.url } },
    credentials: { secretConfig: async (name) => secrets[name] },
    userAgent: 'vouchsafe-test',
    limits,
  });
  cleanups.push(
    () => registry.stop(),
    () => client.close(),
  );
  return { registry, client };
}

function open(client: RegistryClient, access = anonymous, registry = 'registry.test') {
  return client.open({ registry, repository: 'team/app' }, access);
}

const soon = () => AbortSignal.timeout(3000);

async function failureOf(promise: Promise<unknown>): Promise<RegistryFailure> {
  const error = await promise.then(
    () => expect.fail('it succeeded'),
    (reason: unknown) => reason,
  );
  expect(error).toMatchObject({ name: 'RegistryFailure' });
  return error as RegistryFailure;
}

describe('reading an honest registry', () => {
  it('resolves a tag in one request and reads the manifest by digest', async () => {
    const { registry, client } = await startMapped();
    const pushed = pushImage(registry, 'team/app:1');
    expect(await open(client).resolve('1', soon())).toBe(pushed.digest);
    expect(registry.requests()).toHaveLength(1);
    const manifest = await open(client).manifest(pushed.digest, soon());
    expect(manifest).toMatchObject({ digest: pushed.digest, size: pushed.size });
    expect(registry.requests().map(({ userAgent }) => userAgent)).toEqual(['vouchsafe-test', 'vouchsafe-test']);
  });

  it('says not-found for a missing tag and undefined for a missing manifest', async () => {
    const { registry, client } = await startMapped();
    pushImage(registry, 'team/app:1');
    expect((await failureOf(open(client).resolve('2', soon()))).class).toBe('not-found');
    expect(await open(client).manifest('2', soon())).toBeUndefined();
  });

  it('survives a server that closes an idle socket under a request', async () => {
    const { registry, client } = await startMapped();
    pushImage(registry, 'team/app:1');
    await open(client).resolve('1', soon());
    registry.setFault('team/app', { effect: { kind: 'reset' }, times: 1 });
    await expect(open(client).resolve('1', soon())).resolves.toMatch(/^sha256:/);
  });
});

describe('credentials', () => {
  const users = { ann: 'secret-1' };
  const config = (host: string, entry: object) => JSON.stringify({ auths: { [host]: entry } });
  const auth = Buffer.from('ann:secret-1').toString('base64');
  const access = { ...anonymous, secrets: ['team/none', 'team/pull'] };

  it.each<[string, RegistryAuth['kind'], number]>([
    ['basic', 'basic', 2],
    ['bearer', 'bearer', 3],
  ])('answers a %s challenge once and then remembers', async (_name, kind, first) => {
    const secrets: Record<string, string> = {};
    const { registry, client } = await startMapped({ auth: { kind, users } }, secrets);
    secrets['team/pull'] = config(registry.host, { auth });
    pushImage(registry, 'team/app:1');
    await open(client, access).resolve('1', soon());
    expect(registry.requests()).toHaveLength(first);
    await open(client, access).resolve('1', soon());
    expect(registry.requests()).toHaveLength(first + 1);
  });

  it('uses an identity token by the refresh grant', async () => {
    const secrets: Record<string, string> = {};
    const options = { auth: { kind: 'bearer' as const, users, identityTokens: { ann: 'refresh-me' } } };
    const { registry, client } = await startMapped(options, secrets);
    secrets['team/pull'] = config(registry.host, { identitytoken: 'refresh-me' });
    pushImage(registry, 'team/app:1');
    await expect(open(client, access).resolve('1', soon())).resolves.toMatch(/^sha256:/);
  });

  it('never gives one access what another may read', async () => {
    const secrets: Record<string, string> = {};
    const { registry, client } = await startMapped({ auth: { kind: 'bearer', users } }, secrets);
    secrets['team/pull'] = config(registry.host, { auth });
    pushImage(registry, 'team/app:1');
    await open(client, access).resolve('1', soon());
    expect((await failureOf(open(client).resolve('1', soon()))).class).toBe('denied');
  });

  it('shows no secret in a refusal', async () => {
    const secrets: Record<string, string> = {};
    const { registry, client } = await startMapped({ auth: { kind: 'bearer', users } }, secrets);
    secrets['team/pull'] = config(registry.host, { auth: Buffer.from('ann:wrong-secret').toString('base64') });
    const failure = await failureOf(open(client, access).resolve('1', soon()));
    expect(failure.class).toBe('denied');
    expect(failure.message).not.toContain('wrong-secret');
  });

  it('reads nothing from a secret source that fails, and says it may be tried again', async () => {
    const { registry } = await startMapped();
    const client = createRegistryClient({
      hosts: { 'registry.test': { url: registry.url } },
      credentials: { secretConfig: () => Promise.reject(new Error('etcd says hello')) },
      userAgent: 'x',
      limits,
    });
    cleanups.push(() => client.close());
    const failure = await failureOf(open(client, access).resolve('1', soon()));
    expect(failure).toMatchObject({ class: 'transient' });
    expect(failure.message).not.toContain('etcd');
  });
});

describe('a registry that misbehaves', () => {
  const html = { kind: 'html' } as const;
  it.each([
    ['a web page', html, 'permanent', 'web page'],
    ['content of another digest', { kind: 'wrong-content' } as const, 'permanent', 'wrong digest'],
    ['an endless body', { kind: 'endless' } as const, 'permanent', 'more than'],
    ['a body cut short', { kind: 'truncated', bytes: 10 } as const, 'transient', 'ended its answer early'],
    ['silence', { kind: 'hang' } as const, 'timed-out', 'in time'],
    ['a closed socket, again and again', { kind: 'reset' } as const, 'transient', 'cannot be reached'],
    ['500', { kind: 'status', status: 500 } as const, 'transient', 'answered 500'],
    ['403', { kind: 'status', status: 403 } as const, 'denied', 'denies'],
    ['418', { kind: 'status', status: 418 } as const, 'permanent', 'answered 418'],
    ['429 for an hour', { kind: 'rate-limited', retryAfterSeconds: 3600 } as const, 'transient', 'asking to wait'],
  ])('%s is a failure with a class', async (_name, effect, failureClass, text) => {
    const { registry, client } = await startMapped();
    const pushed = pushImage(registry, 'team/app:1');
    registry.setFault('team/app', { effect });
    const failure = await failureOf(open(client).manifest(pushed.digest, soon()));
    expect(failure).toMatchObject({ class: failureClass });
    expect(failure.message).toContain(text);
  });

  it('429 with a short wait is waited for once', async () => {
    const { registry, client } = await startMapped();
    pushImage(registry, 'team/app:1');
    registry.setFault('team/app', { effect: { kind: 'rate-limited', retryAfterSeconds: 0 }, times: 1 });
    await expect(open(client).resolve('1', soon())).resolves.toMatch(/^sha256:/);
  });

  it('a blob of another digest is refused', async () => {
    const { registry, client } = await startMapped();
    const pushed = pushImage(registry, 'team/app:1');
    const manifest = await open(client).manifest(pushed.digest, soon());
    const [layer] = manifest === undefined ? [] : readDescriptors(manifest, 'layers');
    const read = () => open(client).blob(layer?.digest ?? '', 1_000_000, soon());
    expect(await read()).toHaveLength(layer?.size ?? 0);
    registry.setFault('team/app', { effect: { kind: 'wrong-content' } });
    expect(await failureOf(read())).toMatchObject({
      class: 'permanent',
      message: expect.stringContaining('wrong digest'),
    });
  });

  it('a digest header that is not the content is refused', async () => {
    const { registry, client } = await startMapped();
    pushImage(registry, 'team/app:1');
    registry.setFault('team/app', { effect: { kind: 'wrong-digest-header' } });
    expect((await failureOf(open(client).manifest('1', soon()))).message).toContain('wrong digest');
  });

  it.each([
    ['a metadata address', 'http://169.254.169.254/latest/meta-data', 'link-local'],
    ['the same inside IPv6', 'http://[::ffff:169.254.169.254]/', 'link-local'],
    ['the same as a number', 'http://2852039166/', 'link-local'],
    ['a metadata name', 'http://metadata.google.internal./x', 'metadata'],
    ['another port of this machine', 'http://127.0.0.1:1/x', 'loopback'],
    ['localhost by name', 'http://localhost:1/x', 'loopback'],
    ['a file', 'file:///etc/passwd', 'not an http URL'],
  ])('a redirect to %s is refused', async (_name, location, why) => {
    const { registry, client } = await startMapped();
    const pushed = pushImage(registry, 'team/app:1');
    registry.setFault('team/app', { effect: { kind: 'redirect', location } });
    const failure = await failureOf(open(client).blob(pushed.digest, 1000, soon()));
    expect(failure.class).toBe('permanent');
    expect(failure.message).toContain(why);
  });

  it('a redirect loop ends', async () => {
    const { registry, client } = await startMapped();
    const pushed = pushImage(registry, 'team/app:1');
    registry.setFault('team/app', { effect: { kind: 'redirect', location: `${registry.url}{path}` } });
    const failure = await failureOf(open(client).manifest(pushed.digest, soon()));
    expect(failure.message).toContain('redirected more than 5 times');
    expect(registry.requests()).toHaveLength(6);
  });

  it('a token realm at a metadata address or on another loopback port is never asked', async () => {
    const { registry, client } = await startMapped();
    for (const realm of ['http://169.254.169.254/token', 'http://127.0.0.1:9/token', 'ftp://x/']) {
      const headers = { 'www-authenticate': `Bearer realm="${realm}",service="x"` };
      registry.setFault('team/app', { effect: { kind: 'status', status: 401, headers } });
      const failure = await failureOf(open(client).resolve('1', soon()));
      expect(['permanent', 'denied']).toContain(failure.class);
    }
  });

  it('loopback is refused unless it is mapped', async () => {
    const { registry, client } = await startMapped();
    const [, port] = registry.host.split(':');
    for (const host of [registry.host, `localhost:${port}`]) {
      const failure = await failureOf(open(client, { ...anonymous, allowInsecure: true }, host).resolve('1', soon()));
      expect(failure.message).toContain('loopback');
    }
    expect(registry.requests()).toHaveLength(0);
  });
});

describe('referrers', () => {
  it('come from the API page by page, or from the fallback tag', async () => {
    const { registry, client } = await startMapped({ referrersPageSize: 2 });
    const pushed = pushImage(registry, 'team/app:1');
    for (const name of ['a', 'b', 'c']) putReferrer(registry, pushed, name);
    expect(await open(client).referrers(pushed.digest, soon())).toHaveLength(3);
    registry.setFault('team/app', { effect: { kind: 'no-referrers-api' } });
    expect(await open(client).referrers(pushed.digest, soon())).toEqual([]);
  });

  it('of an image with a thousand are refused', async () => {
    const { registry, client } = await startMapped();
    const pushed = pushImage(registry, 'team/app:1');
    for (let index = 0; index < 150; index += 1) putReferrer(registry, pushed, `r${index}`);
    const failure = await failureOf(open(client).referrers(pushed.digest, soon()));
    expect(failure).toMatchObject({ class: 'permanent' });
    expect(failure.message).toContain('more than 100');
  });
});

function putReferrer(registry: Registry, subject: { digest: string; mediaType: string; size: number }, name: string) {
  const { digest, mediaType, size } = subject;
  const bytes = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      artifactType: 'application/x-test',
      config: { mediaType: 'application/vnd.oci.empty.v1+json', digest, size: 2 },
      layers: [],
      subject: { digest, mediaType, size },
      annotations: { name },
    }),
  );
  const stored = registry.content.putManifest(
    'team/app',
    `r-${name}`,
    bytes,
    'application/vnd.oci.image.manifest.v1+json',
  );
  if ('problem' in stored) throw new Error(stored.problem);
}

describe('TLS', () => {
  const pair = generateKeyPair('ecdsa-p256');
  const { pem } = createCertificate({
    subject: { commonName: 'registry' },
    publicKey: pair.publicKey,
    signingKey: pair.privateKey,
    notBefore: new Date(Date.now() - 1000),
    notAfter: new Date(Date.now() + 3_600_000),
    isCertificateAuthority: true,
    keyUsages: ['digitalSignature', 'keyCertSign'],
    subjectAlternativeNames: [{ type: 'ip', value: '127.0.0.1' }],
    extendedKeyUsages: ['serverAuth'],
  });
  const tls = { cert: pem, key: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() };

  async function resolveWith(registry: Registry, more: { ca?: string; insecure?: boolean; url?: string }) {
    const client = createRegistryClient({
      hosts: { [registry.host]: more },
      credentials: undefined,
      userAgent: 'x',
      limits,
    });
    cleanups.push(() => client.close());
    return open(client, anonymous, registry.host).resolve('1', soon());
  }

  it('is demanded, with the authorities known for the host', async () => {
    const registry = await startRegistry({ tls });
    cleanups.push(() => registry.stop());
    pushImage(registry, 'team/app:1');
    expect((await failureOf(resolveWith(registry, {}))).message).toContain('certificate is not trusted');
    expect((await failureOf(resolveWith(registry, {}))).class).toBe('permanent');
    await expect(resolveWith(registry, { ca: pem })).resolves.toMatch(/^sha256:/);
    await expect(resolveWith(registry, { insecure: true })).resolves.toMatch(/^sha256:/);
  });

  it('is given up on only for hosts declared insecure', async () => {
    const registry = await startRegistry();
    cleanups.push(() => registry.stop());
    pushImage(registry, 'team/app:1');
    await failureOf(resolveWith(registry, {}));
    expect(registry.requests()).toHaveLength(0);
    await expect(resolveWith(registry, { insecure: true })).resolves.toMatch(/^sha256:/);
    await expect(resolveWith(registry, { url: registry.url })).resolves.toMatch(/^sha256:/);
  });
});

describe('a credential source that never answers', () => {
  it('is not waited for longer than the question may take', async () => {
    const registry = await startRegistry();
    const client = createRegistryClient({
      hosts: { 'registry.test': { url: registry.url } },
      credentials: { secretConfig: () => new Promise(() => undefined) },
      userAgent: 'x',
      limits,
    });
    cleanups.push(
      () => registry.stop(),
      () => client.close(),
    );
    const access = { ...anonymous, secrets: ['a/b'] };
    expect((await failureOf(open(client, access).resolve('1', AbortSignal.timeout(50)))).class).toBe('timed-out');
  });
});
