import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { startPlainServer } from './plain-server.ts';

const servers: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});

async function start() {
  const server = await startPlainServer('127.0.0.1', 0, async (path, query) => {
    if (path === '/bug') throw new Error('inner workings');
    return path === '/livez' ? { status: 200, contentType: 'text/plain', body: `ok ${query}` } : undefined;
  });
  servers.push(server);
  return { server, url: `http://127.0.0.1:${server.port}` };
}

describe('the server of metrics and health', () => {
  it.each<[string, string, number, string]>([
    ['GET', '/livez?verbose', 200, 'ok verbose'],
    ['HEAD', '/livez', 200, ''],
    ['GET', '/', 404, '404 page not found\n'],
    ['POST', '/livez', 404, '404 page not found\n'],
    ['GET', '/bug', 500, ''],
  ])('%s %s', async (method, path, status, body) => {
    const { url } = await start();
    const response = await fetch(`${url}${path}`, { method });
    expect([response.status, await response.text()]).toEqual([status, body]);
  });

  it('a stop does not wait for those who keep their connections', async () => {
    const { server } = await start();
    const socket = connect(server.port, '127.0.0.1');
    await new Promise((resolve) => socket.on('connect', resolve));
    const closed = new Promise((resolve) => socket.on('close', resolve));
    await server.stop();
    await closed;
  });

  it('a port that is taken is a failure of the start', async () => {
    const { server } = await start();
    await expect(startPlainServer('127.0.0.1', server.port, async () => undefined)).rejects.toThrow('EADDRINUSE');
  });
});
