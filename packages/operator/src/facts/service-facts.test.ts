import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Fact, FactRequest } from '@vouchsafe/engine/facts';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { HttpSettings } from '../settings/http-settings.ts';
import { createHttpRules } from './http-rules.ts';
import { type LoopbackServers, OPEN, startLoopbackServers } from './loopback-servers.fixture.ts';
import { createServiceFacts } from './service-facts.ts';

type ServiceCall = Extract<FactRequest, { kind: 'service-call' }>;

let servers: LoopbackServers;
let one = '';

beforeAll(async () => {
  servers = await startLoopbackServers((path, response, other) => {
    if (path === '/never') return;
    if (path === '/absent') response.writeHead(404).end('{"allowed":true}');
    else if (path === '/to-other') response.writeHead(302, { location: `${other}/json` }).end();
    else if (path === '/to-metadata') response.writeHead(302, { location: 'http://169.254.169.254/' }).end();
    else if (path === '/text') response.end('allowed');
    else if (path === '/long') response.end(JSON.stringify('x'.repeat(2_000_001)));
    else response.end('{"allowed":true}');
  });
  one = servers.one;
});
beforeEach(() => {
  servers.seen.length = 0;
});
afterAll(() => servers.stop());

async function call(
  given: Partial<ServiceCall>,
  settings: HttpSettings = OPEN,
  options: { timeoutMs?: number; tokenFile?: string } = {},
): Promise<Fact | undefined> {
  const request: ServiceCall = { kind: 'service-call', method: 'GET', url: `${one}/json`, headers: [], ...given };
  const source = createServiceFacts(createHttpRules(settings), { timeoutMs: 5_000, ...options });
  return (await source.fetch([request], undefined))[0];
}

const messageOf = (fact: Fact | undefined) => (fact && !fact.ok ? fact.message : undefined);

describe('a call of a service', () => {
  it('is answered with JSON of a success', async () => {
    expect(await call({})).toEqual({ ok: true, value: { allowed: true } });
  });

  it('sends what a POST says, with its headers', async () => {
    await call({
      method: 'POST',
      data: { a: [1] },
      headers: [
        { key: 'X-One', value: 'a' },
        { key: 'x-one', value: 'b' },
        { key: 'Host', value: 'elsewhere' },
      ],
    });
    expect(servers.seen).toMatchObject([{ method: 'POST', body: '{"a":[1]}', headers: { 'x-one': 'a, b' } }]);
    expect(servers.seen[0]?.headers.host).toBe(one.replace('http://', ''));
  });

  it.each<[string, string, string]>([
    ['another status, whatever its body says', '/absent', 'HTTP 404 Not Found: {"allowed":true}'],
    ['what is no JSON', '/text', 'the answer of the service is no JSON'],
    ['too long an answer', '/long', 'response length must be less than max allowed response length of 2000000'],
    ['a redirect to a blocked address', '/to-metadata', 'is on the blocklist'],
  ])('fails for %s', async (_, path, message) => {
    expect(messageOf(await call({ url: `${one}${path}` }))).toContain(message);
  });

  it('fails when no answer comes in time', async () => {
    expect(await call({ url: `${one}/never` }, OPEN, { timeoutMs: 50 })).toMatchObject({
      ok: false,
      class: 'timed-out',
    });
  });

  it('fails for authorities that cannot be read, before anything is sent', async () => {
    expect(messageOf(await call({ caBundle: 'nonsense' }))).toBe('failed to parse PEM CA bundle for APICall');
    expect(servers.seen).toEqual([]);
  });

  it('fails for a header that would split the request', async () => {
    const headers = [{ key: 'x-a', value: 'b\r\nhost: elsewhere' }];
    expect(messageOf(await call({ headers }))).toContain('failed to execute HTTP request');
    expect(servers.seen).toEqual([]);
  });
});

describe('what may not be called', () => {
  it('is this very host, unless the blocklist says otherwise', async () => {
    expect(messageOf(await call({}, { ...OPEN, blocklist: undefined }))).toContain(
      'falls in blocked range 127.0.0.0/8',
    );
    expect(servers.seen).toEqual([]);
  });

  it('is whatever the allowlist leaves out', async () => {
    const allowlist = ['https://allowed.example'];
    expect(messageOf(await call({}, { ...OPEN, allowlist }))).toContain('no matching allowlist entry');
  });
});

describe('the token of the operator', () => {
  const tokenFile = join(mkdtempSync(join(tmpdir(), 'vouchsafe-token-')), 'token');
  writeFileSync(tokenFile, 'secret\n');

  it('is sent where a policy gives none', async () => {
    await call({}, OPEN, { tokenFile });
    expect(servers.seen[0]?.headers.authorization).toBe('Bearer secret');
  });

  it('gives way to that of the policy', async () => {
    await call({ headers: [{ key: 'Authorization', value: 'Basic x' }] }, OPEN, { tokenFile });
    expect(servers.seen[0]?.headers.authorization).toBe('Basic x');
  });

  it('is not told another host that a redirect leads to', async () => {
    await call({ url: `${one}/to-other` }, OPEN, { tokenFile });
    expect(servers.seen.map(({ headers }) => headers.authorization)).toEqual(['Bearer secret', undefined]);
  });

  it('is not missed', async () => {
    expect(await call({}, OPEN, { tokenFile: '/nonexistent/token' })).toMatchObject({ ok: true });
    expect(servers.seen[0]?.headers.authorization).toBeUndefined();
  });
});
