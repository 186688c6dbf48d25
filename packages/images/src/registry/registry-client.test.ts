import { describe, expect, it } from 'vitest';
import { createLoopbackTls } from '../../../kube/src/pki/loopback-tls.fixture.ts';
import { pushImage } from '../../../sandbox/src/registry/push-image.ts';
import type { RegistryAuth } from '../../../sandbox/src/registry/registry-auth.ts';
import { type Registry, startRegistry } from '../../../sandbox/src/registry/start-registry.ts';
import {
  anonymous,
  cleanups,
  failureOf,
  limits,
  open,
  putReferrer,
  soon,
  startMapped,
} from '../../test/mapped-registry.ts';
import { createRegistryClient } from './registry-client.ts';

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

describe('referrers', () => {
  it('come from the API page by page, or from the fallback tag', async () => {
    const { registry, client } = await startMapped({ referrersPageSize: 2 });
    const pushed = pushImage(registry, 'team/app:1');
    for (const name of ['a', 'b', 'c']) putReferrer(registry, pushed, name);
    expect(await open(client).referrers(pushed.digest, soon())).toHaveLength(3);
    registry.setFault('team/app', { effect: { kind: 'no-referrers-api' } });
    expect(await open(client).referrers(pushed.digest, soon())).toEqual([]);
  });
});

describe('TLS', () => {
  const tls = createLoopbackTls();

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
    await expect(resolveWith(registry, { ca: tls.cert })).resolves.toMatch(/^sha256:/);
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
