import { request as httpsRequest } from 'node:https';
import { connect, type TLSSocket } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { createLoopbackTls } from '../../../kube/src/pki/loopback-tls.fixture.ts';
import {
  type ServingCertificate,
  startWebhookServer,
  type WebhookServer,
  type WebhookServerOptions,
} from './webhook-server.ts';

function certificateFor(commonName: string): ServingCertificate {
  const { cert, key } = createLoopbackTls(commonName);
  return { certificate: cert, privateKey: key };
}

const HEAD = 'POST /validate/fail HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n';
const certificate = certificateFor('first');
const servers: WebhookServer[] = [];
const sockets: TLSSocket[] = [];

async function start(options: Partial<WebhookServerOptions> = {}): Promise<WebhookServer> {
  const server = await startWebhookServer({
    host: '127.0.0.1',
    port: 0,
    certificate,
    handle: async ({ body }) => ({ status: 200, body: JSON.stringify({ got: body.length }) }),
    get: (path, query) => (path === '/livez' ? { status: 200, body: query, contentType: 'text/plain' } : undefined),
    ...options,
  });
  servers.push(server);
  return server;
}

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await Promise.all(servers.splice(0).map((server) => server.stop(0)));
});

interface Reply {
  readonly status: number;
  readonly body: string;
  readonly type: string | undefined;
}

interface Call {
  readonly path?: string;
  readonly method?: string;
  readonly body?: string;
  /** Empty for none. */
  readonly contentType?: string;
  readonly signal?: AbortSignal;
  /** Withholds the length, so that the body comes in chunks. */
  readonly chunked?: boolean;
  readonly ca?: string;
}

function call({ port }: WebhookServer, asked: Call = {}): Promise<Reply> {
  const { path = '/validate/fail', method = 'POST', body = '{}', contentType = 'application/json', chunked } = asked;
  return new Promise((resolve, reject) => {
    const request = httpsRequest(
      {
        host: '127.0.0.1',
        port,
        path,
        method,
        ca: asked.ca ?? certificate.certificate,
        agent: false,
        ...(asked.signal ? { signal: asked.signal } : {}),
        headers: {
          ...(contentType ? { 'content-type': contentType } : {}),
          ...(chunked || method === 'GET' ? {} : { 'content-length': Buffer.byteLength(body) }),
        },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            body: Buffer.concat(chunks).toString(),
            type: response.headers['content-type'],
          }),
        );
      },
    );
    request.on('error', reject);
    // a body given in one piece would be sent with its length
    if (chunked) request.write(body.slice(0, 1));
    request.end(method === 'GET' || method === 'HEAD' ? undefined : body.slice(chunked ? 1 : 0));
  });
}

/** A connection on which we speak HTTP by hand. */
function dial({ port }: WebhookServer): Promise<{ readonly socket: TLSSocket; readonly closed: Promise<string> }> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, ca: certificate.certificate }, () => {
      let text = '';
      socket.on('data', (chunk: Buffer) => {
        text += chunk.toString();
      });
      resolve({ socket, closed: new Promise((done) => socket.on('close', () => done(text))) });
    });
    socket.on('error', reject);
    sockets.push(socket);
  });
}

