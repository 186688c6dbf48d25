import type { Fact, FactRequest } from '@vouchsafe/engine/facts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readHttpSettings } from '../settings/http-settings.ts';
import { createHttpFacts } from './http-facts.ts';
import { createHttpRules } from './http-rules.ts';
import { type LoopbackServers, OPEN, startLoopbackServers } from './loopback-servers.fixture.ts';

let servers: LoopbackServers;
let one = '';

beforeAll(async () => {
  servers = await startLoopbackServers((path, response, other) => {
    if (path === '/to-other') response.writeHead(302, { location: `${other}/json` }).end();
    else if (path === '/to-metadata') response.writeHead(302, { location: 'http://169.254.169.254/latest' }).end();
    else if (path === '/loop') response.writeHead(302, { location: '/loop' }).end();
    else if (path === '/text') response.end('no JSON');
    else if (path === '/long') response.end('x'.repeat(2_000_001));
    else if (path === '/never') return;
    else response.writeHead(path === '/teapot' ? 418 : 200, {}).end('{"a":1}');
  });
  one = servers.one;
});
afterAll(() => servers.stop());

async function call(
  url: string,
  given: Partial<Extract<FactRequest, { kind: 'http-call' }>> = {},
  settings = OPEN,
  signal?: AbortSignal,
): Promise<Fact | undefined> {
  servers.seen.length = 0;
  const request: FactRequest = { kind: 'http-call', method: 'GET', url, headers: {}, ...given };
  return (await createHttpFacts(createHttpRules(settings)).fetch([request], signal))[0];
}

describe('answers', () => {
  it('JSON', async () => {
    expect(await call(`${one}/json`)).toEqual({ ok: true, value: { status: 200, body: { a: 1 } } });
  });

  it('any status', async () => {
    expect(await call(`${one}/teapot`)).toEqual({ ok: true, value: { status: 418, body: { a: 1 } } });
  });

  it('what is no JSON has no body', async () => {
    expect(await call(`${one}/text`)).toEqual({ ok: true, value: { status: 200 } });
  });

  it('a POST sends JSON and the headers it was given, but none that are not its own', async () => {
    await call(`${one}/json`, {
      method: 'POST',
      data: { b: [2] },
      headers: { 'x-a': 'b', Host: 'evil.example', 'Content-Length': '1' },
    });
    expect(servers.seen[0]).toMatchObject({
      method: 'POST',
      body: '{"b":[2]}',
      headers: { 'x-a': 'b', 'content-length': '9' },
    });
    expect(servers.seen[0]?.headers.host).not.toBe('evil.example');
  });

  it('a redirect is followed, and a token stays behind', async () => {
    const fact = await call(`${one}/to-other`, { headers: { authorization: 'Bearer s' } });
    expect(fact).toEqual({ ok: true, value: { status: 200, body: { a: 1 } } });
    expect(servers.seen.map(({ headers }) => headers.authorization)).toEqual(['Bearer s', undefined]);
  });
});

describe('refusals and failures', () => {
  const rows: [string, () => Promise<Fact | undefined>, string][] = [
    ['a redirect to metadata services', () => call(`${one}/to-metadata`), 'is on the blocklist'],
    ['a redirect without end', () => call(`${one}/loop`), 'stopped after 5 redirects'],
    [
      'a name that leads to this host',
      () => call(one.replace('127.0.0.1', 'localhost'), {}, readHttpSettings({})),
      'resolved IP',
    ],
    ['this host itself', () => call(one, {}, readHttpSettings({})), 'falls in blocked range 127.0.0.0/8'],
    ['too long an answer', () => call(`${one}/long`), 'longer than'],
    ['nobody listens', () => call('http://127.0.0.1:1/'), 'request failed: '],
    ['no URL', () => call('nonsense'), 'is no URL'],
    ['a header that would end the line', () => call(one, { headers: { 'x-a': 'b\r\nx-c: d' } }), 'Invalid character'],
    ['no certificate', () => call(one, { caBundle: 'nonsense' }), 'failed to parse PEM CA bundle for APICall'],
    [
      'a policy of a namespace',
      () => call(`${one}/json`, { policyNamespace: 'a' }),
      'http calls are not allowed in namespaced policies: set --allowHTTPInNamespacedPolicies to enable',
    ],
    ['no answer in time', () => call(`${one}/never`, {}, OPEN, AbortSignal.timeout(50)), 'did not come in time'],
  ];
  it.each(rows)('%s', async (_name, ask, message) => {
    const fact = await ask();
    expect(fact?.ok).toBe(false);
    expect(fact?.ok === false && fact.message).toContain(message);
  });

  it('a policy of a namespace, where it may', async () => {
    const fact = await call(`${one}/json`, { policyNamespace: 'a' }, { ...OPEN, namespacedPolicies: true });
    expect(fact?.ok).toBe(true);
  });
});
