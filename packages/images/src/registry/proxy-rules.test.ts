import { createServer, request as httpRequest, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { type Connections, createConnections } from './connections.ts';
import { readProxyRules } from './proxy-rules.ts';

describe('the proxy of a URL', () => {
  const proxies = { HTTPS_PROXY: 'http://secure.proxy:3128', HTTP_PROXY: 'plain.proxy:8080' };
  it.each<[string, string, string | undefined]>([
    ['https://ghcr.io/v2/', '', 'secure.proxy:3128'],
    ['http://ghcr.io/v2/', '', 'plain.proxy:8080'],
    ['https://ghcr.io/v2/', '*', undefined],
    ['https://ghcr.io/v2/', 'example.com, GHCR.io', undefined],
    ['https://a.ghcr.io/v2/', 'ghcr.io', undefined],
    ['https://aghcr.io/v2/', 'ghcr.io', 'secure.proxy:3128'],
    ['https://ghcr.io/v2/', '.ghcr.io', 'secure.proxy:3128'],
    ['https://a.ghcr.io/v2/', '*.ghcr.io', undefined],
    ['https://ghcr.io:5000/v2/', 'ghcr.io:5000', undefined],
    ['https://ghcr.io/v2/', 'ghcr.io:5000', 'secure.proxy:3128'],
    ['https://ghcr.io/v2/', 'ghcr.io:443', undefined],
    ['https://10.1.2.3/v2/', '10.0.0.0/8', undefined],
    ['https://11.1.2.3/v2/', '10.0.0.0/8', 'secure.proxy:3128'],
    ['https://10.1.2.3/v2/', '10.1.2.3', undefined],
    ['https://[fd00::1]/v2/', 'fd00::/8', undefined],
    ['https://[fd00::1]:5000/v2/', '[fd00::1]:5000', undefined],
    ['https://ghcr.io/v2/', '10.0.0.0/99, /, .', 'secure.proxy:3128'],
    ['http://127.0.0.1:5000/', '', undefined],
    ['http://localhost:5000/', '', undefined],
    ['http://[::1]:5000/', '', undefined],
  ])('%s with NO_PROXY %j: %s', (url, noProxy, expected) => {
    expect(readProxyRules({ ...proxies, NO_PROXY: noProxy })(new URL(url))?.host).toBe(expected);
  });

  it('is none without a variable, and lower case wins', () => {
    expect(readProxyRules({})(new URL('https://ghcr.io'))).toBeUndefined();
    const rules = readProxyRules({ HTTPS_PROXY: 'http://upper', https_proxy: 'http://lower' });
    expect(rules(new URL('https://ghcr.io'))?.host).toBe('lower');
  });

  it('of another kind is refused without being shown', () => {
    expect(() => readProxyRules({ HTTPS_PROXY: 'socks5://user:secret@proxy' })).toThrow(
      /^HTTPS_PROXY is not the URL of an http or https proxy$/,
    );
  });
});

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanups.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port; // a TCP server
}

/** A forward proxy that leads every host to one server and tells what it was asked. */
async function startProxy(target: number, status = 200) {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url} ${request.headers['proxy-authorization'] ?? '-'}`);
    const { pathname } = new URL(request.url ?? '');
    httpRequest({ port: target, path: pathname, headers: { host: request.headers.host } }, (answer) =>
      answer.pipe(response),
    ).end();
  });
  server.on('connect', (request, socket) => {
    asked.push(`CONNECT ${request.url} ${request.headers['proxy-authorization'] ?? '-'}`);
    if (status !== 200) return void socket.end(`HTTP/1.1 ${status} No\r\n\r\n`);
    const onward = connect(target, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      onward.pipe(socket).pipe(onward);
    });
    for (const end of [onward, socket]) end.on('error', () => undefined);
  });
  return { port: await listen(server), asked };
}

function ask(connections: Connections, url: string) {
  const request = {
    url: new URL(url),
    method: 'GET',
    headers: {},
    maximumBytes: 100,
    ca: undefined,
    insecure: false,
    loopbackHost: undefined,
  } as const;
  return connections.exchange(request, AbortSignal.timeout(2000));
}

function open(environment: Record<string, string>): Connections {
  const connections = createConnections({ connections: 2, timeoutMs: 500, proxy: readProxyRules(environment) });
  cleanups.push(() => connections.close());
  return connections;
}

describe('connections through a proxy', () => {
  const startTarget = () => listen(createServer((request, response) => response.end(`from ${request.headers.host}`)));

  it('ask it for the host, with its login', async () => {
    const proxy = await startProxy(await startTarget());
    const connections = open({ HTTP_PROXY: `http://user:p%40ss@127.0.0.1:${proxy.port}` });
    const answer = await ask(connections, 'http://registry.test/v2/');
    expect(Buffer.from(answer.body).toString()).toBe('from registry.test');
    expect(proxy.asked).toEqual([expect.stringContaining('registry.test')]);
    expect(proxy.asked[0]).toContain(`Basic ${Buffer.from('user:p@ss').toString('base64')}`);
  });

  it('tunnel TLS, and say when the proxy refuses without telling its login', async () => {
    const proxy = await startProxy(await startTarget(), 407);
    const connections = open({ HTTPS_PROXY: `http://user:secret@127.0.0.1:${proxy.port}` });
    const failure = await ask(connections, 'https://registry.test/v2/').then(
      () => expect.fail('it was answered'),
      (error: Error) => error,
    );
    expect(failure).toMatchObject({ name: 'RegistryFailure', class: 'transient' });
    expect(failure.message).not.toContain('secret');
    expect(proxy.asked[0]).toMatch(/^CONNECT registry\.test:443 Basic /);
  });

  it('do not ask it for metadata services, nor for what is exempt', async () => {
    const proxy = await startProxy(await startTarget());
    const connections = open({ HTTP_PROXY: `http://127.0.0.1:${proxy.port}`, NO_PROXY: '.internal' });
    await expect(ask(connections, 'http://169.254.169.254/latest')).rejects.toThrow('refused');
    await expect(ask(connections, 'http://metadata.google.internal/')).rejects.toThrow('refused');
    await expect(ask(connections, 'http://registry.internal/')).rejects.toMatchObject({ name: 'RegistryFailure' });
    expect(proxy.asked).toEqual([]);
  });
});
