import { createServer, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createConnections, type Exchange } from './connections.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** A server that answers each request, by its first line, with what is written here; and how to ask it. */
async function start(answer: (line: string, socket: Socket) => void) {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('data', (data) => answer(data.toString('latin1').split('\r\n')[0] ?? '', socket));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  const host = `127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  const connections = createConnections({ connections: 16, timeoutMs: 2000 });
  cleanups.push(
    () => server.close(),
    () => {
      for (const socket of sockets) socket.destroy();
    },
    () => connections.close(),
  );
  const rules = { ca: undefined, insecure: false, loopbackHost: host, headers: {}, maximumBytes: 1000 };
  const ask = async (method: Exchange['method'], path: string, more: Partial<Exchange> = {}): Promise<string> => {
    const url = new URL(path, `http://${host}`);
    const { status, body } = await connections.exchange({ ...rules, ...more, url, method }, AbortSignal.timeout(3000));
    return `${status} ${Buffer.from(body)}`;
  };
  return { ask, sockets };
}

const ok = (body: string) => `HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n${body}`;

describe('connections', () => {
  it('ask one thing after another over one socket, the resolution of a tag included', async () => {
    const { ask, sockets } = await start((line, socket) =>
      socket.write(
        line.startsWith('HEAD') ? 'HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n' : ok(line.split(' ')[1] ?? ''),
      ),
    );
    expect(await ask('HEAD', '/a')).toBe('200 ');
    for (const path of ['/b', '/c', '/d']) expect(await ask('GET', path)).toBe(`200 ${path}`);
    expect(sockets.size).toBe(1);
  });

  it.each([
    ['with it', 0],
    ['after it', 20],
  ])('are not led astray by a body that a server sends for a HEAD, %s', async (_name, delayMs) => {
    const { ask } = await start((line, socket) => {
      if (!line.startsWith('HEAD')) return socket.write(ok(line.split(' ')[1] ?? ''));
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n');
      if (delayMs === 0) return socket.write('{"a":"b"}');
      return setTimeout(() => socket.write('{"a":"b"}'), delayMs);
    });
    expect(await ask('HEAD', '/a')).toBe('200 ');
    await new Promise((done) => setTimeout(done, delayMs * 2));
    expect(await ask('GET', '/b')).toBe('200 /b');
  });

  it.each([
    ['for a token', true, '200 /b', 3],
    ['that writes', undefined, 'UND_ERR_SOCKET', 2],
  ])('a POST %s on a socket that was closed meanwhile', async (_name, isRepeatable, wanted, requests) => {
    let asked = 0;
    const { ask } = await start((line, socket) => {
      asked += 1;
      if (asked === 2) socket.destroy();
      else socket.write(ok(line.split(' ')[1] ?? ''));
    });
    expect(await ask('GET', '/a')).toBe('200 /a');
    const more = { body: 'a=b', ...(isRepeatable === undefined ? {} : { isRepeatable }) };
    expect(await ask('POST', '/b', more).catch((error: Error) => error.message)).toContain(wanted);
    expect(asked).toBe(requests);
  });

  it('ask again when a kept-alive socket holds what is no answer', async () => {
    let asked = 0;
    const { ask } = await start((line, socket) => {
      asked += 1;
      socket.write(asked === 2 ? 'garbage\r\n\r\n' : ok(line.split(' ')[1] ?? ''));
    });
    expect(await ask('GET', '/a')).toBe('200 /a');
    expect(await ask('GET', '/b')).toBe('200 /b');
    expect(asked).toBe(3);
  });
});