describe('the webhook server', () => {
  it('answers reviews as JSON over TLS', async () => {
    const reply = await call(await start(), { body: '{"a":1}' });
    expect(reply).toEqual({ status: 200, body: '{"got":7}', type: 'application/json; charset=utf-8' });
  });

  it.each<[string, Call, number]>([
    ['another content type', { contentType: 'text/plain' }, 415],
    ['no content type', { contentType: '' }, 415],
    ['a type with a charset', { contentType: 'application/json; charset=utf-8' }, 200],
    ['a body announced too large', { body: 'x'.repeat(3 * 1024 * 1024 + 1) }, 413],
    ['a body that grows too large', { body: 'x'.repeat(3 * 1024 * 1024 + 1), chunked: true }, 413],
    ['a body as large as it may be', { body: 'x'.repeat(3 * 1024 * 1024) }, 200],
    ['an unknown GET', { method: 'GET', path: '/etc/passwd' }, 404],
    ['a GET', { method: 'GET', path: '/livez?verbose' }, 200],
    ['another method', { method: 'PUT' }, 405],
    ['DELETE', { method: 'DELETE' }, 405],
  ])('%s', async (_, asked, status) => {
    const server = await start();
    // a server that hangs up while a body is still being sent may be seen as a reset, too
    const reply = await call(server, asked).catch((error: NodeJS.ErrnoException) => error.code);
    if (status === 413 && typeof reply === 'string') expect(['ECONNRESET', 'EPIPE']).toContain(reply);
    else expect(reply).toMatchObject({ status });
  });

  it('passes the query of a GET on, and the timeout of a call', async () => {
    const timeouts: (number | undefined)[] = [];
    const server = await start({
      handle: async ({ timeoutSeconds, path }) => {
        timeouts.push(timeoutSeconds);
        return { status: 200, body: JSON.stringify(path) };
      },
    });
    expect((await call(server, { method: 'GET', path: '/livez?verbose' })).body).toBe('verbose');
    const queries = [
      '?timeout=10s',
      '?timeout=1500ms',
      '?a=b&timeout=1m',
      '?timeout=-1s',
      '?timeout=99999s',
      '?timeouts=3s',
      '',
    ];
    for (const query of queries) {
      expect((await call(server, { path: `/mutate/fail${query}` })).body).toBe('"/mutate/fail"');
    }
    expect(timeouts).toEqual([10, 1.5, 60, undefined, undefined, undefined, undefined]);
  });

  it('a bug is an internal error that tells nothing, and is told to us', async () => {
    const errors: unknown[] = [];
    const failure = new Error('secret detail');
    const server = await start({ handle: () => Promise.reject(failure), onError: (error) => errors.push(error) });
    expect(await call(server)).toMatchObject({ status: 500, body: 'internal error\n' });
    expect(errors).toEqual([failure]);
  });

  it('refuses more reviews than it may work on, and takes new ones when some are done', async () => {
    const gate = Promise.withResolvers<void>();
    const server = await start({
      maxConcurrent: 2,
      handle: async () => {
        await gate.promise;
        return { status: 200, body: '{}' };
      },
    });
    const slow = [call(server), call(server)];
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect((await call(server)).status).toBe(503);
    expect((await call(server, { method: 'GET', path: '/livez' })).status).toBe(200);
    gate.resolve();
    expect((await Promise.all(slow)).map(({ status }) => status)).toEqual([200, 200]);
    expect((await call(server)).status).toBe(200);
  });

  it('refuses a review at once, before its body is sent, when it works on as many as it may', async () => {
    const gate = Promise.withResolvers<void>();
    const handle = async () => {
      await gate.promise;
      return { status: 200, body: '{}' };
    };
    const server = await start({ maxConcurrent: 1, handle });
    const waiting = call(server);
    await new Promise((resolve) => setTimeout(resolve, 50));
    const { socket, closed } = await dial(server);
    socket.write(`${HEAD}Content-Length: 100000\r\n\r\n{`);
    expect(await closed).toContain('503 Service Unavailable');
    gate.resolve();
    expect((await waiting).status).toBe(200);
  });

  it('refuses a review whose body came while others took all places', async () => {
    const gate = Promise.withResolvers<void>();
    const handled: string[] = [];
    const handle = async ({ body }: { readonly body: string }) => {
      handled.push(body);
      await gate.promise;
      return { status: 200, body: '{}' };
    };
    const server = await start({ maxConcurrent: 1, handle });
    const { socket, closed } = await dial(server);
    socket.write(`${HEAD}Content-Length: 2\r\nConnection: close\r\n\r\n{`);
    await new Promise((resolve) => setTimeout(resolve, 50));
    const waiting = call(server, { body: '[]' });
    await new Promise((resolve) => setTimeout(resolve, 50));
    socket.write('}');
    expect(await closed).toContain('503 Service Unavailable');
    expect(handled).toEqual(['[]']);
    gate.resolve();
    expect((await waiting).status).toBe(200);
  });

  it('closes connections whose headers do not come, long before whole requests must have', async () => {
    const server = await start({ headersTimeoutMs: 200, requestTimeoutMs: 60_000 });
    const { socket, closed } = await dial(server);
    socket.write('POST /validate/fail HTTP/1.1\r\nHost: x\r\n');
    expect(await closed).toContain('408');
  });

  it('bodies that come slowly take no place of a review', async () => {
    const server = await start({ maxConcurrent: 1 });
    const { socket, closed } = await dial(server);
    socket.write(`${HEAD}Content-Length: 2\r\n\r\n{`);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect((await call(server)).status).toBe(200);
    socket.write('}');
    socket.end();
    expect(await closed).toContain('200 OK');
  });

  it('reads no more bytes than it has room for, and has room again when some are answered', async () => {
    const gate = Promise.withResolvers<void>();
    const handle = async () => {
      await gate.promise;
      return { status: 200, body: '{}' };
    };
    const server = await start({ maxBodyBytes: 10_000, handle });
    const waiting = call(server, { body: 'x'.repeat(9_000) });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect((await call(server, { body: 'x'.repeat(9_000) })).status).toBe(503);
    gate.resolve();
    expect((await waiting).status).toBe(200);
    expect((await call(server, { body: 'x'.repeat(9_000) })).status).toBe(200);
  });

  it('a flood of connections closes those that say nothing, not one that is at work', async () => {
    const gate = Promise.withResolvers<void>();
    const handle = async () => {
      await gate.promise;
      return { status: 200, body: '{}' };
    };
    const server = await start({ maxConnections: 3, handle });
    const waiting = call(server);
    const flood = [await dial(server), await dial(server), await dial(server)];
    await flood[0]?.closed;
    const asked = call(server);
    await flood[1]?.closed;
    gate.resolve();
    expect([(await waiting).status, (await asked).status]).toEqual([200, 200]);
  });

  it('closes connections whose headers or bodies do not come', async () => {
    const server = await start({ headersTimeoutMs: 300, requestTimeoutMs: 600 });
    const [headers, body] = await Promise.all([dial(server), dial(server)]);
    headers.socket.write('POST /validate/fail HTTP/1.1\r\nHost: x\r\n');
    body.socket.write(
      'POST /validate/fail HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{',
    );
    const begun = Date.now();
    expect(await headers.closed).toContain('408');
    await body.closed;
    expect(Date.now() - begun).toBeLessThan(5_000);
    expect((await call(server)).status).toBe(200);
  });

  it('a caller that goes away aborts the work for it, and is no error', async () => {
    const aborted = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    const errors: unknown[] = [];
    const server = await start({
      onError: (error) => errors.push(error),
      handle: ({ signal }) =>
        new Promise((_, reject) => {
          const gone = signal();
          gone.addEventListener('abort', () => {
            aborted.resolve();
            reject(new Error('aborted'));
          });
          begun.resolve();
        }),
    });
    const caller = new AbortController();
    const reply = call(server, { signal: caller.signal }).catch((error: Error) => error.name);
    await begun.promise;
    caller.abort();
    expect(await reply).toBe('AbortError');
    await aborted.promise;
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(errors).toEqual([]);
  });

  it('a caller that goes away in the middle of a body leaves nothing behind', async () => {
    let handled = 0;
    const errors: unknown[] = [];
    const server = await start({
      maxConcurrent: 1,
      onError: (error) => errors.push(error),
      handle: async () => {
        handled += 1;
        return { status: 200, body: '{}' };
      },
    });
    const { socket } = await dial(server);
    socket.write(
      'POST /validate/fail HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{',
    );
    await new Promise((resolve) => setTimeout(resolve, 50));
    socket.destroy();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect((await call(server)).status).toBe(200);
    expect([handled, errors]).toEqual([1, []]);
  });

  it('serves another certificate without a restart; open connections go on', async () => {
    const server = await start();
    const { socket, closed } = await dial(server);
    const next = certificateFor('second');
    server.setCertificate(next);
    expect((await call(server, { ca: next.certificate })).status).toBe(200);
    await expect(call(server)).rejects.toThrow();
    socket.write(
      'POST /validate/fail HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}',
    );
    expect(await closed).toContain('200 OK');
  });

  it('survives broken handshakes and plain HTTP', async () => {
    const server = await start();
    await expect(fetch(`http://127.0.0.1:${server.port}/livez`)).rejects.toThrow();
    expect((await call(server)).status).toBe(200);
  });

  it('a stop lets running reviews end and takes no new ones', async () => {
    const gate = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    const server = await start({
      handle: async () => {
        begun.resolve();
        await gate.promise;
        return { status: 200, body: '{"last":true}' };
      },
    });
    const last = call(server);
    await begun.promise;
    const stopped = server.stop();
    await expect(call(server)).rejects.toThrow();
    gate.resolve();
    expect((await last).body).toBe('{"last":true}');
    await stopped;
  });

  it('a stop waits no longer than it is told to', async () => {
    const begun = Promise.withResolvers<void>();
    const server = await start({
      handle: () => {
        begun.resolve();
        return new Promise(() => {});
      },
    });
    const hanging = call(server).catch((error: NodeJS.ErrnoException) => error.code);
    await begun.promise;
    await server.stop(50);
    expect(await hanging).toBe('ECONNRESET');
  });
});
