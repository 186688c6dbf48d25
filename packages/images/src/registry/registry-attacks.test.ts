import { describe, expect, it } from 'vitest';
import { pushImage } from '../../../sandbox/src/registry/push-image.ts';
import { anonymous, failureOf, open, putReferrer, soon, startMapped } from '../../test/mapped-registry.ts';
import { readDescriptors } from './manifest.ts';

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

  it('a hundred and fifty referrers of one image are refused', async () => {
    const { registry, client } = await startMapped();
    const pushed = pushImage(registry, 'team/app:1');
    for (let index = 0; index < 150; index += 1) putReferrer(registry, pushed, `r${index}`);
    const failure = await failureOf(open(client).referrers(pushed.digest, soon()));
    expect(failure).toMatchObject({ class: 'permanent' });
    expect(failure.message).toContain('more than 100');
  });

  it.each([
    ['another host', '<https://evil.test/v2/team/app/referrers/x>; rel="next"'],
    ['a metadata address', '<http://169.254.169.254/v2/team/app/referrers/x>; rel="next"'],
    ['another path', '</v2/other/app/referrers/x>; rel="next"'],
    ['nowhere', '<>; rel="next"'],
  ])('a next page of referrers at %s is refused', async (_name, link) => {
    const { registry, client } = await startMapped();
    const pushed = pushImage(registry, 'team/app:1');
    const body = JSON.stringify({ schemaVersion: 2, manifests: [] });
    const headers = { link, 'content-type': 'application/vnd.oci.image.index.v1+json' };
    registry.setFault('team/app', { effect: { kind: 'status', status: 200, headers, body }, kinds: ['referrers'] });
    const failure = await failureOf(open(client).referrers(pushed.digest, soon()));
    expect(failure).toMatchObject({ class: 'permanent' });
  });

  it('pages of referrers without end are refused', async () => {
    const { registry, client } = await startMapped();
    const pushed = pushImage(registry, 'team/app:1');
    const body = JSON.stringify({ schemaVersion: 2, manifests: [] });
    const headers = { link: `</v2/team/app/referrers/${pushed.digest}?n=1>; rel="next"` };
    registry.setFault('team/app', { effect: { kind: 'status', status: 200, headers, body }, kinds: ['referrers'] });
    const failure = await failureOf(open(client).referrers(pushed.digest, soon()));
    expect(failure.message).toContain('more than 10 pages');
    expect(registry.requests()).toHaveLength(10);
  });
});
